use std::sync::Arc;

use super::{Semconv, ServerLabels};
use crate::{
    Histogram,
    http::{
        labels::ErrorType,
        outcome::{Asked, Outcome, bytes},
        resolved::Resolved,
        statuses::Statuses,
    },
};

/// What the families hold of one method, scheme and route.
#[derive(Debug)]
pub(in crate::http) struct SemconvRoute {
    families: Arc<Semconv>,
    asked: Asked,
    route: Box<str>,
    /// Of requests that came to their end: others have an `error_type` of their own.
    statuses: Statuses<ByStatus>,
}

#[derive(Debug, Default)]
struct ByStatus {
    durations: Resolved<Histogram>,
    request_sizes: Resolved<Histogram>,
    response_sizes: Resolved<Histogram>,
}

impl SemconvRoute {
    pub(in crate::http) fn new(families: &Arc<Semconv>, asked: Asked, route: &str) -> Self {
        Self {
            families: Arc::clone(families),
            asked,
            route: route.into(),
            statuses: Statuses::default(),
        }
    }

    pub(in crate::http) fn record(&self, outcome: &Outcome) {
        if outcome.reason.is_some() {
            self.record_into(&ByStatus::default(), outcome);
        } else {
            self.statuses
                .with(outcome.status, |cells| self.record_into(cells, outcome));
        }
    }

    fn record_into(&self, cells: &ByStatus, outcome: &Outcome) {
        let labels = ServerLabels {
            method: self.asked.method,
            scheme: self.asked.scheme,
            route: &self.route,
            status: outcome.status,
            error: ErrorType::of(outcome.status, outcome.reason),
        };
        cells
            .durations
            .record(&self.families.durations, &labels, |histogram| {
                histogram.observe(outcome.seconds);
            });
        let Some(sizes) = &self.families.sizes else {
            return;
        };
        if let Some(size) = outcome.request_size {
            cells.request_sizes.record(&sizes.requests, &labels, |histogram| {
                histogram.observe(bytes(size));
            });
        }
        cells
            .response_sizes
            .record(&sizes.responses, &labels, |histogram| {
                histogram.observe(bytes(outcome.response_size));
            });
    }
}
