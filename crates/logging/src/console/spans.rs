use std::fmt;

use tracing_subscriber::{
    fmt::FormattedFields,
    registry::{LookupSpan, SpanRef},
};

use super::{
    Style,
    fields::{CUT, ConsoleFields, escaped, parts},
    room::Room,
};

/// The spans around an event as people see them: the outermost comes first, and the inner ones have what room there is.
pub(super) struct Spans(Vec<String>);

impl Spans {
    /// From the innermost one on.
    pub(super) fn of<'a, R>(
        spans: impl Iterator<Item = SpanRef<'a, R>>,
        style: &Style,
        room: &mut Room,
    ) -> Self
    where
        R: LookupSpan<'a> + 'a,
    {
        let mut texts = Vec::new();
        for span in spans {
            let name = escaped(span.name(), usize::MAX);
            let Style { bold, dim, off } = style;
            if !room.take(name.len() + bold.len() * 3 + off.len() * 4 + dim.len() + SIGNS) {
                texts.push(format!("{CUT}:"));
                break;
            }
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<ConsoleFields>>();
            let fields = fields.map_or_else(String::new, |all| shown(&all.fields, room));
            texts.push(match fields.as_str() {
                "" => format!("{bold}{name}{off}{dim}:{off}"),
                fields => format!("{bold}{name}{off}{bold}{{{off}{fields}{bold}}}{off}{dim}:{off}"),
            });
        }
        Self(texts)
    }
}

impl fmt::Display for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for text in self.0.iter().rev() {
            f.write_str(text)?;
        }
        if self.0.is_empty() {
            Ok(())
        } else {
            f.write_str(" ")
        }
    }
}

/// The fields that have room.
fn shown(fields: &str, room: &mut Room) -> String {
    let mut out = String::new();
    let mut is_cut = false;
    for part in parts(fields) {
        if !room.take(part.len() + 1) {
            is_cut = true;
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(part);
    }
    if is_cut {
        out.push(CUT);
    }
    out
}

/// The braces, the colon and what tells that fields are missing.
const SIGNS: usize = 6;
