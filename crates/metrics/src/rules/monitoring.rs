use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Objective, RulesError, Snapshot, Urgency,
    alert::{Alert, Group},
    cases,
    catalogue::Catalogue,
    dashboard, events, grafana, mixin,
    reference::reference,
    rule_file,
    slo::{self, Terms},
    wording::Wording,
};
use crate::{Definition, Registry, name};

/// Makes rules, dashboards and documents from the metrics of a service.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_metrics::{
///     ProcessCollector, Registry,
///     rules::{Monitoring, Objective, RulesError},
/// };
///
/// let registry = Registry::new();
/// registry.collector(ProcessCollector::new())?;
/// let _latency = registry.histogram("job_duration_seconds", "Time a job took", &[0.1, 0.5, 1.0])?;
///
/// let files = Monitoring::of(&registry, "card-room")
///     .objective(Objective::latency("job_duration_seconds", 95.0, Duration::from_millis(500)))
///     .runbook("https://runbooks.example/{alert}")
///     .generate()?;
/// let rules = files.iter().find(|file| file.path() == "rules/card-room.slo.rules.yml").ok_or("none")?;
/// assert!(rules.text().contains("record: \"slo:sli_error:ratio_rate5m\""));
///
/// let between = Monitoring::of(&registry, "card-room")
///     .objective(Objective::latency("job_duration_seconds", 95.0, Duration::from_millis(250)))
///     .generate();
/// assert!(matches!(between, Err(RulesError::NotABoundary { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Monitoring {
    service: String,
    catalogue: Catalogue,
    /// Those of the definitions.
    declared: Vec<Objective>,
    objectives: Vec<Objective>,
    wording: Wording,
    minimum_events: u64,
    page_hold: Duration,
    ticket_hold: Duration,
    without: Vec<String>,
    holds: Vec<(String, Duration)>,
    urgencies: Vec<(String, Urgency)>,
}

/// A file that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    path: String,
    text: String,
}

impl Monitoring {
    /// From what is registered now. `service` is the name of the service and of the job that scrapes it.
    pub fn of(registry: &Registry, service: impl Into<String>) -> Self {
        Self::from_definitions(registry.definitions(), service)
    }

    /// From these definitions, such as those of a [group of metrics](crate::Metrics::definitions), and the objectives that
    /// they have.
    pub fn from_definitions(definitions: Vec<Definition>, service: impl Into<String>) -> Self {
        let service = service.into();
        let declared = definitions.iter().flat_map(Definition::objectives).cloned();
        Self {
            declared: declared.collect(),
            catalogue: Catalogue {
                definitions,
                prefixes: Vec::new(),
                job: service.clone(),
            },
            service,
            objectives: Vec::new(),
            wording: Wording::default(),
            minimum_events: 100,
            page_hold: Duration::from_mins(2),
            ticket_hold: Duration::from_mins(15),
            without: Vec::new(),
            holds: Vec::new(),
            urgencies: Vec::new(),
        }
    }

    /// The `job` label of the series. Default: the name of the service.
    pub fn job(mut self, job: impl Into<String>) -> Self {
        self.catalogue.job = job.into();
        self
    }

    /// The ready alerts and the objectives also find metrics under this prefix of [`Registry::with_prefix`], given without
    /// its last underscore. Several add up. Default: none.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.catalogue.prefixes.push(prefix.into());
        self
    }

    /// Adds an objective, in place of one of the same name that a metric has as its attribute.
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objectives.push(objective);
        self
    }

    /// Adds a label to every rule. One without a value is none.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.wording.labels.push((name.into(), value.into()));
        self
    }

    /// The value that the label `severity` has for this urgency. Default: `page` and `ticket`.
    pub fn severity(mut self, urgency: Urgency, value: impl Into<String>) -> Self {
        match urgency {
            Urgency::Page => self.wording.page = value.into(),
            Urgency::Ticket => self.wording.ticket = value.into(),
        }
        self
    }

    /// The annotation `runbook_url`, where `{alert}` is the name of the alert. Default: none.
    pub fn runbook(mut self, url: impl Into<String>) -> Self {
        self.wording.runbook = Some(url.into());
        self
    }

    /// How many events a window must have before an objective alerts: with few, one that fails is a large share. Default: 100.
    pub const fn minimum_events(mut self, events: u64) -> Self {
        self.minimum_events = events;
        self
    }

    /// How long an objective's alerts of this urgency must hold before they fire. Default: 2 and 15 minutes.
    pub const fn objective_hold(mut self, urgency: Urgency, hold: Duration) -> Self {
        match urgency {
            Urgency::Page => self.page_hold = hold,
            Urgency::Ticket => self.ticket_hold = hold,
        }
        self
    }

    /// How long a ready alert must hold before it fires.
    pub fn hold(mut self, alert: impl Into<String>, hold: Duration) -> Self {
        self.holds.push((alert.into(), hold));
        self
    }

    /// Gives an alert another urgency.
    pub fn urgency(mut self, alert: impl Into<String>, urgency: Urgency) -> Self {
        self.urgencies.push((alert.into(), urgency));
        self
    }

    /// Leaves out an alert.
    pub fn without(mut self, alert: impl Into<String>) -> Self {
        self.without.push(alert.into());
        self
    }

    /// Makes all files:
    ///
    /// - `rules/SERVICE.slo.rules.yml`, `rules/SERVICE.alerts.rules.yml`: rules for Prometheus;
    /// - `rules/tests/SERVICE.slo.tests.yml`, `rules/tests/SERVICE.alerts.tests.yml`: cases for `promtool test rules`;
    /// - `grafana/dashboards/SERVICE-overview.json`, `grafana/dashboards/SERVICE-metrics.json`;
    /// - `grafana/provisioning/datasources/prometheus.yaml`, `grafana/provisioning/dashboards/SERVICE.yaml`;
    /// - `METRICS.md` and `metrics.snapshot`.
    ///
    /// In a path, `SERVICE` has `-` in place of what is neither a letter nor a digit.
    ///
    /// # Errors
    /// When an objective or a setting is a mistake; see [`RulesError`].
    pub fn generate(&self) -> Result<Vec<GeneratedFile>, RulesError> {
        let wording = self.checked_wording()?;
        let all = self.all_objectives();
        self.check_texts(&all)?;
        let (objectives, ready) = self.groups(&all)?;
        let ready = [ready];
        let mut files: Vec<GeneratedFile> = self.rules("alerts", &ready, &wording, 1).into();
        if !objectives.is_empty() {
            files.extend(self.rules("slo", &objectives, &wording, events::STEP));
        }
        files.extend(self.grafana(&all, &ready));
        files.extend(self.documents(&objectives, &ready, &wording));
        Ok(files)
    }

    /// Rules of this kind, evaluated every `step` minutes in the cases that test them.
    fn rules(&self, kind: &str, groups: &[Group], wording: &Wording, step: u64) -> [GeneratedFile; 2] {
        let slug = slug(&self.service);
        let rules = format!("{slug}.{kind}.rules.yml");
        let tested = format!("../{rules}");
        [
            GeneratedFile::new(format!("rules/{rules}"), rule_file::file(groups, wording)),
            GeneratedFile::new(
                format!("rules/tests/{slug}.{kind}.tests.yml"),
                cases::file(&tested, groups, wording, step),
            ),
        ]
    }

    /// Dashboards, and what loads them.
    fn grafana(&self, objectives: &[Objective], ready: &[Group]) -> [GeneratedFile; 4] {
        let slug = slug(&self.service);
        let source = dashboard::Source {
            service: &self.service,
            slug: &slug,
            job: &self.catalogue.job,
            definitions: &self.catalogue.definitions,
            objectives,
        };
        let dashboard = |name: &str| format!("grafana/dashboards/{slug}-{name}.json");
        [
            GeneratedFile::new(dashboard("overview"), source.overview(ready)),
            GeneratedFile::new(dashboard("metrics"), source.metrics()),
            GeneratedFile::new(
                "grafana/provisioning/datasources/prometheus.yaml",
                grafana::datasources(),
            ),
            GeneratedFile::new(
                format!("grafana/provisioning/dashboards/{slug}.yaml"),
                grafana::dashboards(&self.service),
            ),
        ]
    }

    fn documents(&self, objectives: &[Group], ready: &[Group], wording: &Wording) -> [GeneratedFile; 2] {
        let definitions = &self.catalogue.definitions;
        [
            GeneratedFile::new(
                "METRICS.md",
                reference(&self.service, definitions, objectives, ready, wording),
            ),
            GeneratedFile::new("metrics.snapshot", Snapshot::of(definitions).to_string()),
        ]
    }

    /// Writes all files below `directory`, over what is there.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] around a [`RulesError`], or when a file cannot be written.
    pub fn write_to(&self, directory: impl AsRef<Path>) -> io::Result<()> {
        for file in self.generate().map_err(invalid)? {
            let path = directory.as_ref().join(&file.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, &file.text)?;
        }
        Ok(())
    }

    /// The files below `directory` that are missing or not what would be made now: a test that expects none keeps them fresh.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] around a [`RulesError`], or when a file that is there cannot be read.
    pub fn stale_in(&self, directory: impl AsRef<Path>) -> io::Result<Vec<PathBuf>> {
        let mut stale = Vec::new();
        for file in self.generate().map_err(invalid)? {
            let path = directory.as_ref().join(&file.path);
            match fs::read_to_string(&path) {
                Ok(text) if text == file.text => {}
                Ok(_) => stale.push(path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => stale.push(path),
                Err(error) => return Err(error),
            }
        }
        Ok(stale)
    }

    fn all_objectives(&self) -> Vec<Objective> {
        let is_replaced =
            |declared: &&Objective| self.objectives.iter().any(|given| given.name == declared.name);
        let declared = self.declared.iter().filter(|declared| !is_replaced(declared));
        declared.chain(&self.objectives).cloned().collect()
    }

    fn groups(&self, all: &[Objective]) -> Result<(Vec<Group>, Group), RulesError> {
        let terms = Terms {
            catalogue: &self.catalogue,
            service: &self.service,
            minimum_events: self.minimum_events,
            page_hold: self.page_hold,
            ticket_hold: self.ticket_hold,
        };
        let mut names = HashSet::new();
        let mut objectives = Vec::new();
        for objective in all {
            if !names.insert(objective.camel()) {
                return Err(RulesError::DuplicateObjective {
                    objective: objective.name.clone(),
                });
            }
            objectives.push(slo::group(objective, &terms)?);
        }
        let hold = |name: &str| {
            self.holds
                .iter()
                .find(|(alert, _)| alert == name)
                .map(|held| held.1)
        };
        let mut ready = mixin::group(&self.catalogue, &self.service, hold);
        self.check_alerts(&objectives.iter().chain([&ready]).collect::<Vec<_>>(), &ready)?;
        for group in objectives.iter_mut().chain([&mut ready]) {
            group.alerts.retain(|alert| !self.without.contains(&alert.name));
            group.alerts.iter_mut().for_each(|alert| self.set_urgency(alert));
        }
        Ok((objectives, ready))
    }

    fn set_urgency(&self, alert: &mut Alert) {
        if let Some((_, urgency)) = self.urgencies.iter().find(|(name, _)| *name == alert.name) {
            alert.urgency = *urgency;
        }
    }

    /// Whether the settings are about alerts that there are.
    fn check_alerts(&self, groups: &[&Group], ready: &Group) -> Result<(), RulesError> {
        let all: HashSet<&str> = groups
            .iter()
            .flat_map(|group| &group.alerts)
            .map(|alert| alert.name.as_str())
            .collect();
        let held: HashSet<&str> = ready.alerts.iter().map(|alert| alert.name.as_str()).collect();
        let named = self
            .without
            .iter()
            .chain(self.urgencies.iter().map(|(name, _)| name));
        let unknown = named
            .filter(|name| !all.contains(name.as_str()))
            .chain(
                self.holds
                    .iter()
                    .map(|(name, _)| name)
                    .filter(|name| !held.contains(name.as_str())),
            )
            .next();
        match unknown {
            Some(alert) => Err(RulesError::UnknownAlert { alert: alert.clone() }),
            None => Ok(()),
        }
    }

    /// Whether Prometheus can read every text that becomes a part of a series.
    fn check_texts(&self, all: &[Objective]) -> Result<(), RulesError> {
        let Wording {
            page, ticket, labels, ..
        } = &self.wording;
        let own = [&self.service, &self.catalogue.job, page, ticket];
        let mut texts = own
            .into_iter()
            .chain(labels.iter().map(|(_, value)| value))
            .chain(all.iter().flat_map(Objective::texts));
        match texts.find(|text| text.contains(char::REPLACEMENT_CHARACTER)) {
            Some(text) => Err(RulesError::ReplacementCharacter { text: text.clone() }),
            None => Ok(()),
        }
    }

    fn checked_wording(&self) -> Result<Wording, RulesError> {
        if self.service.is_empty() || self.catalogue.job.is_empty() {
            return Err(RulesError::NoService);
        }
        let mut wording = self.wording.clone();
        let mut names = HashSet::new();
        for (label, _) in &wording.labels {
            let is_ours = label.starts_with("sloth_") || SET_BY_RULES.contains(&label.as_str());
            if is_ours || !name::is_label(label) || !names.insert(label) {
                return Err(RulesError::InvalidLabel { label: label.clone() });
            }
        }
        wording.labels.retain(|(_, value)| !value.is_empty());
        Ok(wording)
    }
}

impl GeneratedFile {
    fn new(path: impl Into<String>, text: String) -> Self {
        Self {
            path: path.into(),
            text,
        }
    }

    /// Where it belongs, relative to a directory of the caller's choice.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it holds.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn invalid(error: RulesError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

fn slug(name: &str) -> String {
    let kept = |character: char| {
        if character.is_ascii_alphanumeric() {
            character.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    name.chars().map(kept).collect()
}

/// Labels that alerts have already.
const SET_BY_RULES: [&str; 12] = [
    "alertname",
    "check",
    "collector",
    "family",
    "instance",
    "job",
    "label",
    "reason",
    "severity",
    "sink",
    "strategy",
    "le",
];
