use std::sync::atomic::{AtomicU64, Ordering};

/// An `f64` that threads share.
#[derive(Debug, Default)]
pub(crate) struct AtomicF64(AtomicU64);

impl AtomicF64 {
    pub(crate) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    pub(crate) fn add(&self, amount: f64) {
        let sum = |bits| Some((f64::from_bits(bits) + amount).to_bits());
        // The closure never gives None, so this cannot fail.
        let _previous = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
    }
}
