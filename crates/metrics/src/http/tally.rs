use crate::{Family, Histogram, HttpFigures, Labels};

/// Requests over all routes.
#[derive(Debug, Default)]
pub(super) struct Tally {
    requests: u64,
    errors: u64,
    buckets: Vec<(f64, u64)>,
}

impl Tally {
    /// Adds requests that ended with this status.
    pub(super) fn add(&mut self, status: Option<&&str>, count: u64) {
        let status = status.and_then(|status| status.parse::<u16>().ok());
        self.requests += count;
        self.errors += if status >= Some(500) { count } else { 0 };
    }

    /// Adds the durations of every series.
    pub(super) fn add_durations<L: Labels>(&mut self, family: &Family<L, Histogram>) {
        family.each(|_, histogram| {
            if self.buckets.is_empty() {
                self.buckets = histogram.buckets().collect();
                return;
            }
            for (total, (_, count)) in self.buckets.iter_mut().zip(histogram.buckets()) {
                total.1 += count;
            }
        });
    }

    pub(super) fn figures(self) -> HttpFigures {
        HttpFigures::new(self.requests, self.errors).histogram(self.buckets)
    }
}
