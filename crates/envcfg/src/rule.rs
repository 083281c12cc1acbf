use crate::{Limit, RuleKind};

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

/// Constructors for generated code, which runs them only for documents and for rules that are broken.
#[doc(hidden)]
impl Rule {
    #[must_use]
    pub fn new(kind: RuleKind) -> Self {
        Self {
            name: kind.name(),
            text: kind.to_string(),
            each: false,
            kind,
        }
    }

    #[must_use]
    pub fn range(
        min: Option<String>,
        max: Option<String>,
        above: Option<String>,
        below: Option<String>,
    ) -> Self {
        let [min, max, above, below] = [min, max, above, below].map(|text| text.map(Limit::read));
        Self::new(RuleKind::Range {
            min,
            max,
            above,
            below,
        })
    }

    #[must_use]
    pub fn length(min: Option<String>, max: Option<String>, equal: Option<String>, elements: bool) -> Self {
        let [min, max, equal] = [min, max, equal].map(|text| text?.parse().ok());
        Self::new(RuleKind::Length {
            min: equal.or(min),
            max: equal.or(max),
            elements,
        })
    }

    #[must_use]
    pub fn url() -> Self {
        Self::new(RuleKind::Url)
    }

    #[must_use]
    pub fn email() -> Self {
        Self::new(RuleKind::Email)
    }

    #[must_use]
    pub fn ip(v4: bool, v6: bool) -> Self {
        Self::new(RuleKind::Ip { v4, v6 })
    }

    #[must_use]
    pub fn regex(pattern: &str) -> Self {
        Self::new(RuleKind::Regex(pattern.to_owned()))
    }

    #[must_use]
    pub fn contains(needle: &str) -> Self {
        Self::new(RuleKind::Contains(needle.to_owned()))
    }

    #[must_use]
    pub fn does_not_contain(needle: &str) -> Self {
        Self::new(RuleKind::DoesNotContain(needle.to_owned()))
    }

    #[must_use]
    pub fn non_control_character() -> Self {
        Self::new(RuleKind::NonControlCharacter)
    }

    #[must_use]
    pub fn must_match(variable: &str) -> Self {
        Self::new(RuleKind::MustMatch(variable.to_owned()))
    }

    #[must_use]
    pub fn scheme(schemes: &[&str]) -> Self {
        Self::new(RuleKind::Scheme(
            schemes.iter().copied().map(str::to_owned).collect(),
        ))
    }

    #[must_use]
    pub fn credit_card() -> Self {
        Self::new(RuleKind::CreditCard)
    }

    #[must_use]
    pub fn nested() -> Self {
        Self::new(RuleKind::Nested)
    }

    #[must_use]
    pub fn min_entropy(bits: u32) -> Self {
        Self::new(RuleKind::MinEntropy(bits))
    }

    #[must_use]
    pub fn required() -> Self {
        Self::new(RuleKind::Required)
    }

    #[must_use]
    pub fn custom() -> Self {
        Self::new(RuleKind::Custom)
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
