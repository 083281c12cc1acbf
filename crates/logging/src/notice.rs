use std::fmt::Write as _;

use tracing::Level;

use crate::{frame::Frame, json, moment::Moment, profile::LevelPlace, timestamp::TimestampWriter};

/// A line that logging writes about itself, past the subscriber: that lines were dropped, that a thread has
/// panicked inside of the subscriber.
#[derive(Debug)]
pub(crate) struct Notice<'a> {
    pub(crate) level: Level,
    pub(crate) message: &'a str,
    pub(crate) fields: &'a [(&'static str, Value<'a>)],
}

/// What a field of a [`Notice`] holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Number(u64),
    Text(&'a str),
}

impl Notice<'_> {
    /// The line as every other one, with the defaults.
    pub(crate) fn json(&self, frame: &Frame) -> Vec<u8> {
        let names = frame.names;
        let mut out = String::new();
        let time = Moment::now(&frame.clock);
        TimestampWriter::default().write(&mut out, names.open, time, names.time);
        out.push_str(names.after_time);
        out.push_str(names.level_pair(self.level, self.is_critical()));
        let lead = out.len();
        out.push_str(names.target.0);
        json::string(&mut out, TARGET, usize::MAX);
        out.push_str(names.target.1);
        out.push_str(names.constant);
        let message = out.len();
        write!(out, ",\"{}\":", names.message).ok();
        let mut complete = json::string(&mut out, &frame.redactor.text(self.message), frame.long_limit);
        if names.level == LevelPlace::Lead {
            let message = out.split_off(message);
            out.insert_str(lead, &message);
        }
        out.push_str(names.nest.unwrap_or_default());
        let start = out.len();
        complete &= self.add_fields(frame, &mut out);
        self.add_defaults(frame, &mut out);
        if !complete {
            out.push_str(",\"truncated\":true");
        }
        if names.nest.is_some() {
            if out.as_bytes().get(start) == Some(&b',') {
                out.remove(start);
            }
            out.push('}');
            out.push_str(&frame.resource);
        }
        out.push_str("}\n");
        out.into_bytes()
    }

    fn add_defaults(&self, frame: &Frame, out: &mut String) {
        let is_told = |name: &str| self.fields.iter().any(|(told, _)| *told == name);
        let defaults = frame.defaults.iter();
        for default in defaults.filter(|default| !is_told(&default.key.name)) {
            out.push_str(&default.pair);
        }
    }

    fn is_critical(&self) -> bool {
        let mut fields = self.fields.iter();
        fields.any(|(name, value)| *name == "severity" && matches!(value, Value::Text("critical")))
    }

    /// Whether all of them had room.
    fn add_fields(&self, frame: &Frame, out: &mut String) -> bool {
        let limit = frame.limit;
        let mut complete = true;
        for (name, value) in self.fields {
            if out.len() + name.len() + SHORT_VALUE > limit {
                return false;
            }
            if self.is_critical() && frame.names.tells_critical() && *name == "severity" {
                // The level says so.
                continue;
            }
            write!(out, ",\"{name}\":").ok();
            match value {
                Value::Number(number) => json::integer(out, *number),
                Value::Text(text) => complete &= json::string(out, &frame.redactor.text(text), limit),
            }
        }
        complete
    }

    /// The line for people.
    pub(crate) fn console(&self, frame: &Frame) -> Vec<u8> {
        let time = TimestampWriter::default().render(frame.clock.now());
        let mut out = format!("{time} {:>5} {TARGET}: ", self.level);
        json::escape(&mut out, &frame.redactor.text(self.message), frame.long_limit);
        let mut text = String::new();
        for (name, value) in self.fields {
            text.clear();
            match value {
                Value::Number(number) => write!(text, " {name}={number}").ok(),
                Value::Text(value) => write!(text, " {name}={}", frame.redactor.text(value)).ok(),
            };
            json::escape(&mut out, &text, frame.limit);
        }
        let mut out = out.into_bytes();
        out.extend_from_slice(&frame.console_end);
        out
    }
}

/// The target of all that logging says about itself.
pub(crate) const TARGET: &str = "groundcrew::logging";

const SHORT_VALUE: usize = 48;
