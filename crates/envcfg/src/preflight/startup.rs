use std::{fmt, marker::PhantomData};

use super::{Findings, Preflight, ServiceCheck, gathering::Gathering, pass::Pass, planned::Planned};
use crate::{
    Config, EnvSource, Loaded, Problem, Report, Warning,
    finish::{self, Read},
    remembered,
    scrub::{About, Secrets},
    secret_files::SecretFiles,
    wrong_lines::WrongLines,
};

/// Loads a configuration, asks the services it names, and reports everything that is wrong in either.
///
/// Each service is declared with what builds its check from the configuration, or from a part of it that is a
/// [`Config`] of its own and has the variables of that service. While such a part is valid its service is asked
/// even if another variable is wrong, so that one start tells everything; a service whose part is not valid is
/// named as not checked. So is one whose variables a wrong line of a dotenv file may be about: what it was meant to
/// say is not known.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{
///     Config, Vars,
///     preflight::{ServiceCheck, Startup, Verdict},
/// };
///
/// #[derive(Debug, Config)]
/// struct Settings {
///     port: u16,
///     #[config(nested)]
///     search: Search,
/// }
///
/// #[derive(Debug, Config)]
/// struct Search {
///     search_url: String,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let startup = Startup::<Settings>::new()
///     .service("search", |search: &Search| {
///         let url = search.search_url.clone();
///         let check = move || { let url = url.clone(); async move { Verdict::unhealthy(format!("no index at {url}")) } };
///         ServiceCheck::new(check).variable("SEARCH_URL").once()
///     });
///
/// let vars = Vars::from([("PORT", "80x"), ("SEARCH_URL", "http://search")]);
/// let report = startup.run(&vars).await.expect_err("two mistakes");
/// let codes: Vec<_> = report.iter().map(|problem| problem.code()).collect();
/// assert_eq!(codes, ["unreadable", "service.search"]);
/// # }
/// ```
#[must_use = "nothing happens until it is run"]
pub struct Startup<C> {
    services: Vec<Planned>,
    config: PhantomData<fn() -> C>,
}

impl<C: Config> Startup<C> {
    /// No service yet.
    pub const fn new() -> Self {
        Self {
            services: Vec::new(),
            config: PhantomData,
        }
    }

    /// Adds a service whose check is built from `P`: the configuration itself or a part of it.
    ///
    /// The check is built from the very value that the load of the whole makes. Where the whole has several parts of
    /// this type, the service is asked for each of them, and the path of the part stands behind its name:
    /// `database.replica`; [`service_at`](Self::service_at) means one of them. A part of a group that is absent is not
    /// asked. A `P` that is no part of the whole is loaded from the same source by itself, without a prefix.
    /// A variable or a file that both read is read once.
    ///
    /// `build` runs during the load.
    ///
    /// # Examples
    /// Two databases, each with a check that names its own variable:
    /// ```
    /// use groundcrew_envcfg::{
    ///     Config, Vars,
    ///     preflight::{ServiceCheck, Startup, Verdict},
    /// };
    ///
    /// #[derive(Debug, Config)]
    /// struct Settings {
    ///     #[config(nested, prefix = "ORDERS_")]
    ///     orders: Database,
    ///     #[config(nested, prefix = "STOCK_")]
    ///     stock: Database,
    /// }
    ///
    /// #[derive(Debug, Config)]
    /// struct Database {
    ///     url: String,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let startup = Startup::<Settings>::new().service("database", |database: &Database| {
    ///     let is_up = database.url == "postgres://orders";
    ///     let check = move || async move {
    ///         if is_up { Verdict::healthy() } else { Verdict::unhealthy("no route") }
    ///     };
    ///     ServiceCheck::new(check).field("url").once()
    /// });
    ///
    /// let vars = Vars::from([("ORDERS_URL", "postgres://orders"), ("STOCK_URL", "postgres://stock")]);
    /// let report = startup.run(&vars).await.expect_err("one of them is down");
    /// assert_eq!(report.len(), 1);
    /// assert_eq!(report.problems()[0].code(), "service.database.stock");
    /// assert_eq!(report.problems()[0].variable(), Some("STOCK_URL"));
    /// # }
    /// ```
    pub fn service<P: Config, S: Into<ServiceCheck>>(
        self,
        name: impl Into<String>,
        mut build: impl FnMut(&P) -> S + Send + 'static,
    ) -> Self {
        self.service_if(name, move |part: &P| Some(build(part)))
    }

    /// Adds a service that is only asked if `build` gives a check: when its key is set, for example. Otherwise as
    /// [`service`](Self::service).
    pub fn service_if<P: Config, S: Into<ServiceCheck>>(
        self,
        name: impl Into<String>,
        build: impl FnMut(&P) -> Option<S> + Send + 'static,
    ) -> Self {
        self.planned(Planned::new(name.into(), None, build))
    }

    /// Adds a service whose check is built from the `P` that stands at `path` in the whole, which is the names of the
    /// fields it is nested in with dots between: `storage.replica`. Otherwise as [`service`](Self::service).
    ///
    /// A path at which the whole has no `P` is a problem of every report.
    pub fn service_at<P: Config, S: Into<ServiceCheck>>(
        self,
        name: impl Into<String>,
        path: impl Into<String>,
        mut build: impl FnMut(&P) -> S + Send + 'static,
    ) -> Self {
        let build = move |part: &P| Some(build(part));
        self.planned(Planned::new(name.into(), Some(path.into()), build))
    }

    /// Loads the configuration from `source`, asks every service at the same time, and waits for all of them, at
    /// most for the longest deadline.
    ///
    /// Warnings of services stand with those of the load in [`Loaded::warnings`].
    ///
    /// # Errors
    /// One [`Report`]: the problems of the configuration first, then the services in the order in which they were
    /// added.
    ///
    /// # Cancel safety
    /// Dropping the future drops every check that still runs.
    pub async fn run(self, source: &impl EnvSource) -> Result<Loaded<C>, Report> {
        let (found, preflight) = Found::load(self.services, source);
        let services = preflight.findings().await;
        found.into_result(services)
    }

    fn planned(mut self, service: Planned) -> Self {
        self.services.push(service);
        self
    }
}

impl<C: Config> Default for Startup<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> fmt::Debug for Startup<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.services.iter().map(|service| &service.name).collect();
        f.debug_struct("Startup").field("services", &names).finish()
    }
}

/// What the loads gave.
struct Found<C> {
    /// Present if it is right.
    config: Option<C>,
    pass: Pass,
    not_checked: Vec<Warning>,
    /// Of everything that was read, whether or not it is part of the whole: when a service answers, a file may have
    /// another one.
    secrets: Secrets,
}

impl<C: Config> Found<C> {
    fn load(services: Vec<Planned>, source: &dyn EnvSource) -> (Self, Preflight) {
        let (source, files) = (remembered::at_once(source, &C::NAMES), SecretFiles::default());
        let problems = source.problems();
        let wrong = WrongLines::new(&*source, &problems);
        let read: Read<'_> = match problems.is_empty() {
            true => (&*source, &files),
            false => (&wrong, &files),
        };
        let gathering = Gathering::new::<C>(services, &problems);
        let (config, mut pass, gathering) = Pass::whole::<C>(read, gathering);
        let (others, more, gathering) = gathering.load_others(read);
        pass.join(others);
        let (preflight, not_checked) = gathering.finish(&mut pass);
        let mut fields = C::fields();
        for spec in more {
            match fields.iter_mut().find(|known| known.name == spec.name) {
                Some(known) => known.join_secrecy(spec),
                None => fields.push(spec),
            }
        }
        if !pass.problems.is_empty() {
            finish::complete(&mut pass.problems, &mut pass.warnings, &fields, read);
        }
        let found = Self {
            config,
            secrets: finish::secrets(&fields, &pass.problems, read),
            pass,
            not_checked,
        };
        (found, preflight)
    }

    fn into_result(self, services: Findings) -> Result<Loaded<C>, Report> {
        let Self { config, mut pass, .. } = self;
        let (mut problems, mut warnings) = (services.problems, services.warnings);
        scrub(&mut problems, &mut warnings, &self.secrets);
        pass.problems.append(&mut problems);
        pass.warnings.extend(self.not_checked);
        pass.warnings.append(&mut warnings);
        match config {
            Some(config) if pass.problems.is_empty() => Ok(pass.into_loaded(config)),
            _ => Err(Report::new(pass.problems, pass.warnings)),
        }
    }
}

/// A check may quote what a service said, and a service what it was sent.
fn scrub(problems: &mut [Problem], warnings: &mut [Warning], secrets: &Secrets) {
    let services = warnings.iter_mut().filter_map(|warning| match warning {
        Warning::Service { message, .. } => Some(message),
        _ => None,
    });
    let messages = problems.iter_mut().map(|problem| &mut problem.message);
    for message in messages.chain(services) {
        *message = secrets.clean(message, About::Anything).into_owned();
    }
}
