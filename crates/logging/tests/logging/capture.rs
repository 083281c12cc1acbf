//! Collects lines and reads them with a parser that refuses a name that stands twice.

use std::{
    fmt, io,
    sync::{Arc, Mutex},
    time::Duration,
};

use groundcrew_base::ByteSize;
use groundcrew_logging::{
    Format, LineCounts, Logging, LoggingBuilder, LoggingConfig, Overflow, Profile, Sink,
};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use tracing::{Level, subscriber::with_default};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) const PROFILES: [Profile; 5] = [
    Profile::Default,
    Profile::OpenTelemetry,
    Profile::Ecs,
    Profile::Gcp,
    Profile::Datadog,
];

/// A sink that keeps everything.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        parse(&self.text())
    }
}

impl Sink for Kept {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(lines);
        Ok(lines.len())
    }
}

/// One line, its fields in their order.
#[derive(Debug)]
pub(crate) struct Line(Vec<(String, Value)>);

impl Line {
    pub(crate) fn field(&self, name: &str) -> &Value {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or(&Value::Null, |(_, value)| value)
    }

    /// All fields.
    pub(crate) fn all(&self) -> serde_json::Map<String, Value> {
        self.0.iter().cloned().collect()
    }

    pub(crate) fn message(&self) -> &str {
        self.field("message").as_str().unwrap()
    }

    /// The names and values besides the built-in ones and the defaults.
    pub(crate) fn own(&self) -> Vec<(&str, Value)> {
        let ours = [
            "timestamp",
            "level",
            "target",
            "message",
            "service",
            "version",
            "environment",
        ];
        let own = self.0.iter().filter(|(name, _)| !ours.contains(&name.as_str()));
        own.map(|(name, value)| (name.as_str(), value.clone())).collect()
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Strict::deserialize(deserializer)? {
            Strict::Object(fields) => {
                let fields = fields.into_iter();
                Ok(Self(fields.map(|(name, value)| (name, value.into())).collect()))
            }
            _ => Err(D::Error::custom("a line is an object")),
        }
    }
}

/// Any JSON, in no object of which a name stands twice.
enum Strict {
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    Other(Value),
}

impl From<Strict> for Value {
    fn from(strict: Strict) -> Self {
        match strict {
            Strict::Object(fields) => {
                let fields = fields.into_iter();
                Self::Object(fields.map(|(name, value)| (name, value.into())).collect())
            }
            Strict::Array(values) => Self::Array(values.into_iter().map(Into::into).collect()),
            Strict::Other(value) => value,
        }
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let mut fields: Vec<(String, Strict)> = Vec::new();
        while let Some((name, value)) = map.next_entry()? {
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(format!("{name} stands twice")));
            }
            fields.push((name, value));
        }
        Ok(Strict::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Strict, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Strict::Array(values))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
        Ok(Strict::Other(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict::Other(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict::Other(Value::Null))
    }
}

pub(crate) fn parse(text: &str) -> Vec<Line> {
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "the last line is not whole"
    );
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// A configuration that writes nowhere but to the sinks of the test.
pub(crate) fn quiet() -> LoggingConfig {
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config
}

pub(crate) fn at(level: &str) -> LoggingConfig {
    let mut config = quiet();
    config.level = level.parse().unwrap();
    config
}

/// Runs `work` under a subscriber of its own.
pub(crate) fn run<R>(builder: LoggingBuilder, work: impl FnOnce(&Logging) -> R) -> R {
    let (layer, logging) = builder.build().unwrap();
    let result = with_default(Registry::default().with(layer), || work(&logging));
    logging.flush(DEADLINE).unwrap();
    result
}

/// A queue of so many KiB, and lines of one at the most.
pub(crate) fn small(queue_kib: u64, overflow: Overflow) -> LoggingConfig {
    let mut config = quiet();
    config.max_line = ByteSize::kib(1);
    config.queue_size = ByteSize::kib(queue_kib);
    config.overflow = overflow;
    config
}

/// Every line that was accepted was written, dropped or waits.
pub(crate) fn assert_exact(lines: &LineCounts) {
    assert_eq!(
        lines.accepted,
        lines.written + lines.dropped.total() + lines.pending,
        "{lines:?}"
    );
}

/// What is built with nothing but a sink that keeps.
pub(crate) fn keeping(kept: &Kept) -> LoggingBuilder {
    Logging::builder()
        .config(quiet())
        .sink("kept", Level::TRACE, kept.clone())
}

/// The lines that `work` logs, at every level.
pub(crate) fn logged(work: impl FnOnce()) -> Vec<Line> {
    let kept = Kept::default();
    let builder = Logging::builder()
        .config(at("trace"))
        .sink("kept", Level::TRACE, kept.clone());
    run(builder, |_| work());
    kept.lines()
}

/// The only line that `work` logs.
pub(crate) fn logged_one(work: impl FnOnce()) -> Line {
    let mut lines = logged(work);
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

/// Waits until it is so; the tests say in what time that must be.
pub(crate) fn eventually(is_so: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed() < DEADLINE, "it never was so");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}
