use crate::Rule;

/// Documents one variable of a configuration, as [`Config::fields`](crate::Config::fields) lists them.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::Config;
///
/// #[derive(Config)]
/// struct Settings {
///     /// The port to listen on
///     #[config(default = 3000)]
///     port: u16,
///     auth_secret: String,
/// }
///
/// let fields = Settings::fields();
/// assert_eq!(fields[0].description, "The port to listen on");
/// assert_eq!(fields[0].default.as_deref(), Some("3000"));
/// assert_eq!((fields[1].name.as_str(), fields[1].required, fields[1].secret), ("AUTH_SECRET", true, true));
/// ```
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one variable"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldSpec {
    /// The variable, with every prefix.
    pub name: String,
    /// The field in Rust, with the fields it is nested in: `http.port`.
    pub path: String,
    /// The doc comment of the field.
    pub description: &'static str,
    /// The default as it would be written in the environment. Never that of a secret.
    pub default: Option<String>,
    /// Whether a load fails without it.
    pub required: bool,
    /// When it is required although it has a default or is optional, each as `NAME is value`.
    pub required_if: Vec<String>,
    /// Whether its value is kept out of every output: by type, by attribute or by name.
    pub secret: bool,
    /// Whether `NAME_FILE` may point to a file with the value.
    pub file: bool,
    /// Whether it takes several values, with commas between them.
    pub list: bool,
    /// The unit of a number without one.
    pub unit: Option<&'static str>,
    /// What the value must satisfy.
    pub rules: Vec<Rule>,
    /// Deprecated names that are still read.
    pub aliases: Vec<String>,
}
