use std::sync::atomic::{AtomicU64, Ordering};

/// An `f64` that threads share.
#[derive(Debug, Default)]
pub(crate) struct AtomicF64(AtomicU64);

impl AtomicF64 {
    #[inline]
    pub(crate) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    #[inline]
    pub(crate) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Adds one or takes it away: no number becomes NaN or infinite by that.
    #[inline(always)]
    pub(crate) fn step(&self, step: f64) {
        let add = |bits| Some((f64::from_bits(bits) + step).to_bits());
        let _before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Adds `amount`, unless the sum would be NaN or infinite, and so for ever; gives whether it was added.
    #[inline(always)]
    pub(crate) fn add(&self, amount: f64) -> bool {
        let mut bits = self.0.load(Ordering::Relaxed);
        loop {
            let sum = f64::from_bits(bits) + amount;
            if !sum.is_finite() {
                return false;
            }
            match self
                .0
                .compare_exchange_weak(bits, sum.to_bits(), Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => bits = now,
            }
        }
    }
}
