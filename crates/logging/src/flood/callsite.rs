use std::{ptr, sync::Arc};

use tracing::{Event, Metadata};

use super::{
    bucket::{Bucket, Limit},
    budgets::{Budgets, Place},
    hash::Seed,
    key::value_of,
    tally::Tally,
};
use crate::template::LOG_TARGET;

/// The budgets of one callsite, and what of it was suppressed since the last summary.
#[derive(Debug)]
pub(crate) struct CallsiteFlood {
    pub(super) metadata: &'static Metadata<'static>,
    limit: Limit,
    /// Of all events, or of those for whose value there is none.
    bucket: Bucket,
    tally: Tally,
    keyed: Option<Keyed>,
}

/// What tells the events of a callsite apart.
#[derive(Debug)]
pub(super) struct Keyed {
    /// The callsite, as a number.
    callsite: u64,
    /// The field whose value an event may have.
    own: Option<usize>,
    /// The fields of the place of a record of the `log` crate: all of a level come from one callsite.
    log_place: Vec<usize>,
    seed: Seed,
    budgets: Arc<Budgets>,
}

/// Where an event that was not admitted is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suppressed {
    /// The slot of its value, if that has one.
    pub(super) place: Option<Place>,
    /// Whether it is the first one since the last summary.
    pub(crate) is_first: bool,
}

impl CallsiteFlood {
    pub(super) fn new(metadata: &'static Metadata<'static>, limit: Limit, keyed: Option<Keyed>) -> Self {
        Self {
            metadata,
            limit,
            bucket: Bucket::default(),
            tally: Tally::default(),
            keyed,
        }
    }

    /// Notes an event that has no budget left. `of_span` gives the key of the spans that it is in, for one that has
    /// none of its own. Takes no lock and allocates nothing.
    #[inline]
    pub(crate) fn suppresses(
        &self,
        event: &Event<'_>,
        nanos: u64,
        of_span: impl FnOnce() -> Option<u64>,
    ) -> Option<Suppressed> {
        let slot = self.keyed.as_ref().and_then(|keyed| {
            let key = keyed.key(event, of_span);
            keyed.budgets.slot(key, nanos, &self.limit)
        });
        let bucket = slot.map_or(&self.bucket, |slot| slot.bucket);
        if bucket.admits(nanos, &self.limit) {
            return None;
        }
        let noted = slot.and_then(|slot| Some((slot.place, slot.note(nanos)?)));
        Some(match noted {
            Some((place, is_first)) => Suppressed {
                place: Some(place),
                is_first,
            },
            // Nobody else has the tally of the callsite.
            None => Suppressed {
                place: None,
                is_first: self.tally.note(0, nanos) == Some(true),
            },
        })
    }

    pub(super) fn tally(&self, place: Option<Place>) -> Option<&Tally> {
        match place {
            Some(place) => self.keyed.as_ref()?.budgets.tally(place),
            None => Some(&self.tally),
        }
    }
}

impl Keyed {
    /// Events are told apart by the field `own`, or by their spans.
    pub(super) fn new(
        metadata: &'static Metadata<'static>,
        own: Option<usize>,
        seed: Seed,
        budgets: &Arc<Budgets>,
    ) -> Self {
        let fields = metadata.fields();
        let place = fields
            .field(LOG_TARGET)
            .map(|target| [Some(target), fields.field("log.line")]);
        let place = place.into_iter().flatten().flatten();
        Self {
            callsite: ptr::from_ref(metadata).addr() as u64,
            own,
            log_place: place.map(|field| field.index()).collect(),
            seed,
            budgets: Arc::clone(budgets),
        }
    }

    /// What tells the value of an event from other ones, and from those of other callsites.
    fn key(&self, event: &Event<'_>, of_span: impl FnOnce() -> Option<u64>) -> u64 {
        let value = |fields: &[usize]| match fields {
            [] => None,
            fields => value_of(fields, self.seed, |visit| event.record(visit)),
        };
        let own = value(self.own.as_slice()).or_else(of_span);
        let key = self.seed.of(self.callsite, own.unwrap_or_default());
        match value(&self.log_place) {
            Some(place) => self.seed.of(key, place),
            None => key,
        }
    }
}
