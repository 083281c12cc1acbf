use std::sync::Arc;

use super::{Classic, Durations, IncompleteLabels, RequestLabels, RouteLabels};
use crate::{
    Counter, Histogram,
    http::{
        labels::{MethodLabel, Reason},
        outcome::{Outcome, bytes},
        resolved::Resolved,
        statuses::Statuses,
    },
};

/// What the families hold of one method and route.
#[derive(Debug)]
pub(in crate::http) struct ClassicRoute {
    families: Arc<Classic>,
    method: MethodLabel,
    route: Box<str>,
    first_byte: Resolved<Histogram>,
    durations: Resolved<Histogram>,
    request_sizes: Resolved<Histogram>,
    response_sizes: Resolved<Histogram>,
    statuses: Statuses<ByStatus>,
}

#[derive(Debug, Default)]
struct ByStatus {
    requests: Resolved<Counter>,
    durations: Resolved<Histogram>,
}

impl ClassicRoute {
    pub(in crate::http) fn new(families: &Arc<Classic>, method: MethodLabel, route: &str) -> Self {
        Self {
            families: Arc::clone(families),
            method,
            route: route.into(),
            first_byte: Resolved::default(),
            durations: Resolved::default(),
            request_sizes: Resolved::default(),
            response_sizes: Resolved::default(),
            statuses: Statuses::default(),
        }
    }

    pub(in crate::http) fn first_byte(&self, seconds: f64) {
        self.first_byte
            .record(&self.families.first_byte, &self.labels(), |histogram| {
                histogram.observe(seconds);
            });
    }

    pub(in crate::http) fn record(&self, outcome: &Outcome) {
        self.statuses
            .with(outcome.status, |cells| self.record_by_status(cells, outcome));
        self.record_sizes(outcome);
        if let Some(reason) = outcome.reason {
            self.incomplete(reason);
        }
    }

    fn record_by_status(&self, cells: &ByStatus, outcome: &Outcome) {
        let labels = RequestLabels {
            method: self.method,
            route: &self.route,
            status_code: outcome.status,
        };
        let observe = |histogram: &Histogram| histogram.observe(outcome.seconds);
        cells
            .requests
            .record(&self.families.requests, &labels, Counter::inc);
        match &self.families.durations {
            Durations::ByStatus(family) => cells.durations.record(family, &labels, observe),
            Durations::ByRoute(family) => self.durations.record(family, &self.labels(), observe),
        }
    }

    fn record_sizes(&self, outcome: &Outcome) {
        let Some(sizes) = &self.families.sizes else {
            return;
        };
        if let Some(size) = outcome.request_size {
            self.request_sizes
                .record(&sizes.requests, &self.labels(), |histogram| {
                    histogram.observe(bytes(size));
                });
        }
        self.response_sizes
            .record(&sizes.responses, &self.labels(), |histogram| {
                histogram.observe(bytes(outcome.response_size));
            });
    }

    #[cold]
    fn incomplete(&self, reason: Reason) {
        self.families.incomplete.inc(&IncompleteLabels {
            method: self.method,
            route: &self.route,
            reason,
        });
    }

    const fn labels(&self) -> RouteLabels<'_> {
        RouteLabels {
            method: self.method,
            route: &self.route,
        }
    }
}
