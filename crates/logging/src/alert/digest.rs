use std::time::SystemTime;

use super::{Alert, AlertState, draft::Draft};
use crate::notice::TARGET;

/// Alerts that came when no message could be sent: what one message will say of them.
#[derive(Debug, Default)]
pub(super) struct Digest {
    entries: Vec<Entry>,
    /// How many more there were of further keys.
    others: u64,
}

#[derive(Debug)]
struct Entry {
    latest: Draft,
    count: u64,
    is_resolved: bool,
}

impl Digest {
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn holds(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.latest.alert.key == key)
    }

    /// How many alerts there are in it.
    pub(super) fn len(&self) -> u64 {
        self.others + self.entries.iter().map(|entry| entry.count).sum::<u64>()
    }

    pub(super) fn add(&mut self, draft: Draft) {
        let has_room = self.entries.len() < MOST;
        let known = self
            .entries
            .iter_mut()
            .find(|entry| entry.latest.alert.key == draft.alert.key);
        match known {
            Some(entry) => {
                entry.latest = draft;
                entry.count += 1;
                entry.is_resolved = false;
            }
            None if has_room => self.entries.push(Entry {
                latest: draft,
                count: 1,
                is_resolved: false,
            }),
            None => self.others += 1,
        }
    }

    /// Notes that it is over before anybody was told.
    pub(super) fn resolve(&mut self, key: &str) {
        let known = self
            .entries
            .iter_mut()
            .find(|entry| entry.latest.alert.key == key);
        if let Some(entry) = known {
            entry.is_resolved = true;
        }
    }

    /// The only alert in it, if it goes on: then it is told as itself, with the number of the others of its key.
    pub(super) fn single(&self) -> Option<(Draft, u64)> {
        match self.entries.as_slice() {
            [entry] if !entry.is_resolved && self.others == 0 => {
                Some((entry.latest.clone(), entry.count - 1))
            }
            _ => None,
        }
    }

    /// One alert that tells of all.
    pub(super) fn alert(&self) -> Alert {
        let gravest = self.entries.iter().map(|entry| entry.latest.alert.grade()).max();
        let time = self.entries.iter().map(|entry| entry.latest.alert.time).max();
        let count = self.len();
        let mut details: Vec<(String, String)> = self.entries.iter().map(Entry::detail).collect();
        if self.others > 0 {
            details.push(("others".to_owned(), self.others.to_string()));
        }
        Alert {
            key: KEY.to_owned(),
            state: AlertState::Firing,
            severity: gravest.map_or("info", super::AlertSeverity::as_str).to_owned(),
            message: match count {
                1 => "1 alert was held back".to_owned(),
                count => format!("{count} alerts were held back"),
            },
            target: TARGET.to_owned(),
            time: time.unwrap_or(SystemTime::UNIX_EPOCH),
            category: None,
            details,
            repeats: 0,
        }
    }
}

impl Entry {
    fn detail(&self) -> (String, String) {
        let alert = &self.latest.alert;
        let resolved = if self.is_resolved { ", resolved" } else { "" };
        let mut text = format!("{} x {}{resolved}: {}", self.count, alert.severity, alert.message);
        super::cut(&mut text, LONGEST);
        (alert.key.clone(), text)
    }
}

/// The key of the message that tells of others.
pub(super) const KEY: &str = "alerts.held-back";
const MOST: usize = 20;
const LONGEST: usize = 300;
