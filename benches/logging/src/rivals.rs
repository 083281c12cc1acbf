use std::{hint::black_box, io};

use tracing::{Dispatch, level_filters::LevelFilter};
use tracing_bunyan_formatter::{BunyanFormattingLayer, JsonStorageLayer};
use tracing_subscriber::{Registry, fmt, layer::SubscriberExt as _};

use crate::candidate::Candidate;

/// tracing-subscriber's JSON as it comes.
pub(crate) const JSON: Candidate = Candidate {
    name: "tracing-subscriber json",
    dispatch: || {
        let layer = fmt::layer().json().with_writer(|| Forgotten);
        Dispatch::new(Registry::default().with(layer).with(LevelFilter::INFO))
    },
    settle: || {},
};

/// tracing-subscriber's JSON with its cheapest settings that still show the span.
pub(crate) const JSON_BEST: Candidate = Candidate {
    name: "tracing-subscriber json, flat, without span list",
    dispatch: || {
        let layer = fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_writer(|| Forgotten);
        Dispatch::new(Registry::default().with(layer).with(LevelFilter::INFO))
    },
    settle: || {},
};

/// json-subscriber with the fields of the event and of the innermost span at the top, its cheapest flat form.
pub(crate) const FLAT: Candidate = Candidate {
    name: "json-subscriber, flat",
    dispatch: || {
        let layer = json_subscriber::fmt::layer()
            .flatten_event(true)
            .with_span_list(false)
            .flatten_current_span_on_top_level(true)
            .with_writer(|| Forgotten);
        Dispatch::new(Registry::default().with(layer).with(LevelFilter::INFO))
    },
    settle: || {},
};

/// The format of bunyan. It writes a line at the start and the end of a span too.
pub(crate) const BUNYAN: Candidate = Candidate {
    name: "tracing-bunyan-formatter",
    dispatch: || {
        let layer = BunyanFormattingLayer::new("poker".to_owned(), || Forgotten);
        let subscriber = Registry::default()
            .with(JsonStorageLayer)
            .with(layer)
            .with(LevelFilter::INFO);
        Dispatch::new(subscriber)
    },
    settle: || {},
};

/// What an event costs that nobody wants.
pub(crate) const NOTHING: Candidate = Candidate {
    name: "tracing-subscriber, level filter alone",
    dispatch: || Dispatch::new(Registry::default().with(LevelFilter::INFO)),
    settle: || {},
};

/// Looks at the bytes and forgets them.
#[derive(Debug)]
pub(crate) struct Forgotten;

impl io::Write for Forgotten {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(black_box(bytes).len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
