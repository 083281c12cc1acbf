use std::fmt;

use crate::Limit;

/// A [`Rule`](crate::Rule) as data, for documents and tools.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RuleKind {
    /// The value is within limits; at least one is given.
    Range {
        /// The least value.
        min: Option<Limit>,
        /// The greatest value.
        max: Option<Limit>,
        /// The value is greater than this.
        above: Option<Limit>,
        /// The value is less than this.
        below: Option<Limit>,
    },
    /// A text has so many characters, a list so many elements; at least one limit is given.
    Length {
        /// At least so many.
        min: Option<u64>,
        /// At most so many.
        max: Option<u64>,
        /// Whether it counts the elements of a list; else it counts characters.
        elements: bool,
    },
    /// A URL.
    Url,
    /// An e-mail address.
    Email,
    /// An IP address; of any version if neither is said.
    Ip {
        /// Of version 4.
        v4: bool,
        /// Of version 6.
        v6: bool,
    },
    /// A part of the text matches a regular expression in the syntax of the `regex` crate.
    Regex(String),
    /// The text contains another.
    Contains(String),
    /// The text does not contain another.
    DoesNotContain(String),
    /// No character is a control character.
    NonControlCharacter,
    /// The value is that of another variable, given here.
    MustMatch(String),
    /// A URL with one of these schemes and a host.
    Scheme(Vec<String>),
    /// The number of a payment card, by its length and check digit.
    CreditCard,
    /// The type of the value has checks of its own.
    Nested,
    /// A text that holds so many bits of randomness, as [`groundcrew_base::estimated_bits`] judges.
    MinEntropy(u32),
    /// The variable is set.
    Required,
    /// A function decides.
    Custom,
}

/// For generated code.
#[doc(hidden)]
impl RuleKind {
    /// Takes the limits as the derive writes them.
    #[must_use]
    pub fn range(
        min: Option<String>,
        max: Option<String>,
        above: Option<String>,
        below: Option<String>,
    ) -> Self {
        let [min, max, above, below] = [min, max, above, below].map(|text| text.map(Limit::read));
        Self::Range {
            min,
            max,
            above,
            below,
        }
    }

    #[must_use]
    pub fn length(min: Option<String>, max: Option<String>, equal: Option<String>, elements: bool) -> Self {
        let [min, max, equal] = [min, max, equal].map(|text| text?.parse().ok());
        Self::Length {
            min: equal.or(min),
            max: equal.or(max),
            elements,
        }
    }
}

/// The sentence that follows the name of the variable.
impl fmt::Display for RuleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range {
                min,
                max,
                above,
                below,
            } => range(f, [min, max, above, below]),
            Self::Length { min, max, elements } => length(f, *min, *max, *elements),
            Self::Url => f.write_str("must be a URL such as https://host/path"),
            Self::Email => f.write_str("must be an e-mail address"),
            Self::Ip { v4: true, v6: false } => f.write_str("must be an IPv4 address"),
            Self::Ip { v4: false, v6: true } => f.write_str("must be an IPv6 address"),
            Self::Ip { .. } => f.write_str("must be an IP address"),
            Self::Regex(pattern) => write!(f, "must match {pattern}"),
            Self::Contains(needle) => write!(f, "must contain {needle:?}"),
            Self::DoesNotContain(needle) => write!(f, "must not contain {needle:?}"),
            Self::NonControlCharacter => f.write_str("must not contain control characters"),
            Self::MustMatch(other) => write!(f, "must equal {other}"),
            Self::Scheme(schemes) => {
                let starts: Vec<String> = schemes.iter().map(|scheme| format!("{scheme}://")).collect();
                write!(f, "must start with {} and name a host", starts.join(" or "))
            }
            Self::CreditCard => f.write_str("must be the number of a payment card"),
            Self::Nested => f.write_str("must pass the checks of its type"),
            Self::MinEntropy(bits) => write!(
                f,
                "must be harder to guess: {bits} bits of randomness, such as {} random hexadecimal digits",
                bits.div_ceil(4),
            ),
            Self::Required => f.write_str("must be set"),
            Self::Custom => f.write_str("must pass a check of its own"),
        }
    }
}

fn range(f: &mut fmt::Formatter<'_>, limits: [&Option<Limit>; 4]) -> fmt::Result {
    let [min, max, above, below] = limits;
    let mut parts = Vec::new();
    match (min, max) {
        (Some(min), Some(max)) if min == max => parts.push(min.to_string()),
        (Some(min), Some(max)) => parts.push(format!("between {min} and {max}")),
        (Some(min), None) => parts.push(format!("at least {min}")),
        (None, Some(max)) => parts.push(format!("at most {max}")),
        (None, None) => {}
    }
    parts.extend(above.as_ref().map(|above| format!("greater than {above}")));
    parts.extend(below.as_ref().map(|below| format!("less than {below}")));
    write!(f, "must be {}", parts.join(" and "))
}

fn length(f: &mut fmt::Formatter<'_>, min: Option<u64>, max: Option<u64>, elements: bool) -> fmt::Result {
    let noun = if elements { "element" } else { "character" };
    let counted = |count: u64| match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
    match (min, max) {
        (Some(min), Some(max)) if min == max => write!(f, "must have exactly {}", counted(min)),
        (Some(min), Some(max)) => write!(f, "must have between {min} and {}", counted(max)),
        (Some(1), None) => f.write_str("must not be empty"),
        (Some(min), None) => write!(f, "must have at least {}", counted(min)),
        (None, Some(max)) => write!(f, "must have at most {}", counted(max)),
        (None, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_leave_one_choice_name_it() {
        let range = |min, max| RuleKind::Range {
            min: Some(Limit::Integer(min)),
            max: Some(Limit::Integer(max)),
            above: None,
            below: None,
        };
        let length = |min, max| RuleKind::Length {
            min: Some(min),
            max: Some(max),
            elements: false,
        };

        assert_eq!(range(5, 5).to_string(), "must be 5");
        assert_eq!(range(5, 6).to_string(), "must be between 5 and 6");
        assert_eq!(length(30, 30).to_string(), "must have exactly 30 characters");
        assert_eq!(length(1, 1).to_string(), "must have exactly 1 character");
        assert_eq!(length(1, 2).to_string(), "must have between 1 and 2 characters");
    }
}
