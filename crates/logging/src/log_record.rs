use std::fmt;

use tracing::field::{Field, Visit};

use crate::template::LOG_TARGET;

/// What a record of the `log` crate says about where it comes from.
#[derive(Debug)]
pub(crate) struct LogRecord<'a> {
    pub(crate) target: &'a mut String,
    pub(crate) file: &'a mut String,
    pub(crate) line: u64,
}

impl Visit for LogRecord<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            LOG_TARGET => value.clone_into(self.target),
            "log.file" => value.clone_into(self.file),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "log.line" {
            self.line = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
