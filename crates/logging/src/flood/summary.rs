use std::{
    cmp::Reverse,
    collections::HashMap,
    fmt, mem, ptr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tracing::{
    Event, Level, Metadata,
    field::{Field, Visit},
};

use super::{CallsiteFlood, Suppressed, budgets::Place};
use crate::{
    Redactor, level,
    log_record::LogRecord,
    notice::{Notice, Value},
    shown::shown,
    template::LOG_TARGET,
    timestamp::TimestampWriter,
};

/// The callsites, and of those whose events are told apart the values, that wait for a summary.
#[derive(Debug, Default)]
pub(crate) struct Floods(Mutex<Vec<Waiting>>);

/// How a time of suppression began.
#[derive(Debug)]
struct Waiting {
    callsite: Arc<CallsiteFlood>,
    place: Option<Place>,
    first: u64,
    said: Said,
}

/// What an event says of itself, redacted.
#[derive(Debug, Default)]
pub(crate) struct Said {
    message: String,
    value: Option<String>,
    /// Where a record of the `log` crate comes from.
    source: Option<Source>,
}

#[derive(Debug, Default)]
struct Source {
    target: String,
    file: String,
    line: u64,
}

impl Said {
    /// Reads an event; `value` shows the value of the key. Where the event's own code panics, what was read before
    /// stays.
    pub(crate) fn read(
        &mut self,
        event: &Event<'_>,
        redactor: &Redactor,
        value: impl FnOnce() -> Option<String>,
    ) {
        self.source = Source::of(event);
        self.value = value().map(|value| cut(value, LONGEST_VALUE));
        event.record(&mut MessageText {
            redactor,
            text: &mut self.message,
        });
    }
}

impl Floods {
    /// Has the next report tell of a callsite of which something is suppressed since `nanos`.
    pub(crate) fn push(&self, callsite: &Arc<CallsiteFlood>, suppressed: Suppressed, nanos: u64, said: Said) {
        let waiting = Waiting {
            callsite: Arc::clone(callsite),
            place: suppressed.place,
            first: nanos,
            said,
        };
        self.lock().push(waiting);
    }

    /// Hands a line about each callsite of which something was suppressed to `log`, and about each value of its key. Of
    /// very many values only those that flooded most have lines of their own.
    pub(crate) fn report(&self, key: Option<&str>, log: impl Fn(&Notice<'_>)) {
        let waiting = mem::take(&mut *self.lock());
        let mut summaries: Vec<_> = waiting.into_iter().map(Summary::from).collect();
        let mut rest = Vec::new();
        if summaries.len() > MOST_LINES {
            summaries.sort_by_key(|summary| Reverse(summary.count));
            rest = summaries.split_off(MOST_LINES);
        }
        for summary in summaries.iter().chain(&joined(rest)) {
            summary.tell(key, &log);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One summary for each callsite.
fn joined(summaries: Vec<Summary>) -> Vec<Summary> {
    let mut of_callsite: HashMap<usize, Summary> = HashMap::new();
    for summary in summaries {
        let callsite = ptr::from_ref(summary.metadata).addr();
        match of_callsite.remove(&callsite) {
            Some(other) => of_callsite.insert(callsite, other.and(&summary)),
            None => of_callsite.insert(callsite, summary),
        };
    }
    of_callsite.into_values().collect()
}

/// What was suppressed of one callsite, or of one value of the key there.
struct Summary {
    metadata: &'static Metadata<'static>,
    count: u64,
    first: u64,
    last: u64,
    message: String,
    value: Option<String>,
    source: Option<Source>,
    /// How many values it tells of.
    values: u64,
}

impl From<Waiting> for Summary {
    fn from(waiting: Waiting) -> Self {
        let tally = waiting.callsite.tally(waiting.place);
        let said = waiting.said;
        let (count, last) = tally.map(|tally| tally.take()).unwrap_or_default();
        Self {
            metadata: waiting.callsite.metadata,
            count,
            first: waiting.first,
            last: last.max(waiting.first),
            message: said.message,
            // Those without a slot have many values.
            value: said.value.filter(|_| waiting.place.is_some()),
            source: said.source,
            values: 1,
        }
    }
}

impl Summary {
    /// Both in one.
    fn and(self, other: &Self) -> Self {
        Self {
            count: self.count + other.count,
            first: self.first.min(other.first),
            last: self.last.max(other.last),
            value: None,
            source: None,
            values: self.values + other.values,
            ..self
        }
    }

    fn tell(&self, key: Option<&str>, log: impl Fn(&Notice<'_>)) {
        let shown = |nanos| TimestampWriter::default().render(time(nanos));
        let (first, last) = (shown(self.first), shown(self.last));
        let mut fields = vec![
            ("suppressed", Value::Number(self.count)),
            ("first", Value::Text(&first)),
            ("last", Value::Text(&last)),
        ];
        if let (Some(key), Some(value)) = (key, &self.value) {
            fields.extend([("key.name", Value::Text(key)), ("key.value", Value::Text(value))]);
        }
        if self.values > 1 {
            fields.push(("key.values", Value::Number(self.values)));
        }
        fields.extend(self.callsite());
        log(&Notice {
            level: Level::WARN,
            message: "events were suppressed",
            fields: &fields,
        });
    }

    /// Where the events come from, and what one of them says.
    fn callsite(&self) -> impl Iterator<Item = (&'static str, Value<'_>)> {
        let metadata = self.metadata;
        let (target, file, line) = match &self.source {
            Some(source) => (
                source.target.as_str(),
                Some(source.file.as_str()),
                Some(source.line),
            ),
            None => (metadata.target(), metadata.file(), metadata.line().map(u64::from)),
        };
        let place = [
            file.filter(|file| !file.is_empty())
                .map(|file| ("callsite.file", Value::Text(file))),
            line.map(|line| ("callsite.line", Value::Number(line))),
        ];
        let always = [
            ("callsite.target", Value::Text(target)),
            ("callsite.level", Value::Text(level::name(*metadata.level()))),
            ("callsite.message", Value::Text(&self.message)),
        ];
        always.into_iter().chain(place.into_iter().flatten())
    }
}

impl Source {
    fn of(event: &Event<'_>) -> Option<Self> {
        event.metadata().fields().field(LOG_TARGET)?;
        let mut source = Self::default();
        let mut record = LogRecord {
            target: &mut source.target,
            file: &mut source.file,
            line: 0,
        };
        event.record(&mut record);
        source.line = record.line;
        Some(source)
    }
}

/// The beginning of the message of an event, redacted.
struct MessageText<'a> {
    redactor: &'a Redactor,
    text: &'a mut String,
}

impl Visit for MessageText<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = field.name();
        if name != "message" {
            return;
        }
        let text = shown(format_args!("{value:?}"));
        let mut clean = String::new();
        match self.redactor.action(name) {
            Some(action) => self.redactor.apply(action, &text, &mut clean),
            None => clean.push_str(
                self.redactor
                    .clean_start(&text, LONGEST_MESSAGE, &mut String::new())
                    .0,
            ),
        }
        // Of a secret that is cut nobody could tell any more that it is one.
        *self.text = cut(clean, LONGEST_MESSAGE);
    }
}

fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text.shrink_to_fit();
    text
}

fn time(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}

const LONGEST_MESSAGE: usize = 256;
const LONGEST_VALUE: usize = 128;
pub(crate) const SUMMARY_INTERVAL: Duration = Duration::from_secs(5);
/// Beyond so many lines in one report, what is left of a callsite is told in one.
const MOST_LINES: usize = 64;
