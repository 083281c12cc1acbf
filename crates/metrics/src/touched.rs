use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a gauge was used: setting the value that it has already is use, too.
#[derive(Debug, Default)]
pub(crate) struct Touched(AtomicBool);

impl Touched {
    #[inline]
    pub(crate) fn touch(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn was(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
