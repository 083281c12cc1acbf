use std::{
    sync::OnceLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// Milliseconds since 1970; 0 on a clock before that.
pub(crate) fn millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// When this was asked first, in milliseconds since 1970: for counts that began with the process.
pub(crate) fn process_start() -> u64 {
    static START: OnceLock<u64> = OnceLock::new();
    *START.get_or_init(millis)
}

/// A moment from which others are counted in tenths of a second: four bytes last for thirteen years.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    unix_millis: u64,
    instant: Instant,
}

impl Moment {
    pub(crate) fn now() -> Self {
        process_start();
        Self {
            unix_millis: millis(),
            instant: Instant::now(),
        }
    }

    /// How long ago it is, rounded down.
    pub(crate) fn tenths_since(self) -> u32 {
        u32::try_from(self.instant.elapsed().as_millis() / 100).unwrap_or(u32::MAX)
    }

    /// The time so much later, in milliseconds since 1970.
    pub(crate) fn plus_tenths(self, tenths: u32) -> u64 {
        self.unix_millis.saturating_add(u64::from(tenths) * 100)
    }
}
