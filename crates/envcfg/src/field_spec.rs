use std::fmt;

use crate::{OldName, Rule, ValueType, withheld::Withheld};

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
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FieldSpec {
    /// The variable, with every prefix.
    pub name: String,
    /// The field in Rust, with the fields it is nested in: `http.port`.
    pub path: String,
    /// The doc comment of the field.
    pub description: &'static str,
    /// The default as it would be written in the environment, with `***` in the place of a password. Never that of
    /// a secret.
    pub default: Option<String>,
    /// Whether [`default`](Self::default) has `***` in the place of a password, so that it is no value to set.
    pub default_is_masked: bool,
    /// The defaults that only some profiles have: the profile and the default, as it would be written. That of a
    /// secret is `***`.
    pub profile_defaults: Vec<(&'static str, String)>,
    /// Whether a load fails without it, except in a profile that has a default for it.
    pub required: bool,
    /// When it is required although it has a default or is optional; any of these suffices.
    pub required_if: Vec<RequiredIf>,
    /// The variables of the optional group it is in, of which one must be set for any to be read; empty if it
    /// is in none.
    pub group: Vec<String>,
    /// Whether its value is kept out of every output: by type, by attribute or by name.
    pub secret: bool,
    /// Whether `NAME_FILE` may point to a file with the value.
    pub file: bool,
    /// What its text is read as.
    pub value_type: ValueType,
    /// Whether it takes several values, with commas between them.
    pub list: bool,
    /// The unit of a number without one.
    pub unit: Option<&'static str>,
    /// What the value must satisfy.
    pub rules: Vec<Rule>,
    /// Why nobody should set it any more, if so.
    pub deprecated: Option<&'static str>,
    /// Deprecated names that are still read.
    pub aliases: Vec<OldName>,
    pub(crate) withheld: Withheld,
    /// Whether its value is the profile.
    pub(crate) profile: bool,
}

/// Says when a variable is required that need not be set otherwise.
///
/// `Display` shows it as the end of a sentence: `EMAIL_PROVIDER is ses`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequiredIf {
    /// Another variable is set.
    Set {
        /// The other variable.
        variable: String,
    },
    /// Another variable has a certain value, upper or lower case alike, and `1` is `true`. If the variable is the
    /// profile, is an enum or is read by no field, `prod` is `production` too, `stage` `staging` and `dev` `development`.
    Equals {
        /// The other variable.
        variable: String,
        /// Its value.
        value: String,
    },
    /// Another variable of [`FieldSpec::group`] is set.
    Group,
}

impl fmt::Display for RequiredIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { variable } => write!(f, "{variable} is set"),
            Self::Equals { variable, value } => write!(f, "{variable} is {value}"),
            Self::Group => f.write_str("another of its group is set"),
        }
    }
}

impl FieldSpec {
    /// What another struct takes for a secret is one here too, as far as reports go.
    #[cfg(feature = "preflight")]
    pub(crate) fn join_secrecy(&mut self, other: Self) {
        self.secret |= other.secret;
        self.withheld.join(other.withheld);
    }

    /// Every variable that can give the value: its name, its deprecated names and `NAME_FILE`.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        let file = self.file.then(|| format!("{}_FILE", self.name));
        self.value_names().map(str::to_owned).chain(file)
    }

    /// Every variable whose text is the value: its name and its deprecated names.
    pub(crate) fn value_names(&self) -> impl Iterator<Item = &str> {
        let old = self.aliases.iter().map(|alias| alias.name.as_str());
        [self.name.as_str()].into_iter().chain(old)
    }

    /// The default where it can be set as a value: not if a part of it is hidden.
    pub(crate) fn default_value(&self) -> Option<&str> {
        self.default.as_deref().filter(|_| !self.default_is_masked)
    }

    /// Whether a load fails without it, whatever the profile.
    pub(crate) const fn must_be_set(&self) -> bool {
        self.required && self.profile_defaults.is_empty()
    }
}
