use super::{HttpMetrics, HttpPreset, preset::SIZE_BUCKETS};
use crate::{RegisterError, Registry};

/// Sets up [`HttpMetrics`]; made by [`HttpMetrics::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct HttpMetricsBuilder {
    pub(super) preset: HttpPreset,
    duration_buckets: Option<Vec<f64>>,
    size_buckets: Sizes,
}

impl HttpMetricsBuilder {
    pub(super) const fn new() -> Self {
        Self {
            preset: HttpPreset::ByStatus,
            duration_buckets: None,
            size_buckets: Sizes::Default,
        }
    }

    /// The names, labels and buckets. Default: [`HttpPreset::ByStatus`].
    pub const fn preset(mut self, preset: HttpPreset) -> Self {
        self.preset = preset;
        self
    }

    /// The upper bounds of the durations, in seconds. Default: those of the preset. Put the latency that you promise
    /// among them.
    pub fn duration_buckets(mut self, seconds: &[f64]) -> Self {
        self.duration_buckets = Some(seconds.to_vec());
        self
    }

    /// The upper bounds of the sizes, in bytes. Default: 1 KiB, 16 KiB, 128 KiB, 1 MiB, 16 MiB and 128 MiB.
    pub fn size_buckets(mut self, bytes: &[f64]) -> Self {
        self.size_buckets = Sizes::Given(bytes.to_vec());
        self
    }

    /// Leaves the sizes of requests and responses out.
    pub fn without_sizes(mut self) -> Self {
        self.size_buckets = Sizes::None;
        self
    }

    /// Registers the metrics.
    ///
    /// # Errors
    /// When a name is taken, or buckets are empty, do not ascend or are not finite.
    pub fn register(self, registry: &Registry) -> Result<HttpMetrics, RegisterError> {
        HttpMetrics::from_builder(&self, registry)
    }

    pub(super) fn durations(&self) -> &[f64] {
        self.duration_buckets
            .as_deref()
            .unwrap_or_else(|| self.preset.duration_buckets())
    }

    /// `None` if there are to be no sizes.
    pub(super) fn sizes(&self) -> Option<&[f64]> {
        match &self.size_buckets {
            Sizes::None => None,
            Sizes::Default => Some(&SIZE_BUCKETS),
            Sizes::Given(buckets) => Some(buckets),
        }
    }
}

#[derive(Clone, Debug)]
enum Sizes {
    None,
    Default,
    Given(Vec<f64>),
}
