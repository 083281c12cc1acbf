use std::borrow::Cow;

use groundcrew_base::redact;

use crate::{Field, Loader, Problem, ProblemKind};

/// Takes the problems that a check over several fields finds.
///
/// A struct names its checks with `#[config(check = path)]`; they run after its fields, if all of those
/// are right. In a struct with `#[config(default)]` they run in any case: a field that is wrong then stands
/// at its default, and what a check says about it is left out, because it was reported already. A check that
/// compares fields therefore names all of them with [`Checks::add_between`].
///
/// `#[config(check(path, port, ws_port))]` calls `path(port, ws_port, checks)` as soon as these fields are
/// right, whatever is wrong elsewhere: numbers and flags by value, everything else by reference.
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
    known: &'l [(&'static str, bool)],
}

impl<'l, 's> Checks<'l, 's> {
    pub(crate) const fn new(
        loader: &'l mut Loader<'s>,
        fields: &'static [Field],
        known: &'l [(&'static str, bool)],
    ) -> Self {
        Self {
            loader,
            fields,
            known,
        }
    }

    /// Adds a problem of `field`, given by its name in Rust; the report shows its variable.
    ///
    /// The message follows the variable and says what would be right. Values of secrets and credentials in
    /// URLs are taken out of it.
    pub fn add(&mut self, field: &str, message: impl Into<Cow<'static, str>>) {
        self.add_between(&[field], message);
    }

    /// Adds a problem that lies between several fields; the report shows it at the first.
    ///
    /// # Examples
    /// ```
    /// use groundcrew_envcfg::{Checks, Config, Vars};
    ///
    /// #[derive(Debug, Config)]
    /// #[config(default, check = Self::lines_fit)]
    /// struct Queue {
    ///     queue_size: u64,
    ///     max_line: u64,
    /// }
    ///
    /// impl Default for Queue {
    ///     fn default() -> Self {
    ///         Self { queue_size: 1000, max_line: 100 }
    ///     }
    /// }
    ///
    /// impl Queue {
    ///     fn lines_fit(&self, checks: &mut Checks<'_, '_>) {
    ///         if self.queue_size < self.max_line {
    ///             checks.add_between(&["queue_size", "max_line"], "must be at least MAX_LINE");
    ///         }
    ///     }
    /// }
    ///
    /// let found = |vars: Vars| Queue::from_source(&vars).map_or_else(|report| report.len(), |_| 0);
    /// assert_eq!(found(Vars::from([("QUEUE_SIZE", "10")])), 1);
    /// // Whether 10 is enough cannot be known, and so there is one problem, not two.
    /// assert_eq!(found(Vars::from([("QUEUE_SIZE", "10"), ("MAX_LINE", "many")])), 1);
    /// ```
    pub fn add_between(&mut self, fields: &[&str], message: impl Into<Cow<'static, str>>) {
        let is_wrong = |field: &&str| self.known.iter().any(|(name, right)| name == field && !right);
        let Some(field) = fields.first().filter(|_| !fields.iter().any(is_wrong)) else {
            return;
        };
        self.add_at(field, &message.into());
    }

    fn add_at(&mut self, field: &str, message: &str) {
        let known = self.fields.iter().find(|known| known.path == field);
        let variable = match known {
            Some(known) => self.loader.variable(known.name).into_owned(),
            None => field.to_owned(),
        };
        let problem = Problem::new(ProblemKind::Check, variable, redact(message));
        match known {
            Some(known) => self.loader.push(known, problem),
            None => self.loader.problems.push(problem),
        }
    }

    /// Adds a problem of no field in particular; left out if any field is wrong.
    pub fn add_overall(&mut self, message: impl Into<Cow<'static, str>>) {
        let message = message.into();
        if self.known.iter().any(|(_, right)| !right) {
            return;
        }
        let mut problem = Problem::new(ProblemKind::Check, String::new(), redact(&message));
        problem.variable = None;
        problem.path = self.loader.path.trim_end_matches('.').to_owned();
        self.loader.problems.push(problem);
    }
}
