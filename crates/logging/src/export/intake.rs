use std::{borrow::Cow, fmt, io::Write as _, time::UNIX_EPOCH};

use flate2::{Compression, write::GzEncoder};
use groundcrew_base::Secret;
use http::{HeaderName, HeaderValue, Uri, header::CONTENT_ENCODING};
use tracing::Level;

use super::{Export, ExportError, Exporter, Place, error::Failure, record::Record};
use crate::{
    courier::{self, Courier, Parcel},
    flat::{self, Value},
    json,
};

/// Sends lines to Datadog's [log intake].
///
/// A line goes as it is: its level is what Datadog takes as the status, with any [`Profile`](crate::Profile), and
/// `service` is its service. The version and the environment go as tags, with [`Datadog::tag`]. Batches are of at
/// most 4.5 MB and 1,000 lines, compressed with gzip. 408, 429 and 5xx are tried again; what is answered 400, 401,
/// 403 or 413 is dropped.
///
/// [log intake]: https://docs.datadoghq.com/api/latest/logs/#send-logs
#[derive(Debug)]
#[must_use]
pub struct Datadog {
    intake: Intake,
    tags: Vec<(String, String)>,
}

impl Datadog {
    /// Sends with this API key, to the site `datadoghq.com`.
    pub fn new(key: Secret) -> Self {
        Self {
            intake: Intake::new(key),
            tags: Vec::new(),
        }
        .site("datadoghq.com")
    }

    /// The site of the account, such as `datadoghq.eu` or `us5.datadoghq.com`.
    pub fn site(self, site: &str) -> Self {
        self.url(format!("https://http-intake.logs.{site}/api/v2/logs"))
    }

    /// Sends to this address, such as that of an agent in between.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.intake.address = url.into();
        self
    }

    /// The name of the machine; default none.
    pub fn hostname(mut self, name: impl Into<String>) -> Self {
        self.intake.hostname = Some(name.into());
        self
    }

    /// Adds a tag to every line, besides `env` and `version`.
    pub fn tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((name.into(), value.into()));
        self
    }
}

impl From<Datadog> for Export {
    fn from(datadog: Datadog) -> Self {
        Self::new("datadog", Level::TRACE, move |place, settings| {
            let post = datadog.intake.post("dd-api-key", place.courier(settings)?)?;
            let tags = [("env", &place.environment), ("version", &place.version)];
            let tags = tags
                .into_iter()
                .chain(datadog.tags.iter().map(|(name, value)| (name.as_str(), value)));
            let tags: Vec<String> = tags.map(|(name, value)| format!("{name}:{value}")).collect();
            let mut own = vec![("ddsource", "rust".to_owned()), ("ddtags", tags.join(","))];
            own.extend(datadog.intake.host());
            own.push(("service", place.service.clone()));
            Ok(Box::new(DatadogExporter { post, own }))
        })
    }
}

struct DatadogExporter {
    post: Post,
    /// What each entry has unless the line says otherwise.
    own: Vec<(&'static str, String)>,
}

impl Exporter for DatadogExporter {
    fn most(&self) -> (usize, u64) {
        (4_500_000, 1000)
    }

    fn export(&mut self, lines: &[&[u8]]) -> Result<u64, ExportError> {
        let mut body = String::from("[");
        list(&mut body, lines, |body, line| self.entry(body, line));
        body.push(']');
        self.post.send(&body)?;
        Ok(lines.len() as u64)
    }
}

impl DatadogExporter {
    /// The line with our fields in front.
    fn entry(&self, body: &mut String, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        body.push('{');
        for (name, value) in &self.own {
            if flat::pairs(line.as_bytes()).all(|(known, _)| known != *name) {
                json::string(body, name, usize::MAX);
                body.push(':');
                json::string(body, value, usize::MAX);
                body.push(',');
            }
        }
        let fields = line.trim().strip_prefix('{').unwrap_or("}");
        if fields == "}" && body.ends_with(',') {
            body.pop();
        }
        body.push_str(fields);
    }
}

/// Sends lines to New Relic's [Log API].
///
/// A line's message and time go as such, its other fields as attributes, beside `level`, `logger`, `trace.id` and
/// `span.id` (a field of such a name is `fields.level`); service, version and environment are common
/// to all. Batches are of at most 900 kB, compressed with gzip. 408, 429 and 5xx are tried again, other errors are
/// not.
///
/// [Log API]: https://docs.newrelic.com/docs/logs/log-api/introduction-log-api/
#[derive(Debug)]
#[must_use]
pub struct NewRelic {
    intake: Intake,
}

impl NewRelic {
    /// Sends with this licence key, to the data centre in the United States.
    pub fn new(key: Secret) -> Self {
        let intake = Intake::new(key);
        Self { intake }.url("https://log-api.newrelic.com/log/v1")
    }

    /// Sends to the data centre in Europe.
    pub fn eu(self) -> Self {
        self.url("https://log-api.eu.newrelic.com/log/v1")
    }

    /// Sends to this address.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.intake.address = url.into();
        self
    }

    /// The name of the machine; default none.
    pub fn hostname(mut self, name: impl Into<String>) -> Self {
        self.intake.hostname = Some(name.into());
        self
    }
}

impl From<NewRelic> for Export {
    fn from(new_relic: NewRelic) -> Self {
        Self::new("newrelic", Level::TRACE, move |place, settings| {
            let post = new_relic.intake.post("api-key", place.courier(settings)?)?;
            let mut common = vec![
                ("service", place.service.clone()),
                ("version", place.version.clone()),
                ("environment", place.environment.clone()),
            ];
            common.extend(new_relic.intake.host());
            Ok(Box::new(NewRelicExporter {
                post,
                common,
                place: place.clone(),
            }))
        })
    }
}

struct NewRelicExporter {
    post: Post,
    common: Vec<(&'static str, String)>,
    place: Place,
}

impl Exporter for NewRelicExporter {
    fn most(&self) -> (usize, u64) {
        (900_000, 10_000)
    }

    fn export(&mut self, lines: &[&[u8]]) -> Result<u64, ExportError> {
        let mut body = String::from("[{\"common\":{\"attributes\":{");
        for (at, (name, value)) in self.common.iter().enumerate() {
            pair(&mut body, at, name, value);
        }
        body.push_str("}},\"logs\":[");
        list(&mut body, lines, |body, line| self.entry(body, line));
        body.push_str("]}]");
        self.post.send(&body)?;
        Ok(lines.len() as u64)
    }
}

impl NewRelicExporter {
    fn entry(&self, body: &mut String, line: &[u8]) {
        let record = Record::parse(line, self.place.profile);
        body.push('{');
        if let Some(since) = record.time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()) {
            body.push_str("\"timestamp\":");
            json::integer(body, u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
            body.push(',');
        }
        body.push_str("\"message\":");
        json::string(body, &record.message, usize::MAX);
        body.push_str(",\"attributes\":{");
        let mut own = vec![("level", &*record.level), ("logger", &*record.target)];
        own.extend(record.trace_id.as_deref().map(|id| ("trace.id", id)));
        own.extend(record.span_id.as_deref().map(|id| ("span.id", id)));
        for (at, (name, value)) in own.iter().enumerate() {
            pair(body, at, name, value);
        }
        for (name, value) in &record.fields {
            if self.is_common(name, *value) {
                continue;
            }
            body.push(',');
            json::string(body, &free_name(name, &own, &record), usize::MAX);
            body.push(':');
            body.push_str(&String::from_utf8_lossy(value.0));
        }
        body.push_str("}}");
    }

    /// What is said for all lines of the batch already.
    fn is_common(&self, name: &str, value: Value<'_>) -> bool {
        let common = self.common.iter().find(|(common, _)| *common == name);
        common.is_some_and(|(_, known)| value.as_str().is_some_and(|text| text == *known))
    }
}

/// The name of a field, with as many `fields.` in front as it takes to be told from ours and from the others.
fn free_name<'a>(name: &'a str, own: &[(&str, &str)], record: &Record<'_>) -> Cow<'a, str> {
    let is_taken = |name: &str| own.iter().any(|(known, _)| *known == name);
    let mut free = Cow::Borrowed(name);
    while is_taken(&free) || free != name && record.fields.iter().any(|(known, _)| *known == free) {
        free = Cow::Owned(format!("fields.{free}"));
    }
    free
}

/// Adds an entry for each line, with commas between them.
fn list(body: &mut String, lines: &[&[u8]], entry: impl Fn(&mut String, &[u8])) {
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            body.push(',');
        }
        entry(body, line);
    }
}

fn pair(body: &mut String, at: usize, name: &str, value: &str) {
    if at > 0 {
        body.push(',');
    }
    json::string(body, name, usize::MAX);
    body.push(':');
    json::string(body, value, usize::MAX);
}

/// What is said of any intake before it is opened.
struct Intake {
    key: Secret,
    address: String,
    hostname: Option<String>,
}

impl Intake {
    const fn new(key: Secret) -> Self {
        Self {
            key,
            address: String::new(),
            hostname: None,
        }
    }

    /// The name of the machine as a field.
    fn host(&self) -> Option<(&'static str, String)> {
        self.hostname.clone().map(|hostname| ("hostname", hostname))
    }

    /// Opens it, with the key in the header `name`.
    fn post(&self, name: &'static str, courier: Courier) -> Result<Post, ExportError> {
        Post::new(&self.address, HeaderName::from_static(name), &self.key, courier)
    }
}

/// Addresses may hold secrets.
impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake")
            .field("hostname", &self.hostname)
            .finish_non_exhaustive()
    }
}

/// One address, with a key in a header and bodies compressed.
struct Post {
    courier: Courier,
    uri: Uri,
    name: HeaderName,
    value: HeaderValue,
    key: Secret,
}

impl Post {
    fn new(address: &str, name: HeaderName, key: &Secret, courier: Courier) -> Result<Self, ExportError> {
        let uri = courier::address(address).ok_or(Failure::Address)?;
        let value = HeaderValue::from_str(key.expose().trim()).map_err(|_| Failure::Key)?;
        Ok(Self {
            courier,
            uri,
            name,
            value,
            key: key.clone(),
        })
    }

    fn send(&mut self, body: &str) -> Result<(), ExportError> {
        let body = compressed(body.as_bytes()).map_err(Failure::Compress)?;
        let mut parcel = Parcel::json(self.uri.clone(), body);
        parcel
            .headers
            .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        parcel.secret_header(self.name.clone(), self.value.clone());
        let sent = self.courier.deliver(&parcel, &[&self.key], || ());
        sent.map(drop).map_err(|error| Failure::Send(error).into())
    }
}

fn compressed(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}
