use std::sync::Arc;

use super::{
    HttpMetricsBuilder, HttpPreset,
    classic::{Classic, ClassicRoute},
    labels::{MethodLabel, Scheme},
    outcome::{Asked, Outcome},
    semconv::{Semconv, SemconvRoute},
    tally::Tally,
};
use crate::{
    Gauge, Labels as _, RegisterError, Registry, label_key::Draft, label_set::label_set,
    limits::DEFAULT_MAX_SERIES, table::Table,
};

/// A bundle for each method, scheme and route, made at the first request: one lookup gives all metrics of a request.
#[derive(Debug)]
pub(super) struct Bundles {
    families: Families,
    table: Table<Arc<Bundle>>,
}

#[derive(Debug)]
enum Families {
    Classic(Arc<Classic>),
    Semconv(Arc<Semconv>),
}

/// All metrics of the requests of one method, scheme and route.
#[derive(Debug)]
pub(super) struct Bundle {
    in_flight: Gauge,
    ended: Ended,
}

/// What is recorded once there is an answer.
#[derive(Debug)]
enum Ended {
    Classic(ClassicRoute),
    Semconv(SemconvRoute),
}

impl Bundles {
    pub(super) fn register(builder: &HttpMetricsBuilder, registry: &Registry) -> Result<Self, RegisterError> {
        let families = match builder.preset {
            HttpPreset::OpenTelemetry => Families::Semconv(Arc::new(Semconv::register(builder, registry)?)),
            _ => Families::Classic(Arc::new(Classic::register(builder, registry)?)),
        };
        Ok(Self {
            families,
            table: Table::new(),
        })
    }

    #[inline]
    pub(super) fn find(&self, asked: Asked, route: &str) -> Arc<Bundle> {
        let key = Key {
            method: asked.method,
            scheme: asked.scheme,
            route,
        };
        match self.table.find_first(&key) {
            Some(bundle) => Arc::clone(bundle),
            None => self.unknown(&key),
        }
    }

    pub(super) fn tally(&self) -> Tally {
        match &self.families {
            Families::Classic(families) => families.tally(),
            Families::Semconv(families) => families.tally(),
        }
    }

    /// Beyond the limit of a family, bundles are made for one request alone: all of theirs is `__other__`.
    #[cold]
    #[inline(never)]
    fn unknown(&self, key: &Key<'_>) -> Arc<Bundle> {
        let hash = self.table.hash(key);
        if let Some(bundle) = self.table.find(key, hash) {
            return Arc::clone(bundle);
        }
        let bundle = Arc::new(self.families.bundle(key));
        let kept = Draft::new(Key::NAMES, key, hash).and_then(|draft| {
            self.table
                .insert(&draft, DEFAULT_MAX_SERIES, || (Arc::clone(&bundle), 0))
        });
        kept.map_or_else(|| Arc::clone(&bundle), Arc::clone)
    }
}

impl Families {
    fn bundle(&self, key: &Key<'_>) -> Bundle {
        let asked = Asked {
            method: key.method,
            scheme: key.scheme,
        };
        match self {
            Self::Classic(families) => Bundle {
                in_flight: families.in_flight(),
                ended: Ended::Classic(ClassicRoute::new(families, asked.method, key.route)),
            },
            Self::Semconv(families) => Bundle {
                in_flight: families.in_flight(asked),
                ended: Ended::Semconv(SemconvRoute::new(families, asked, key.route)),
            },
        }
    }
}

impl Bundle {
    /// One request more is in flight.
    #[inline]
    pub(super) fn begin(&self) {
        self.in_flight.inc();
    }

    /// The first byte of a response can be sent, after so many seconds.
    #[inline]
    pub(super) fn first_byte(&self, seconds: f64) {
        if let Ended::Classic(route) = &self.ended {
            route.first_byte(seconds);
        }
    }

    /// One request less is in flight.
    pub(super) fn end(&self, outcome: &Outcome) {
        match &self.ended {
            Ended::Classic(route) => route.record(outcome),
            Ended::Semconv(route) => route.record(outcome),
        }
        self.in_flight.dec();
    }
}

label_set! {
    struct Key<'a> {
        "method" => method: MethodLabel,
        "scheme" => scheme: Scheme,
        "route" => route: &'a str,
    }
}
