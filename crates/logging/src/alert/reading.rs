use std::fmt;

use tracing::{
    Event,
    field::{Field, Visit},
};

use super::{ELLIPSIS, cut, identity::Identity};
use crate::{Redactor, chain::Chain, filter::ALERT_KEY, shown::shown};

/// What an event says to the rules of alerts; all texts are redacted.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) key: Option<String>,
    pub(super) state: Option<String>,
    pub(super) severity: Option<String>,
    pub(super) category: Option<String>,
    pub(super) message: String,
    /// The target and line of a record that came through the `log` crate.
    pub(super) log_target: Option<String>,
    pub(super) log_line: Option<String>,
    /// The fields that rules tell alerts apart by.
    pub(super) chosen: Vec<(String, String)>,
}

impl Reading {
    /// Reads `event`, and its fields called `chosen` or else those of the spans around it.
    pub(super) fn of(
        event: &Event<'_>,
        (redactor, identity): (&Redactor, &Identity),
        chosen: &[String],
        chain: &Chain,
    ) -> Self {
        let mut reader = Reader {
            redactor,
            identity,
            chosen,
            reading: Self::default(),
        };
        event.record(&mut reader);
        let mut reading = reader.reading;
        for name in chosen {
            if !reading.chosen.iter().any(|(known, _)| known == name)
                && let Some(value) = chain.value(name)
            {
                let mut shown = value.clone();
                cut(&mut shown, WORD);
                if shown != value {
                    identity.mark(&value, &mut shown);
                }
                reading.chosen.push((name.clone(), shown));
            }
        }
        reading
    }
}

struct Reader<'a> {
    redactor: &'a Redactor,
    identity: &'a Identity,
    chosen: &'a [String],
    reading: Reading,
}

impl Reader<'_> {
    fn read(&mut self, field: &Field, text: impl FnOnce() -> String) {
        let name = field.name();
        let is_chosen = self.chosen.iter().any(|chosen| chosen == name);
        if !is_chosen && !KNOWN.contains(&name) {
            return;
        }
        let most = if name == "message" { MESSAGE } else { WORD };
        let (text, mut shown) = (text(), String::new());
        match self.redactor.action(name) {
            Some(action) => self.redactor.apply(action, &text, &mut shown),
            None => {
                let mut buffer = String::new();
                let (start, is_all) = self.redactor.clean_start(&text, most, &mut buffer);
                shown.push_str(start);
                shown.push_str(if is_all { "" } else { ELLIPSIS });
            }
        }
        cut(&mut shown, most);
        if (is_chosen || name == ALERT_KEY) && shown != text {
            self.identity.mark(&text, &mut shown);
        }
        if is_chosen {
            self.reading.chosen.push((name.to_owned(), shown.clone()));
        }
        let reading = &mut self.reading;
        match name {
            "message" => reading.message = shown,
            ALERT_KEY => reading.key = Some(shown),
            "alert.state" => reading.state = Some(shown),
            "severity" => reading.severity = Some(shown),
            "category" => reading.category = Some(shown),
            "log.target" => reading.log_target = Some(shown),
            "log.line" => reading.log_line = Some(shown),
            _ => {}
        }
    }
}

impl Visit for Reader<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.read(field, || value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.read(field, || shown(format_args!("{value:?}")));
    }
}

const KNOWN: [&str; 7] = [
    "message",
    ALERT_KEY,
    "alert.state",
    "severity",
    "category",
    "log.target",
    "log.line",
];
const MESSAGE: usize = 8 * 1024;
const WORD: usize = 1024;
