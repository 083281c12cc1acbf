use std::fmt;

use tracing::{
    Event,
    field::{Field, Visit},
};

use crate::{encoder::Encoder, flat, frame::Frame, scratch::Buffers, template::Template};

/// What a line would show of the value of a field of an event.
pub(crate) fn shown_value(
    event: &Event<'_>,
    field: usize,
    template: &Template,
    frame: &Frame,
    buffers: &mut Buffers,
) -> Option<String> {
    let pairs = &mut buffers.pairs;
    pairs.clear();
    let texts = (&mut *pairs, &mut buffers.text, &mut buffers.clean);
    event.record(&mut OneField {
        field,
        encoder: Encoder::new(texts, template, frame, true),
    });
    pair_value(
        pairs.get(pairs.entries.last()?),
        &template.fields.get(field)?.key.prefix,
    )
}

/// The value of an encoded pair as text.
pub(crate) fn pair_value(pair: &str, prefix: &str) -> Option<String> {
    let value = pair.strip_prefix(prefix)?;
    Some(flat::Value(value.as_bytes()).text().into_owned())
}

/// Encodes one of the fields.
struct OneField<'a> {
    field: usize,
    encoder: Encoder<'a>,
}

impl Visit for OneField<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.index() == self.field {
            self.encoder.record_str(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.index() == self.field {
            self.encoder.record_debug(field, value);
        }
    }
}
