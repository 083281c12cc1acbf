use std::{borrow::Cow, time::SystemTime};

use jiff::Timestamp;

use crate::{
    flat::{self, Value},
    profile::Profile,
};

/// A line taken apart, whatever names its profile has.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) time: Option<SystemTime>,
    /// In small letters.
    pub(super) level: String,
    pub(super) target: Cow<'a, str>,
    pub(super) message: Cow<'a, str>,
    pub(super) trace_id: Option<Cow<'a, str>>,
    pub(super) span_id: Option<Cow<'a, str>>,
    /// The rest, each name once.
    pub(super) fields: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Record<'a> {
    pub(super) fn parse(line: &'a [u8], profile: Profile) -> Self {
        let mut record = Self {
            time: None,
            level: String::new(),
            target: Cow::default(),
            message: Cow::default(),
            trace_id: None,
            span_id: None,
            fields: Vec::new(),
        };
        let nested = profile == Profile::OpenTelemetry;
        for (name, value) in flat::pairs(line) {
            match &*name {
                "Attributes" if nested => {
                    for (name, value) in flat::pairs(value.0) {
                        record.take_field(name, value, profile);
                    }
                }
                "InstrumentationScope" if nested => {
                    let name = flat::pairs(value.0).find(|(name, _)| name == "name");
                    record.target = name.map(|(_, value)| value.text()).unwrap_or_default();
                }
                "Resource" | "SeverityNumber" if nested => {}
                _ => record.take(name, value, profile),
            }
        }
        record
    }

    fn take(&mut self, name: Cow<'a, str>, value: Value<'a>, profile: Profile) {
        let [time, level, target, message] = names(profile);
        match &*name {
            name if name == time => self.time = parse_time(&value.text()),
            name if name == level => self.level = value.text().to_ascii_lowercase(),
            name if name == target => self.target = value.text(),
            name if name == message => self.message = value.text(),
            _ => self.take_field(name, value, profile),
        }
    }

    /// A field by our name for it.
    fn take_field(&mut self, name: Cow<'a, str>, value: Value<'a>, profile: Profile) {
        let renamed = profile.names().renamed.iter();
        let ours = renamed
            .into_iter()
            .find(|(_, theirs)| *theirs == name)
            .map(|(ours, _)| *ours);
        let name = ours.map_or(name, Cow::Borrowed);
        match &*name {
            "trace_id" => self.trace_id = Some(last_part(value)),
            "span_id" => self.span_id = Some(value.text()),
            _ => self.fields.push((name, value)),
        }
    }
}

#[cfg(any(feature = "otlp", feature = "sentry"))]
impl Record<'_> {
    /// A field, taken out of the rest.
    pub(super) fn field(&self, name: &str) -> Option<Value<'_>> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value)
    }

    /// Whether somebody must act now.
    pub(super) fn is_critical(&self) -> bool {
        let severity = self.field("severity").map(Value::text);
        matches!(self.level.as_str(), "critical" | "fatal")
            || severity.is_some_and(|severity| severity.eq_ignore_ascii_case("critical"))
    }
}

/// What a profile calls the time, the level, the target and the message.
const fn names(profile: Profile) -> [&'static str; 4] {
    match profile {
        Profile::Default => ["timestamp", "level", "target", "message"],
        Profile::OpenTelemetry => ["Timestamp", "SeverityText", "", "Body"],
        Profile::Ecs => ["@timestamp", "log.level", "log.logger", "message"],
        Profile::Gcp => ["time", "severity", "target", "message"],
        Profile::Datadog => ["timestamp", "status", "logger.name", "message"],
    }
}

/// Google's traces have their project in front.
fn last_part(value: Value<'_>) -> Cow<'_, str> {
    match value.text() {
        Cow::Borrowed(text) => Cow::Borrowed(text.rsplit('/').next().unwrap_or(text)),
        Cow::Owned(text) => Cow::Owned(text.rsplit('/').next().unwrap_or_default().to_owned()),
    }
}

/// RFC 3339, or nanoseconds since 1970.
fn parse_time(text: &str) -> Option<SystemTime> {
    let stamp = match text.parse() {
        Ok(nanoseconds) => Timestamp::from_nanosecond(nanoseconds).ok()?,
        Err(_) => text.parse().ok()?,
    };
    Some(stamp.into())
}
