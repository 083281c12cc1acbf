//! Which backups stay and which go: a pure function with guards.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! use groundcrew_backup::retention::{Policy, Taken, plan};
//!
//! let now = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 1000);
//! let backups: Vec<Taken<u32>> =
//!     (0..40).map(|age| Taken { id: age, at: now - Duration::from_hours(24 * u64::from(age)) }).collect();
//! let plan = plan(backups, &Policy { days: 30, min_keep: 3, max_age: Duration::from_hours(36) }, now);
//! assert_eq!(plan.delete.len(), 9);
//! ```

use std::time::{Duration, SystemTime};

/// How long backups are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "written out by those who call plan()")]
pub struct Policy {
    /// Backups younger than this stay.
    pub days: u32,
    /// This many of the newest stay, however old.
    pub min_keep: usize,
    /// When the newest backup is older than this, nothing is deleted: backups are broken, or the clock is.
    pub max_age: Duration,
}

/// One good backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "written out by those who call plan()")]
pub struct Taken<I> {
    /// Its id.
    pub id: I,
    /// When it was begun.
    pub at: SystemTime,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan<I> {
    /// What stays, newest first.
    pub keep: Vec<I>,
    /// What goes, newest first.
    pub delete: Vec<I>,
    /// Why nothing goes although something is old enough.
    pub refused: Option<Refusal>,
}

/// Why a plan deletes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The newest backup is too old: deleting by age would end with none.
    NewestTooOld,
    /// A backup lies in the future: the clock was set.
    ClockMoved,
}

/// Decides over the good backups of one database. Failed and incomplete ones must not be among them.
#[must_use]
pub fn plan<I>(mut backups: Vec<Taken<I>>, policy: &Policy, now: SystemTime) -> Plan<I> {
    backups.sort_by_key(|backup| std::cmp::Reverse(backup.at));
    let span = Duration::from_hours(24).saturating_mul(policy.days);
    let expired = |backup: &Taken<I>| now.duration_since(backup.at).is_ok_and(|age| age > span);
    let wanted = backups
        .iter()
        .enumerate()
        .filter(|(rank, backup)| *rank >= policy.min_keep && expired(backup))
        .count();
    let refused = if wanted == 0 {
        None
    } else {
        refusal(&backups, policy, now)
    };

    let mut plan = Plan {
        keep: Vec::new(),
        delete: Vec::new(),
        refused,
    };
    for (rank, backup) in backups.into_iter().enumerate() {
        if refused.is_none() && rank >= policy.min_keep && expired(&backup) {
            plan.delete.push(backup.id);
        } else {
            plan.keep.push(backup.id);
        }
    }
    plan
}

fn refusal<I>(newest_first: &[Taken<I>], policy: &Policy, now: SystemTime) -> Option<Refusal> {
    let newest = newest_first.first()?;
    match now.duration_since(newest.at) {
        Err(ahead) if ahead.duration() > SKEW => Some(Refusal::ClockMoved),
        Ok(age) if age > policy.max_age => Some(Refusal::NewestTooOld),
        _ => None,
    }
}

/// What the clocks of two replicas may differ by.
const SKEW: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: Policy = Policy {
        days: 30,
        min_keep: 3,
        max_age: Duration::from_hours(36),
    };

    fn day(n: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(24 * n)
    }

    fn daily(days: impl Iterator<Item = u64>) -> Vec<Taken<u64>> {
        days.map(|n| Taken { id: n, at: day(n) }).collect()
    }

    #[test]
    fn what_is_older_than_the_span_goes() {
        let plan = plan(daily(60..=100), &POLICY, day(100));

        assert_eq!(plan.delete, (60..70).rev().collect::<Vec<_>>());
        assert_eq!(plan.refused, None);
    }

    #[test]
    fn when_backups_stopped_nothing_goes() {
        let plan = plan(daily(0..=10), &POLICY, day(100));

        assert_eq!(plan.delete, Vec::<u64>::new());
        assert_eq!(plan.refused, Some(Refusal::NewestTooOld));
    }

    #[test]
    fn when_the_clock_was_set_back_nothing_goes() {
        let mut backups = daily(0..=10);
        backups.push(Taken {
            id: 200,
            at: day(200),
        });

        assert_eq!(
            plan(backups, &POLICY, day(100)).refused,
            Some(Refusal::ClockMoved)
        );
    }

    proptest! {
        #[test]
        fn the_guards_hold_for_every_history(
            ages in proptest::collection::vec(0_u64..3000, 0..60), now in 0_u64..3000, min_keep in 1_usize..6,
        ) {
            let policy = Policy { min_keep, ..POLICY };
            let backups: Vec<Taken<usize>> =
                ages.iter().enumerate().map(|(id, &age)| Taken { id, at: day(age) }).collect();
            let mut newest_first: Vec<usize> = (0..ages.len()).collect();
            newest_first.sort_by_key(|&id| std::cmp::Reverse(ages[id]));

            let plan = plan(backups, &policy, day(now));

            prop_assert_eq!(plan.keep.len() + plan.delete.len(), ages.len());
            prop_assert!(plan.keep.len() >= min_keep.min(ages.len()));
            prop_assert!(newest_first.iter().take(min_keep).all(|id| plan.keep.contains(id)));
            prop_assert!(plan.delete.iter().all(|&id| now > ages[id] + 30));
            prop_assert!(plan.refused.is_none() || plan.delete.is_empty());
        }
    }
}
