use std::{fmt, marker::PhantomData};

use super::{Preflight, ServiceCheck, place::Place};
use crate::{
    Config, EnvSource, FieldSpec, Loaded, Problem, Report, Warning, finish,
    scrub::{About, Secrets},
};

/// Loads a configuration, asks the services it names, and reports everything that is wrong in either.
///
/// Each service is declared with what builds its check from the configuration, or from a part of it that is a
/// [`Config`] of its own and has the variables of that service. While such a part is valid its service is asked
/// even if another variable is wrong, so that one start tells everything; a service whose part is not valid is
/// named as not checked.
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

/// A service whose check waits for its configuration.
struct Planned {
    name: String,
    build: Build,
    fields: fn() -> Vec<FieldSpec>,
}

type Build = Box<dyn FnOnce(&dyn EnvSource) -> Result<Option<ServiceCheck>, Report> + Send>;

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
    /// A nested part is read with the prefix that it has there; where it is nested twice, the first is meant. A
    /// service whose part is an optional group that is absent is not asked.
    pub fn service<P: Config, S: Into<ServiceCheck>>(
        self,
        name: impl Into<String>,
        build: impl FnOnce(&P) -> S + Send + 'static,
    ) -> Self {
        self.service_if(name, |part: &P| Some(build(part)))
    }

    /// Adds a service that is only asked if `build` gives a check: when its key is set, for example.
    pub fn service_if<P: Config, S: Into<ServiceCheck>>(
        mut self,
        name: impl Into<String>,
        build: impl FnOnce(&P) -> Option<S> + Send + 'static,
    ) -> Self {
        let build = |source: &dyn EnvSource| {
            let loaded = match Place::of::<P>(&C::fields()) {
                Some(place) => place.load::<C, P>(source)?,
                None => Some(P::load(&source)?),
            };
            let check = |loaded: Loaded<P>| Some(with_origin(build(loaded.config())?.into(), &loaded));
            Ok(loaded.and_then(check))
        };
        self.services.push(Planned {
            name: name.into(),
            build: Box::new(build),
            fields: P::fields,
        });
        self
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
        let schemas: Vec<_> = self.services.iter().map(|service| service.fields).collect();
        let (found, preflight) = self.prepare(source);
        let services = preflight.run().await;
        let (mut problems, mut warnings) = match services {
            Ok(warnings) => (Vec::new(), warnings),
            Err(report) => report.into_parts(),
        };
        if !(problems.is_empty() && warnings.is_empty()) {
            let mut fields = C::fields();
            fields.extend(schemas.iter().flat_map(|schema| schema()));
            scrub(&mut problems, &mut warnings, &finish::secrets(&fields, source));
        }
        found.into_result(problems, warnings)
    }

    fn prepare(self, source: &dyn EnvSource) -> (Found<C>, Preflight) {
        let mut found = Found {
            loaded: None,
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        match C::load(&source) {
            Ok(loaded) => found.loaded = Some(loaded),
            Err(report) => (found.problems, found.warnings) = report.into_parts(),
        }
        let mut preflight = Preflight::new();
        for Planned { name, build, .. } in self.services {
            match build(source) {
                Ok(Some(check)) => preflight = preflight.check(name, check),
                Ok(None) => {}
                Err(report) => found.not_checked(name, report),
            }
        }
        (found, preflight)
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

/// What the load gave.
struct Found<C> {
    loaded: Option<Loaded<C>>,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

impl<C> Found<C> {
    /// Keeps what only the part of a service has found; most of it the whole has found too.
    fn not_checked(&mut self, service: String, report: Report) {
        for problem in report.into_parts().0 {
            if !self.problems.iter().any(|known| known.is_same(&problem)) {
                self.problems.push(problem);
            }
        }
        self.warnings.push(Warning::NotChecked { service });
    }

    fn into_result(mut self, problems: Vec<Problem>, warnings: Vec<Warning>) -> Result<Loaded<C>, Report> {
        self.problems.extend(problems);
        match self.loaded {
            Some(mut loaded) if self.problems.is_empty() => {
                loaded.warnings.extend(warnings);
                Ok(loaded)
            }
            loaded => {
                let mut all = loaded.map_or_else(Vec::new, |loaded| loaded.warnings);
                all.extend(self.warnings);
                all.extend(warnings);
                Err(Report::new(self.problems, all))
            }
        }
    }
}

fn with_origin<P>(mut check: ServiceCheck, loaded: &Loaded<P>) -> ServiceCheck {
    let origin = check.variable.as_deref().and_then(|name| loaded.origin(name));
    check.origin = origin.cloned();
    check
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
