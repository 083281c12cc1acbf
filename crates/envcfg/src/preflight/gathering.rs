use std::collections::HashSet;

use super::{
    Preflight, ServiceCheck,
    pass::Pass,
    planned::{Alone, Fields, Planned},
    torn::Torn,
};
use crate::{
    Config, FieldSpec, Loader, Problem, ProblemKind, Warning,
    finish::Read,
    part::{Part, Place},
};

/// Gives each service its check, as soon as a load has made what the check is built from.
pub(crate) struct Gathering {
    services: Vec<Planned>,
    /// What the whole consists of.
    places: Vec<Place>,
    torn: Torn,
    answers: Vec<Answer>,
}

/// What a part means for a service that is about it.
struct Answer {
    /// The number of the service.
    service: usize,
    path: String,
    decision: Decision,
}

enum Decision {
    Ask(Box<ServiceCheck>),
    /// The service is not used.
    Unused,
    /// The part is wrong.
    NotChecked,
}

impl Gathering {
    /// `problems` are those of the source itself.
    pub(super) fn new<C: Config>(services: Vec<Planned>, problems: &[Problem]) -> Box<Self> {
        Box::new(Self {
            services,
            places: Place::all::<C>(),
            torn: Torn::of(problems),
            answers: Vec::new(),
        })
    }

    /// Sees what `load` offers.
    pub(super) fn during<T>(
        self: Box<Self>,
        loader: &mut Loader<'_>,
        load: impl FnOnce(&mut Loader<'_>) -> T,
    ) -> (T, Box<Self>) {
        loader.watch = Some(self);
        let loaded = load(loader);
        let gathering = loader.watch.take().expect("a load takes nothing away");
        (loaded, gathering)
    }

    /// Builds the checks of the services that are about this part.
    pub(crate) fn see(&mut self, part: &Part<'_>) {
        let about = self.services.iter_mut().enumerate();
        for (number, service) in about.filter(|(_, service)| service.is_about(part)) {
            let is_torn = || self.torn.touches(part.prefix, service.fields);
            let decision = match part.value.filter(|_| !is_torn()) {
                Some(value) => service
                    .check(value, part.prefix)
                    .map_or(Decision::Unused, |check| Decision::Ask(Box::new(check))),
                None => Decision::NotChecked,
            };
            self.answers.push(Answer {
                service: number,
                path: part.path.to_owned(),
                decision,
            });
        }
    }

    /// Loads what services are about and the whole does not have, and gives what is to be known about it too.
    pub(super) fn load_others(self: Box<Self>, read: Read<'_>) -> (Pass, Vec<FieldSpec>, Box<Self>) {
        let mut gathering = self;
        let (mut pass, mut fields) = (Pass::default(), Vec::new());
        for (alone, described) in gathering.others() {
            let other;
            (other, gathering) = alone(read, gathering);
            pass.join(other);
            fields.extend(described());
        }
        (pass, fields, gathering)
    }

    /// How each type is loaded and described that the whole does not have.
    fn others(&self) -> Vec<(Alone, Fields)> {
        let mut seen = HashSet::new();
        let outside = self.services.iter().filter(|service| self.is_outside(service));
        let new = outside.filter(|service| seen.insert(service.of));
        new.map(|service| (service.alone, service.fields)).collect()
    }

    /// The checks in the order of their services and then of their parts, and who is not checked. `pass` tells where
    /// the values came from, and takes what is wrong with the services themselves.
    pub(super) fn finish(mut self, pass: &mut Pass) -> (Preflight, Vec<Warning>) {
        let lost = self.services.iter().filter_map(|service| self.lost(service));
        pass.problems.extend(lost);
        self.answers.sort_by_key(|answer| answer.service);
        let (mut preflight, mut warnings) = (Preflight::new(), Vec::new());
        for answer in std::mem::take(&mut self.answers) {
            let service = self.name(&answer);
            match answer.decision {
                Decision::Ask(_) if pass.profile_is_wrong && self.depends_on_profile(answer.service) => {
                    warnings.push(Warning::NotChecked { service });
                }
                Decision::Ask(mut check) => {
                    let variable = check.variable.as_deref();
                    check.origin = variable.and_then(|name| pass.origin(name)).cloned();
                    preflight = preflight.check(service, *check);
                }
                Decision::Unused => {}
                Decision::NotChecked => warnings.push(Warning::NotChecked { service }),
            }
        }
        (preflight, warnings)
    }

    /// Of several such parts each has its path behind the name of the service.
    fn name(&self, answer: &Answer) -> String {
        let Some(service) = self.services.get(answer.service) else {
            return String::new();
        };
        if service.at.is_some() || self.places_of(service).count() < 2 {
            return service.name.clone();
        }
        format!("{}.{}", service.name, answer.path)
    }

    fn depends_on_profile(&self, service: usize) -> bool {
        let service = self.services.get(service);
        service.is_some_and(Planned::has_profile_defaults)
    }

    /// The mistake of a program that names a place where there is no such part.
    fn lost(&self, service: &Planned) -> Option<Problem> {
        let at = service.at.as_ref()?;
        let is_there = self.places_of(service).any(|place| place.path == *at);
        let words = || {
            let (name, of) = (&service.name, service.type_name);
            format!("service {name}: the configuration has no {of} at {at:?}")
        };
        (!is_there).then(|| Problem::overall(ProblemKind::Check, words()))
    }

    fn is_outside(&self, service: &Planned) -> bool {
        service.at.is_none() && self.places_of(service).next().is_none()
    }

    fn places_of(&self, service: &Planned) -> impl Iterator<Item = &Place> {
        let of = service.of;
        self.places.iter().filter(move |place| place.of == of)
    }
}
