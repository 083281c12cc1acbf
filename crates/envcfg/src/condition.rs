use std::fmt;

use crate::Leaf;

/// Says when a field becomes required: because another variable is set, or has a certain value.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    pub(crate) variable: &'static str,
    pub(crate) equals: Option<&'static str>,
    /// The variable is a field of the same struct: outer prefixes stand before its names too.
    pub(crate) own: bool,
    pub(crate) other_names: &'static [&'static str],
    pub(crate) default: Assumed,
}

/// The value of a variable that is not set.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "built by generated code")]
pub enum Assumed {
    /// Not known before the program runs.
    Unknown,
    Nothing,
    Text(&'static str),
}

impl Condition {
    #[must_use]
    pub const fn set(variable: &'static str) -> Self {
        Self {
            variable,
            equals: None,
            own: false,
            other_names: &[],
            default: Assumed::Unknown,
        }
    }

    #[must_use]
    pub const fn equals(variable: &'static str, value: &'static str) -> Self {
        let mut condition = Self::set(variable);
        condition.equals = Some(value);
        condition
    }

    /// Says that the variable belongs to the same struct, by which other names it is read and what holds
    /// when it is not set.
    #[must_use]
    pub const fn own(mut self, other_names: &'static [&'static str], default: Assumed) -> Self {
        self.own = true;
        self.other_names = other_names;
        self.default = default;
        self
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
