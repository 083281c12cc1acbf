use std::fmt;

/// What is wrong with a dotenv file at one place.
///
/// No kind holds text of the file, because any may be a secret, except the message that an author wrote to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    Name,
    Equals,
    Unclosed,
    AfterQuote,
    NotUnicode,
    Nul,
    ReferenceName,
    ReferenceForm,
    ReferenceOpen,
    ReferenceNested,
    ReferenceUnset,
    ReferenceNotUnicode,
    ReferenceRefused(Refusal),
    Expansion,
}

/// A reference to a variable that must be set and is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The variable that is referred to.
    pub(super) variable: String,
    /// What the author says, unless it may be a secret that was meant as a default.
    pub(super) words: Option<String>,
}

/// What a report says in the place of the author's words.
pub(crate) const WITHHELD: &str = "the variable that is referred to here is not set; the message after :? is withheld, \
    because the variable is a secret (a default needs :-)";

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "expected the name of a variable: a letter or _, then letters, digits, _, - and .",
            Self::Equals => "expected = after the name",
            Self::Unclosed => "the quote that starts here is not closed",
            Self::AfterQuote => {
                "expected the end of the line after the closing quote, or a comment with a space before its #"
            }
            Self::NotUnicode => "expected text in Unicode (UTF-8)",
            Self::Nul => "a value cannot hold a NUL byte",
            Self::ReferenceName => "expected the name of a variable after ${ (write a $ that is one as \\$)",
            Self::ReferenceForm => "expected }, :- with a default or :? with a message after the name",
            Self::ReferenceOpen => "the reference is not closed with }",
            Self::ReferenceNested => "a reference cannot stand inside another",
            Self::ReferenceUnset => {
                "the variable that is referred to here is neither set above nor has a default (:-)"
            }
            Self::ReferenceNotUnicode => "the variable that is referred to here is not Unicode (UTF-8)",
            Self::ReferenceRefused(Refusal {
                words: Some(words), ..
            }) => {
                return write!(f, "the variable that is referred to here is not set: {words}");
            }
            Self::ReferenceRefused(Refusal { words: None, .. }) => WITHHELD,
            Self::Expansion => "the references become too long",
        })
    }
}
