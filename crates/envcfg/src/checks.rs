use std::borrow::Cow;

use groundcrew_base::redact;

use crate::{Field, Loader, Problem, ProblemKind};

/// Takes the problems that a check over several fields finds.
///
/// A struct names its checks with `#[config(check = path)]`; they run after its fields, if all of those
/// are right.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Checks, Config, Vars};
///
/// #[derive(Debug, Config)]
/// #[config(check = Self::ports_differ)]
/// struct Settings {
///     port: u16,
///     ws_port: u16,
/// }
///
/// impl Settings {
///     fn ports_differ(&self, checks: &mut Checks<'_, '_>) {
///         if self.port == self.ws_port {
///             checks.add("ws_port", "must not be the same as PORT");
///         }
///     }
/// }
///
/// let report = Settings::from_source(&Vars::from([("PORT", "80"), ("WS_PORT", "80")])).expect_err("same");
/// assert_eq!(
///     report.to_string(),
///     "configuration is invalid: 1 problem\n  WS_PORT: must not be the same as PORT",
/// );
/// ```
#[derive(Debug)]
pub struct Checks<'l, 's> {
    loader: &'l mut Loader<'s>,
    fields: &'static [Field],
}

impl<'l, 's> Checks<'l, 's> {
    pub(crate) const fn new(loader: &'l mut Loader<'s>, fields: &'static [Field]) -> Self {
        Self { loader, fields }
    }

    /// Adds a problem of `field`, given by its name in Rust; the report shows its variable.
    ///
    /// The message follows the variable and says what would be right. Values of secrets and credentials in
    /// URLs are taken out of it.
    pub fn add(&mut self, field: &str, message: impl Into<Cow<'static, str>>) {
        let message = message.into();
        let known = self.fields.iter().find(|known| known.path == field);
        let variable = match known {
            Some(known) => self.loader.variable(known.name).into_owned(),
            None => field.to_owned(),
        };
        let problem = Problem::new(ProblemKind::Check, variable, redact(&message));
        match known {
            Some(known) => self.loader.push(known, problem),
            None => self.loader.problems.push(problem),
        }
    }

    /// Adds a problem of no field in particular.
    pub fn add_overall(&mut self, message: impl Into<Cow<'static, str>>) {
        let message = message.into();
        let mut problem = Problem::new(ProblemKind::Check, String::new(), redact(&message));
        problem.variable = None;
        self.loader.problems.push(problem);
    }
}
