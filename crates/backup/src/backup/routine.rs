use std::{error::Error as StdError, time::SystemTime};

use super::{Backup, Parts, caught};
use crate::Schedule;

impl Backup {
    /// Takes a backup at each slot after `since`, until the shutdown.
    pub(super) async fn follow_schedule(&self, since: SystemTime) {
        let Parts { schedule, clock, .. } = &self.0.parts;
        let mut slots = Slots::after(schedule, since);
        loop {
            if let Some(slot) = slots.due(clock.now()) {
                self.take_and_prune(slot).await;
                slots.skip(clock.now());
            }
            // Only the nap is cut off. A backup ends itself at the shutdown, and cleans up.
            tokio::select! {
                () = self.0.stop.cancelled() => return,
                () = tokio::time::sleep(schedule.nap(clock.now())) => {}
            }
        }
    }

    /// Each failure is logged where it happens, and the next slot comes all the same.
    async fn take_and_prune(&self, slot: SystemTime) {
        if self.take(Some(slot)).await.is_ok()
            && let Err(error) = caught("deleting", self.prune()).await
        {
            tracing::error!(target: "groundcrew::backup", error = &error as &dyn StdError, "retention failed");
        }
    }
}

/// The moments of a schedule, each once, also when the clock is set meanwhile.
struct Slots<'s> {
    schedule: &'s Schedule,
    next: Option<SystemTime>,
    last: Option<SystemTime>,
}

impl<'s> Slots<'s> {
    fn after(schedule: &'s Schedule, now: SystemTime) -> Self {
        Self {
            schedule,
            next: schedule.next_after(now),
            last: None,
        }
    }

    /// The slot that has come, if one has.
    fn due(&mut self, now: SystemTime) -> Option<SystemTime> {
        if let Some(slot) = self.next.filter(|slot| *slot <= now) {
            self.last = Some(slot);
            self.skip(now);
            return Some(slot);
        }
        // When the clock was set back, the slots before `next` come (again); by a little, the last one does not.
        let next = self.schedule.next_after(now);
        if next != self.last {
            self.next = next;
        }
        None
    }

    /// Lets those go by that came while the last one was being dealt with.
    fn skip(&mut self, now: SystemTime) {
        self.next = self
            .schedule
            .next_after(self.last.map_or(now, |last| last.max(now)));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;

    fn at(text: &str) -> SystemTime {
        text.parse::<Timestamp>().unwrap().into()
    }

    #[test]
    fn every_slot_comes_once() {
        let daily = "0 2 * * *".parse().unwrap();
        let mut slots = Slots::after(&daily, at("2026-11-22T01:59:00Z"));

        assert_eq!(slots.due(at("2026-11-22T01:59:59Z")), None);
        assert_eq!(
            slots.due(at("2026-11-22T02:00:01Z")),
            Some(at("2026-11-22T02:00:00Z"))
        );
        assert_eq!(slots.due(at("2026-11-22T02:00:02Z")), None);
        assert_eq!(
            slots.due(at("2026-11-23T02:00:00Z")),
            Some(at("2026-11-23T02:00:00Z"))
        );
    }

    #[test]
    fn a_clock_that_steps_back_a_second_does_not_repeat_the_slot() {
        let daily = "0 2 * * *".parse().unwrap();
        let mut slots = Slots::after(&daily, at("2026-11-22T01:59:00Z"));
        let slot = at("2026-11-22T02:00:00Z");

        assert_eq!(slots.due(slot), Some(slot));
        slots.skip(slot - Duration::from_secs(1));

        assert_eq!(slots.due(slot - Duration::from_secs(1)), None);
        assert_eq!(slots.due(slot), None);
        assert_eq!(
            slots.due(at("2026-11-23T02:00:00Z")),
            Some(at("2026-11-23T02:00:00Z"))
        );
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_the_backups() {
        let daily = "0 2 * * *".parse().unwrap();
        let mut slots = Slots::after(&daily, at("2027-11-22T12:00:00Z"));

        assert_eq!(slots.due(at("2026-11-22T12:00:00Z")), None);
        assert_eq!(
            slots.due(at("2026-11-23T02:00:00Z")),
            Some(at("2026-11-23T02:00:00Z"))
        );
    }

    #[test]
    fn slots_that_pass_during_a_long_backup_are_skipped() {
        let hourly = "0 * * * *".parse().unwrap();
        let mut slots = Slots::after(&hourly, at("2026-11-22T01:30:00Z"));

        assert!(slots.due(at("2026-11-22T02:00:00Z")).is_some());
        slots.skip(at("2026-11-22T05:30:00Z"));

        assert_eq!(slots.due(at("2026-11-22T05:59:59Z")), None);
        assert_eq!(
            slots.due(at("2026-11-22T06:00:00Z")),
            Some(at("2026-11-22T06:00:00Z"))
        );
    }
}
