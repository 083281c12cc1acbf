/// What a value must satisfy, for documentation and for reports.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::Config;
///
/// #[derive(Config)]
/// struct Settings {
///     #[config(range(min = 1000, max = 65535))]
///     port: u16,
/// }
///
/// let [port] = Settings::fields().try_into().map_err(|_| "one field")?;
/// assert_eq!(port.rules[0].text(), "must be between 1000 and 65535");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    name: &'static str,
    text: String,
    each: bool,
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

    #[doc(hidden)]
    pub fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            text: text.into(),
            each: false,
        }
    }

    #[doc(hidden)]
    #[must_use]
    pub fn range(
        min: Option<String>,
        max: Option<String>,
        above: Option<String>,
        below: Option<String>,
    ) -> Self {
        let mut parts = Vec::new();
        match (min, max) {
            (Some(min), Some(max)) => parts.push(format!("between {min} and {max}")),
            (Some(min), None) => parts.push(format!("at least {min}")),
            (None, Some(max)) => parts.push(format!("at most {max}")),
            (None, None) => {}
        }
        parts.extend(above.map(|above| format!("greater than {above}")));
        parts.extend(below.map(|below| format!("less than {below}")));
        Self::new("range", format!("must be {}", parts.join(" and ")))
    }

    #[doc(hidden)]
    #[must_use]
    pub fn length(min: Option<String>, max: Option<String>, equal: Option<String>, of: &str) -> Self {
        let text = match (min, max, equal) {
            (_, _, Some(equal)) => format!("must have exactly {equal} {of}"),
            (Some(min), Some(max), _) => format!("must have between {min} and {max} {of}"),
            (Some(min), None, _) if min == "1" => String::from("must not be empty"),
            (Some(min), None, _) => format!("must have at least {min} {of}"),
            (None, Some(max), _) => format!("must have at most {max} {of}"),
            (None, None, None) => String::new(),
        };
        Self::new("length", text)
    }

    /// Replaces the sentence by the author's own.
    #[doc(hidden)]
    #[must_use]
    pub fn message(mut self, text: &str) -> Self {
        self.text = text.to_owned();
        self
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn code(mut self, code: &'static str) -> Self {
        self.name = code;
        self
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn for_each(mut self) -> Self {
        self.each = true;
        self
    }
}
