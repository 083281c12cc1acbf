use crate::RuleKind;

/// What a value must satisfy, for documentation and for reports.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, Limit, RuleKind};
///
/// #[derive(Config)]
/// struct Settings {
///     #[config(range(min = 1000, max = 65535))]
///     port: u16,
/// }
///
/// let [port] = Settings::fields().try_into().map_err(|_| "one field")?;
/// assert_eq!(port.rules[0].text(), "must be between 1000 and 65535");
/// let RuleKind::Range { min, .. } = port.rules[0].kind() else { return Err("a range") };
/// assert_eq!(*min, Some(Limit::Integer(1000)));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    name: &'static str,
    text: String,
    each: bool,
    kind: RuleKind,
}

impl Rule {
    /// The name in the vocabulary of the `validator` crate (`range`, `length`, ...) or the code that the
    /// rule was given.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The rule as a sentence that follows the name of the variable.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds for each element of a list instead of the whole.
    #[must_use]
    pub const fn each(&self) -> bool {
        self.each
    }

    /// The rule as data.
    #[must_use]
    pub const fn kind(&self) -> &RuleKind {
        &self.kind
    }
}

/// For generated code, which runs it only for documents and for rules that are broken.
#[doc(hidden)]
impl Rule {
    #[must_use]
    pub fn new(name: &'static str, kind: RuleKind) -> Self {
        Self {
            name,
            text: kind.to_string(),
            each: false,
            kind,
        }
    }

    /// Replaces the sentence by the author's own.
    #[must_use]
    pub fn message(mut self, text: &str) -> Self {
        self.text = text.to_owned();
        self
    }

    #[must_use]
    pub const fn code(mut self, code: &'static str) -> Self {
        self.name = code;
        self
    }

    #[must_use]
    pub const fn for_each(mut self) -> Self {
        self.each = true;
        self
    }
}
