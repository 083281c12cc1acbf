use std::time::Duration;

use crate::{
    Family, Info, Labels, Metric, NativeBuckets, RegisterError, Registry, descriptor::Kind,
    histogram::SECONDS, objective::Objective,
};

/// What can be a field of a group.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no metric",
    label = "a field is a counter, gauge or histogram, a `Family` or an `Info`, or is `#[metric(nested)]` or `#[metric(skip)]`"
)]
pub trait GroupMember: Sized {
    /// What it holds.
    const KIND: Kind;
    /// The names of its labels.
    const LABELS: &'static [&'static str];
    /// Whether it has any number of series.
    const IS_FAMILY: bool;

    /// Registers it under a name without the registry's prefix.
    ///
    /// # Errors
    /// When the registry refuses it.
    fn register(registry: &Registry, member: &Member<'_>) -> Result<Self, RegisterError>;
}

/// The settings of a field.
#[derive(Debug)]
#[must_use]
pub struct Member<'a> {
    pub(super) name: &'a str,
    help: &'a str,
    buckets: Option<&'a [f64]>,
    native: Option<NativeBuckets>,
    max_series: Option<usize>,
    expire: Option<Duration>,
    pub(super) objectives: Vec<Objective>,
}

impl<'a> Member<'a> {
    /// A metric of this name and help text.
    pub const fn new(name: &'a str, help: &'a str) -> Self {
        Self {
            name,
            help,
            buckets: None,
            native: None,
            max_series: None,
            expire: None,
            objectives: Vec::new(),
        }
    }

    /// The upper bounds of a histogram; its defaults otherwise.
    pub const fn buckets(mut self, bounds: &'a [f64]) -> Self {
        self.buckets = Some(bounds);
        self
    }

    /// Native buckets of a histogram.
    pub const fn native(mut self, native: NativeBuckets) -> Self {
        self.native = Some(native);
        self
    }

    /// The most series of a family.
    pub const fn max_series(mut self, series: usize) -> Self {
        self.max_series = Some(series);
        self
    }

    /// How long a series of a family stays that is not used.
    pub const fn expire_after(mut self, idle: Duration) -> Self {
        self.expire = Some(idle);
        self
    }

    /// One more thing that is promised.
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objectives.push(objective);
        self
    }

    /// Whether the objectives can be told from the buckets.
    pub(super) fn check(&self, registry: &Registry) -> Result<(), RegisterError> {
        let bounds = self.buckets.unwrap_or(&SECONDS);
        let missing = self
            .objectives
            .iter()
            .find_map(|objective| objective.missing_boundary(bounds));
        match missing {
            Some(threshold) => Err(RegisterError::NotABoundary {
                name: registry.full_name(self.name),
                threshold,
            }),
            None => Ok(()),
        }
    }
}

impl<M: Metric> GroupMember for M {
    const KIND: Kind = M::KIND;
    const LABELS: &'static [&'static str] = &[];
    const IS_FAMILY: bool = false;

    fn register(registry: &Registry, member: &Member<'_>) -> Result<Self, RegisterError> {
        let spec = M::spec(member.buckets, member.native);
        registry.single(member.name, member.help, Some(spec))
    }
}

impl<L: Labels, M: Metric> GroupMember for Family<L, M> {
    const KIND: Kind = M::KIND;
    const LABELS: &'static [&'static str] = L::NAMES;
    const IS_FAMILY: bool = true;

    fn register(registry: &Registry, member: &Member<'_>) -> Result<Self, RegisterError> {
        let mut family = registry
            .family::<L, M>(member.name, member.help)
            .spec(M::spec(member.buckets, member.native));
        if let Some(series) = member.max_series {
            family = family.max_series(series);
        }
        if let Some(idle) = member.expire {
            family = family.expire_after(idle);
        }
        family.register()
    }
}

impl<L: Labels> GroupMember for Info<L> {
    const KIND: Kind = Kind::Info;
    const LABELS: &'static [&'static str] = L::NAMES;
    const IS_FAMILY: bool = false;

    fn register(registry: &Registry, member: &Member<'_>) -> Result<Self, RegisterError> {
        registry.info(member.name, member.help)
    }
}
