use std::fmt;

use crate::Leaf;

/// Says when a field becomes required: because another variable is set, or has a certain value.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    pub(crate) variable: &'static str,
    pub(crate) equals: Option<&'static str>,
}

impl Condition {
    #[must_use]
    pub const fn set(variable: &'static str) -> Self {
        Self {
            variable,
            equals: None,
        }
    }

    #[must_use]
    pub const fn equals(variable: &'static str, value: &'static str) -> Self {
        Self {
            variable,
            equals: Some(value),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.equals {
            Some(value) => write!(f, "{} is {value}", self.variable),
            None => write!(f, "{} is set", self.variable),
        }
    }
}

/// Whether a variable with this text has the value `wanted`: upper or lower case alike, and `1` is `true`.
pub(crate) fn same(text: &str, wanted: &str) -> bool {
    let flag = |text| Leaf { text, unit: None }.boolean().ok();
    text.trim().eq_ignore_ascii_case(wanted) || (flag(wanted).is_some() && flag(text) == flag(wanted))
}
