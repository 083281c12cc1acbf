use std::sync::atomic::{AtomicU64, Ordering};

use super::bucket::{Bucket, Limit};

/// A budget for each value of a key, without lock.
///
/// A value has its slot as long as it uses it: a budget that is whole again is as good as a new one, and goes to the
/// next value that asks. Values share one only if all slots are in use.
#[derive(Debug)]
pub(super) struct Budgets(Box<[Slot]>);

#[derive(Debug, Default)]
struct Slot {
    /// The value, as a number.
    key: AtomicU64,
    bucket: Bucket,
}

impl Budgets {
    pub(super) fn admits(&self, key: u64, now: u64, limit: &Limit) -> bool {
        let slot = self.slot(key, now, limit);
        slot.is_none_or(|slot| slot.bucket.admits(now, limit))
    }

    fn slot(&self, key: u64, now: u64, limit: &Limit) -> Option<&Slot> {
        let first = usize::try_from(key % SLOTS as u64).unwrap_or_default();
        let (before, from) = self.0.split_at_checked(first)?;
        let slots = || from.iter().chain(before);
        slots()
            .find(|slot| slot.key.load(Ordering::Relaxed) == key)
            .or_else(|| slots().find(|slot| slot.take(key, now, limit)))
            .or_else(|| slots().next())
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| Slot::default()).collect())
    }
}

impl Slot {
    /// Gives the slot to a value, if nobody uses it.
    fn take(&self, key: u64, now: u64, limit: &Limit) -> bool {
        let known = self.key.load(Ordering::Relaxed);
        let swap = || {
            self.key
                .compare_exchange(known, key, Ordering::Relaxed, Ordering::Relaxed)
        };
        self.bucket.is_whole(now, limit) && swap().is_ok()
    }
}

const SLOTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_323_375_000_000_000;

    fn admitted(budgets: &Budgets, key: u64, now: u64) -> usize {
        let limit = Limit::new(1, 2);
        (0..10).filter(|_| budgets.admits(key, now, &limit)).count()
    }

    #[test]
    fn as_many_values_as_there_are_slots_have_a_budget_each_wherever_they_fall() {
        for step in [1, 7, 64, u64::MAX / 64] {
            let budgets = Budgets::default();
            let keys = || (0..SLOTS as u64).map(|n| n.wrapping_mul(step).wrapping_add(5));

            let first: Vec<usize> = keys().map(|key| admitted(&budgets, key, NOW)).collect();
            let again: usize = keys().map(|key| admitted(&budgets, key, NOW)).sum();

            assert_eq!(first, [2; SLOTS], "{step}");
            assert_eq!(again, 0, "{step}");
        }
    }

    #[test]
    fn beyond_that_values_share_until_a_budget_is_whole_again() {
        let budgets = Budgets::default();
        (0..SLOTS as u64).for_each(|key| {
            admitted(&budgets, key, NOW);
        });

        assert_eq!(admitted(&budgets, 1000, NOW), 0);
        assert_eq!(admitted(&budgets, 1000, NOW + 2_000_000_000), 2);
        assert_eq!(admitted(&budgets, 1001, NOW + 2_000_000_000), 2);
        assert_eq!(admitted(&budgets, 1000, NOW + 2_000_000_000), 0);
    }
}
