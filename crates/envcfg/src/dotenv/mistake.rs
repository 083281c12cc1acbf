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
    ReferenceRefused(String),
    Expansion,
}

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
            Self::ReferenceRefused(message) => {
                return write!(f, "the variable that is referred to here is not set: {message}");
            }
            Self::Expansion => "the references become too long",
        })
    }
}
