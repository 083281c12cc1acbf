use std::time::{Duration, SystemTime, UNIX_EPOCH};

use groundcrew_base::Clock;

/// A time as lines show it: reckoned from 1970, with nothing to work out anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Since 1970, rounded down.
    pub(crate) second: i64,
    /// Within the second, less than a thousand million.
    pub(crate) nanos: u32,
}

impl Moment {
    /// What `clock` tells.
    #[inline]
    pub(crate) fn now(clock: &Clock) -> Self {
        if clock.is_system() {
            return Self::of_system();
        }
        clock.now().into()
    }

    /// The kernel gives it as it is wanted here; [`SystemTime`] takes as long again to give that back.
    #[cfg(unix)]
    #[inline]
    fn of_system() -> Self {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        Self {
            second: time.tv_sec,
            nanos: u32::try_from(time.tv_nsec).unwrap_or_default(),
        }
    }

    #[cfg(not(unix))]
    fn of_system() -> Self {
        SystemTime::now().into()
    }

    /// Since 1970; 0 for what was before.
    #[inline]
    pub(crate) fn nanoseconds(self) -> u64 {
        let seconds = u64::try_from(self.second);
        seconds.map_or(0, |seconds| {
            seconds.saturating_mul(SECOND).saturating_add(self.nanos.into())
        })
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self {
                second: seconds(after),
                nanos: after.subsec_nanos(),
            },
            Err(before) => {
                let before = before.duration();
                let second = -seconds(before);
                match before.subsec_nanos() {
                    0 => Self { second, nanos: 0 },
                    nanos => Self {
                        second: second.saturating_sub(1),
                        nanos: 1_000_000_000 - nanos,
                    },
                }
            }
        }
    }
}

impl From<Moment> for SystemTime {
    fn from(moment: Moment) -> Self {
        let seconds = Duration::from_secs(moment.second.unsigned_abs());
        let second = match moment.second {
            0.. => UNIX_EPOCH.checked_add(seconds),
            _ => UNIX_EPOCH.checked_sub(seconds),
        };
        let time = second.and_then(|second| second.checked_add(Duration::from_nanos(moment.nanos.into())));
        time.unwrap_or(UNIX_EPOCH)
    }
}

/// In nanoseconds.
const SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use groundcrew_base::ManualClock;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_machines_clock_and_a_manual_one_are_told() {
        let before = SystemTime::now();
        let now = SystemTime::from(Moment::now(&Clock::system()));
        let after = SystemTime::now();
        assert!(before <= now && now <= after, "{before:?} {now:?} {after:?}");

        let manual = ManualClock::new(UNIX_EPOCH + Duration::from_nanos(1_795_323_375_000_007_009));
        let now = Moment::now(&manual.clock());
        assert_eq!((now.second, now.nanos), (1_795_323_375, 7009));
        assert_eq!(now.nanoseconds(), 1_795_323_375_000_007_009);
    }

    #[test]
    fn times_before_1970_are_rounded_down_to_their_second() {
        let before = Moment::from(UNIX_EPOCH - Duration::from_nanos(1));
        assert_eq!((before.second, before.nanos), (-1, 999_999_999));
        assert_eq!(before.nanoseconds(), 0);

        let whole = Moment::from(UNIX_EPOCH - Duration::from_secs(2));
        assert_eq!((whole.second, whole.nanos), (-2, 0));
    }

    #[test]
    fn what_no_system_time_can_be_is_1970() {
        let moment = Moment {
            second: i64::MAX,
            nanos: 999_999_999,
        };
        assert_eq!(moment.nanoseconds(), u64::MAX);
        // Whether the platform can hold it or not, nothing panics.
        let time = SystemTime::from(moment);
        assert!(time >= UNIX_EPOCH, "{time:?}");
    }

    proptest! {
        #[test]
        fn a_system_time_comes_back(nanos in any::<u64>(), is_before in any::<bool>()) {
            let since = Duration::from_nanos(nanos);
            let time = if is_before { UNIX_EPOCH - since } else { UNIX_EPOCH + since };

            prop_assert_eq!(SystemTime::from(Moment::from(time)), time);
        }
    }
}
