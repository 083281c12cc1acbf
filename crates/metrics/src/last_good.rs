use std::time::{Duration, Instant};

use crate::{Samples, collector::SampledFamily};

/// What a collector has read when it last worked.
#[derive(Debug)]
pub(crate) struct LastGood {
    reading: Option<Reading>,
    keep: Duration,
    failure: Option<String>,
}

#[derive(Debug)]
struct Reading {
    families: Vec<SampledFamily>,
    at: Instant,
    is_whole: bool,
}

impl LastGood {
    /// Nothing was read yet. A reading is shown for `keep`.
    pub(crate) const fn new(keep: Duration) -> Self {
        Self {
            reading: None,
            keep,
            failure: None,
        }
    }

    /// Takes the outcome of a run. One that failed replaces only one that failed too.
    pub(crate) fn record(&mut self, families: Vec<SampledFamily>, failure: Option<String>) {
        let is_whole = failure.is_none();
        if is_whole || self.reading.as_ref().is_none_or(|reading| !reading.is_whole) {
            self.reading = Some(Reading {
                families,
                at: Instant::now(),
                is_whole,
            });
        }
        self.failure = failure;
    }

    /// Gives the last reading, unless it is too old. `late` says why there is none of this moment.
    pub(crate) fn show(&self, samples: &mut Samples<'_>, late: Option<&str>) {
        if let Some(failure) = late.or(self.failure.as_deref()) {
            samples.fail(failure);
        }
        match &self.reading {
            Some(reading) if reading.at.elapsed() <= self.keep => samples.repeat(&reading.families),
            Some(_) => samples.fail("what it has read is too old to be shown"),
            None => samples.fail("it has read nothing yet"),
        }
    }
}

/// As long as Prometheus itself looks back for a sample.
pub(crate) const KEEP: Duration = Duration::from_mins(5);
