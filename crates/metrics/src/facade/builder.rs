use super::{FacadeRecorder, limits::FacadeLimits};
use crate::{RegisterError, Registry, histogram, name};

/// Settings of a [`FacadeRecorder`]; made by [`FacadeRecorder::builder`].
#[derive(Clone, Debug)]
#[must_use = "a recorder is there once it is built"]
pub struct FacadeBuilder<'a> {
    registry: &'a Registry,
    buckets: Vec<f64>,
    limits: FacadeLimits,
}

impl<'a> FacadeBuilder<'a> {
    pub(super) fn new(registry: &'a Registry) -> Self {
        Self {
            registry,
            buckets: histogram::SECONDS.to_vec(),
            limits: FacadeLimits::default(),
        }
    }

    /// The upper bounds of every histogram, ascending and finite. Default: from 5 ms to 10 s, in seconds.
    pub fn buckets(mut self, bounds: &[f64]) -> Self {
        self.buckets = bounds.to_vec();
        self
    }

    /// The most series that a name may have. Default 10,000.
    pub const fn max_series(mut self, series: usize) -> Self {
        self.limits.max_series = series;
        self
    }

    /// The most values that each label of a name may have; others become `__other__`. Default: any number.
    pub const fn max_values(mut self, values: usize) -> Self {
        self.limits.max_values = values;
        self
    }

    /// Makes the recorder.
    ///
    /// # Errors
    /// When the bounds do not ascend or are not finite.
    pub fn build(self) -> Result<FacadeRecorder, RegisterError> {
        name::check_buckets("histogram", &self.buckets)?;
        Ok(FacadeRecorder::with(self.registry, &self.buckets, self.limits))
    }
}
