use std::fmt::Write as _;

use tracing::Level;

use crate::{frame::Frame, json, level, timestamp::TimestampWriter};

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
        let limit = frame.limit;
        let mut out = Vec::from(b"{\"timestamp\":\"");
        out.extend_from_slice(timestamp(frame).as_bytes());
        out.extend_from_slice(b"\",\"level\":\"");
        out.extend_from_slice(level::name(self.level).as_bytes());
        out.extend_from_slice(b"\",\"target\":\"");
        out.extend_from_slice(TARGET.as_bytes());
        out.extend_from_slice(b"\",\"message\":");
        let mut complete = json::string(&mut out, &frame.redactor.text(self.message), limit);
        for (name, value) in self.fields {
            if out.len() + name.len() + SHORT_VALUE > limit {
                complete = false;
                break;
            }
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            match value {
                Value::Number(number) => json::integer(&mut out, *number),
                Value::Text(text) => {
                    complete &= json::string(&mut out, &frame.redactor.text(text), limit);
                }
            }
        }
        for default in &frame.defaults {
            out.extend_from_slice(&default.pair);
        }
        if !complete {
            out.extend_from_slice(b",\"truncated\":true");
        }
        out.extend_from_slice(b"}\n");
        out
    }

    /// The line for people.
    pub(crate) fn console(&self, frame: &Frame) -> Vec<u8> {
        let message = frame.redactor.text(self.message);
        let mut text = format!("{} {:>5} {TARGET}: ", timestamp(frame), self.level);
        let mut out = std::mem::take(&mut text).into_bytes();
        json::escape(&mut out, &message, frame.limit);
        for (name, value) in self.fields {
            text.clear();
            match value {
                Value::Number(number) => write!(text, " {name}={number}").ok(),
                Value::Text(value) => write!(text, " {name}={}", frame.redactor.text(value)).ok(),
            };
            json::escape(&mut out, &text, frame.limit);
        }
        out.extend_from_slice(&frame.console_end);
        out
    }
}

fn timestamp(frame: &Frame) -> String {
    TimestampWriter::default().render(frame.clock.now()).to_owned()
}

/// The target of all that logging says about itself.
pub(crate) const TARGET: &str = "groundcrew::logging";

const SHORT_VALUE: usize = 48;
