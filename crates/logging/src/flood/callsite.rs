use std::{
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tracing::{
    Event, Level, Metadata,
    field::{Field, Visit},
};

use super::{
    Flood,
    bucket::{Bucket, Limit},
    budgets::Budgets,
    key::value_of,
};
use crate::{
    category,
    filter::ALERT_KEY,
    level,
    notice::{Notice, TARGET, Value},
    shown::shown,
    template::LOG_TARGET,
    timestamp::TimestampWriter,
};

/// The budgets of one callsite, and what of it was suppressed since the last summary.
#[derive(Debug)]
pub(crate) struct CallsiteFlood {
    metadata: &'static Metadata<'static>,
    limit: Limit,
    bucket: Bucket,
    /// In place of the one bucket, where events are told apart.
    keyed: Option<Keyed>,
    suppressed: AtomicU64,
    last: AtomicU64,
    period: Mutex<Period>,
}

/// What tells the events of a callsite apart.
#[derive(Debug)]
struct Keyed {
    /// The field whose value an event may have.
    own: Option<String>,
    /// All records of the `log` crate come from one callsite a level.
    is_log_record: bool,
    budgets: Budgets,
}

/// How a time of suppression began.
#[derive(Debug, Default)]
struct Period {
    first: u64,
    message: String,
}

impl CallsiteFlood {
    /// `None` for what is never held back: spans, errors, audit events, alerts, and what logging itself says.
    pub(crate) fn new(metadata: &'static Metadata<'static>, flood: &Flood) -> Option<Self> {
        let limit = flood.limit()?;
        let has = |name: &str| metadata.fields().field(name).is_some();
        let is_exempt = !metadata.is_event()
            || has(ALERT_KEY)
            || category::is_audit(metadata)
            || metadata.target() == TARGET
            || (*metadata.level() == Level::ERROR && !flood.limits_errors());
        if is_exempt {
            return None;
        }
        let (key, is_log_record) = (flood.key_field(), has(LOG_TARGET));
        let is_keyed = key.is_some() || is_log_record;
        Some(Self {
            metadata,
            limit,
            bucket: Bucket::default(),
            keyed: is_keyed.then(|| Keyed {
                own: key.filter(|key| has(key)).map(ToOwned::to_owned),
                is_log_record,
                budgets: Budgets::default(),
            }),
            suppressed: AtomicU64::new(0),
            last: AtomicU64::new(0),
            period: Mutex::default(),
        })
    }

    /// Whether the event has a budget left. `of_span` gives the key of the spans that it is in, for one that has
    /// none of its own. Takes no lock and allocates nothing.
    pub(crate) fn admits(
        &self,
        event: &Event<'_>,
        nanos: u64,
        of_span: impl FnOnce() -> Option<u64>,
    ) -> bool {
        match &self.keyed {
            None => self.bucket.admits(nanos, &self.limit),
            Some(keyed) => {
                let key = keyed.key(event, of_span);
                keyed.budgets.admits(key, nanos, &self.limit)
            }
        }
    }

    /// Notes an event that was not admitted; says whether it is the first since the last summary.
    fn note(&self, event: &Event<'_>, nanos: u64) -> bool {
        self.last.fetch_max(nanos, Ordering::Relaxed);
        if self.suppressed.fetch_add(1, Ordering::Relaxed) > 0 {
            return false;
        }
        let mut message = MessageText::default();
        event.record(&mut message);
        let mut period = self.period();
        period.first = nanos;
        period.message = message.0;
        true
    }

    fn summary(&self) -> Summary {
        let period = mem::take(&mut *self.period());
        // Before the count: what is noted meanwhile belongs to the next summary.
        let last = self.last.swap(0, Ordering::Relaxed);
        Summary {
            metadata: self.metadata,
            count: self.suppressed.swap(0, Ordering::Relaxed),
            first: time(period.first),
            last: time(last.max(period.first)),
            message: period.message,
        }
    }

    fn period(&self) -> MutexGuard<'_, Period> {
        self.period.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keyed {
    fn key(&self, event: &Event<'_>, of_span: impl FnOnce() -> Option<u64>) -> u64 {
        let value = |names: &[&str]| value_of(names, |visit| event.record(visit));
        let own = self.own.as_deref().and_then(|name| value(&[name]));
        let place = self.is_log_record.then(|| value(&LOG_PLACE)).flatten();
        let mut hasher = DefaultHasher::new();
        (own.or_else(of_span), place).hash(&mut hasher);
        hasher.finish()
    }
}

/// The callsites that wait for a summary.
#[derive(Debug, Default)]
pub(crate) struct Floods(Mutex<Vec<Arc<CallsiteFlood>>>);

impl Floods {
    /// Notes an event that was not admitted; says when the summary is due, if it is a new one.
    pub(crate) fn suppress(
        &self,
        callsite: &Arc<CallsiteFlood>,
        event: &Event<'_>,
        nanos: u64,
    ) -> Option<Duration> {
        callsite.note(event, nanos).then(|| {
            self.lock().push(Arc::clone(callsite));
            SUMMARY_INTERVAL
        })
    }

    /// Hands a line about each callsite of which something was suppressed to `log`.
    pub(crate) fn report(&self, log: impl Fn(&Notice<'_>)) {
        let waiting = mem::take(&mut *self.lock());
        for callsite in waiting {
            callsite.summary().tell(&log);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<CallsiteFlood>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was suppressed of one callsite.
struct Summary {
    metadata: &'static Metadata<'static>,
    count: u64,
    first: SystemTime,
    last: SystemTime,
    message: String,
}

impl Summary {
    fn tell(&self, log: impl Fn(&Notice<'_>)) {
        let shown = |time| TimestampWriter::default().render(time);
        let (first, last) = (shown(self.first), shown(self.last));
        let metadata = self.metadata;
        let mut fields = vec![
            ("suppressed", Value::Number(self.count)),
            ("first", Value::Text(&first)),
            ("last", Value::Text(&last)),
            ("callsite.target", Value::Text(metadata.target())),
            ("callsite.level", Value::Text(level::name(*metadata.level()))),
            ("callsite.message", Value::Text(&self.message)),
        ];
        fields.extend(metadata.file().map(|file| ("callsite.file", Value::Text(file))));
        fields.extend(
            metadata
                .line()
                .map(|line| ("callsite.line", Value::Number(line.into()))),
        );
        log(&Notice {
            level: Level::WARN,
            message: "events were suppressed",
            fields: &fields,
        });
    }
}

/// The beginning of the message of an event.
#[derive(Default)]
struct MessageText(String);

impl Visit for MessageText {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = shown(format_args!("{value:?}"));
            self.0.truncate(self.0.floor_char_boundary(LONGEST_MESSAGE));
        }
    }
}

fn time(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}

/// The fields that tell where a record of the `log` crate comes from.
const LOG_PLACE: [&str; 2] = [LOG_TARGET, "log.line"];
const LONGEST_MESSAGE: usize = 256;
const SUMMARY_INTERVAL: Duration = Duration::from_secs(5);
