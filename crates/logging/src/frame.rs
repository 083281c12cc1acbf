use std::{
    collections::HashMap,
    ptr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use groundcrew_base::Clock;
use tracing::Metadata;

use crate::{
    Redactor, json,
    template::{Key, Template},
};

/// What stands around the fields of every line: the time, the defaults, the redactor, the longest length.
#[derive(Debug)]
pub(crate) struct Frame {
    /// Tells apart the layers of one process in thread-local caches and span extensions.
    pub(crate) id: u64,
    pub(crate) clock: Clock,
    pub(crate) redactor: Redactor,
    pub(crate) defaults: Vec<Default>,
    /// The defaults as they end a line for people, with its line feed.
    pub(crate) console_end: Vec<u8>,
    /// Fields stop here, so that the line stays within its longest length with all that follows.
    pub(crate) limit: usize,
    templates: Mutex<HashMap<usize, Arc<Template>>>,
}

/// A pair that stands on every line unless the event or a span has a field of that name.
#[derive(Debug)]
pub(crate) struct Default {
    pub(crate) key: Key,
    /// The encoded pair with its comma.
    pub(crate) pair: Vec<u8>,
}

impl Frame {
    pub(crate) fn new(clock: Clock, redactor: Redactor, defaults: &[(&str, &str)], max_line: usize) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);

        let console_end = console_end(defaults);
        let defaults: Vec<Default> = defaults
            .iter()
            .map(|(name, value)| Default::new(name, value))
            .collect();
        let tail: usize = defaults.iter().map(|default| default.pair.len()).sum();
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            clock,
            redactor,
            defaults,
            console_end,
            limit: max_line.saturating_sub(tail + RESERVE),
            templates: Mutex::default(),
        }
    }

    /// What is known of a callsite; worked out at its first event.
    pub(crate) fn template(&self, metadata: &'static Metadata<'static>) -> Arc<Template> {
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        let template = templates
            .entry(ptr::from_ref(metadata).addr())
            .or_insert_with(|| Arc::new(Template::new(metadata, &self.redactor)));
        Arc::clone(template)
    }

    /// The smallest longest line that leaves room for fields beside the defaults.
    pub(crate) fn least_line(&self) -> usize {
        let tail: usize = self.defaults.iter().map(|default| default.pair.len()).sum();
        tail + LEAST_LINE
    }
}

fn console_end(defaults: &[(&str, &str)]) -> Vec<u8> {
    let mut end = Vec::new();
    for (name, value) in defaults {
        end.extend_from_slice(format!(" {name}=").as_bytes());
        json::escape(&mut end, value, usize::MAX);
    }
    end.push(b'\n');
    end
}

impl Default {
    fn new(name: &str, value: &str) -> Self {
        let key = Key::new(name.to_owned());
        let mut pair = key.prefix.clone();
        json::string(&mut pair, value, usize::MAX);
        Self { key, pair }
    }
}

/// Room for the closing of a value, an empty message, the mark of a cut line and the closing of the line.
const RESERVE: usize = 64;
/// Room for the timestamp, level, target and some text.
const LEAST_FIELDS: usize = 512;
/// The smallest longest line where there are no defaults.
pub(crate) const LEAST_LINE: usize = RESERVE + LEAST_FIELDS;
