use std::{
    collections::VecDeque,
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use groundcrew_base::Secret;
use http::{HeaderName, HeaderValue, Uri, header::CONTENT_TYPE};
use sentry::{
    Client, ClientOptions, Envelope, Hub, Level as SentryLevel, Transport,
    protocol::{Breadcrumb, Event, Exception, User, Value as Json, Values},
    types::{Dsn, Uuid},
};
use tracing::Level;

use super::{Export, ExportError, Exporter, Place, error::Failure, record::Record, scrub::scrubbed};
use crate::courier::{self, Courier, CourierSettings, Parcel};

/// Sends errors to Sentry, with what was logged before as breadcrumbs.
///
/// Lines of level error make events, critical ones with the level `fatal`; lesser lines that
/// [`Export::level`] lets through (by default `info` and `warn`) become breadcrumbs of the errors after them, of the
/// same request if they have a `requestId`, at most 100. The release is `service@version`. Everything is masked by the
/// log's redactor. No stack traces, debug images or data of the machine are added. A line counts as written when it is
/// sent, kept as a breadcrumb, or left out by [`SentryEvents::sample_rate`].
///
/// # Examples
/// ```
/// use groundcrew_base::Secret;
/// use groundcrew_logging::{Logging, SentryEvents};
///
/// let sentry = SentryEvents::new(Secret::from("https://key@o1.ingest.sentry.io/1")).sample_rate(0.5);
/// let builder = Logging::builder().export(sentry);
/// # drop(builder);
/// ```
#[must_use]
pub struct SentryEvents {
    dsn: Secret,
    sample_rate: f32,
    traces_sample_rate: f32,
    server_name: Option<String>,
    binds: bool,
}

impl SentryEvents {
    /// Sends to the project of this DSN.
    pub const fn new(dsn: Secret) -> Self {
        Self {
            dsn,
            sample_rate: 1.0,
            traces_sample_rate: 0.1,
            server_name: None,
            binds: false,
        }
    }

    /// The share of events that are sent, from 0 to 1; default 1.
    pub const fn sample_rate(mut self, share: f32) -> Self {
        self.sample_rate = share;
        self
    }

    /// The share of the transactions that are sent which a service starts with the `sentry` crate itself, see
    /// [`SentryEvents::bind_hub`]; default 0.1.
    pub const fn traces_sample_rate(mut self, share: f32) -> Self {
        self.traces_sample_rate = share;
        self
    }

    /// The name of the machine; default none.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Makes this the client of the process's main hub, so that what a service captures with the `sentry` crate
    /// itself is sent here too, with the next error or when the log ends. The default leaves the hub alone.
    ///
    /// All of it is masked before it is sent, events and transactions with their spans: every text, and values by
    /// their names. Cookies and `Authorization` are left out, and so are attachments, which cannot be read. What
    /// stays as it is: ids, release, environment, name of the machine, and debug images.
    pub const fn bind_hub(mut self) -> Self {
        self.binds = true;
        self
    }

    fn open(self, place: &Place, settings: CourierSettings) -> Result<Box<dyn Exporter>, ExportError> {
        let dsn: Dsn = self.dsn.expose().trim().parse().map_err(|_| Failure::Dsn)?;
        for share in [self.sample_rate, self.traces_sample_rate] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Failure::Share(share).into());
            }
        }
        let uri = courier::address(dsn.envelope_api_url().as_str()).ok_or(Failure::Dsn)?;
        let auth = HeaderValue::from_str(&dsn.to_auth(Some(AGENT)).to_string()).map_err(|_| Failure::Key)?;
        let key = Secret::from(dsn.public_key());
        let outbox = Arc::new(Outbox::default());
        let client = Arc::new(Client::from_config(self.options(dsn, place, &outbox)));
        if self.binds {
            Hub::main().bind_client(Some(Arc::clone(&client)));
        }
        Ok(Box::new(SentryExporter {
            courier: place.courier(settings)?,
            place: place.clone(),
            client,
            outbox,
            uri,
            auth,
            dsn: self.dsn,
            key,
            own: Vec::new(),
            breadcrumbs: VecDeque::new(),
        }))
    }

    fn options(&self, dsn: Dsn, place: &Place, outbox: &Arc<Outbox>) -> ClientOptions {
        let mut options = ClientOptions::new()
            .release(format!("{}@{}", place.service, place.version))
            .environment(place.environment.clone())
            .sample_rate(self.sample_rate)
            .traces_sample_rate(self.traces_sample_rate)
            .default_integrations(false)
            .transport(Arc::clone(outbox));
        options.dsn = Some(dsn);
        options.server_name = self.server_name.clone().map(Into::into);
        options
    }
}

impl From<SentryEvents> for Export {
    fn from(events: SentryEvents) -> Self {
        Self::new("sentry", Level::INFO, move |place, settings| {
            events.open(place, settings)
        })
    }
}

impl fmt::Debug for SentryEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentryEvents")
            .field("sample_rate", &self.sample_rate)
            .finish_non_exhaustive()
    }
}

/// Where Sentry's client leaves what is to be sent.
#[derive(Default)]
struct Outbox(Mutex<Vec<Envelope>>);

impl Outbox {
    fn take(&self) -> Vec<Envelope> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Outbox {
    fn send_envelope(&self, envelope: Envelope) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST_WAITING {
            waiting.push(envelope);
        }
    }

    fn flush(&self, _: Duration) -> bool {
        true
    }
}

struct SentryExporter {
    courier: Courier,
    place: Place,
    client: Arc<Client>,
    outbox: Arc<Outbox>,
    uri: Uri,
    auth: HeaderValue,
    dsn: Secret,
    key: Secret,
    /// The events made of lines, whose values are masked already.
    own: Vec<Uuid>,
    /// With the request that each is of.
    breadcrumbs: VecDeque<(Option<String>, Breadcrumb)>,
}

impl Exporter for SentryExporter {
    fn most(&self) -> (usize, u64) {
        // Breadcrumbs wait for their error, but an error waits for no other one.
        (1, 1)
    }

    fn export(&mut self, lines: &[&[u8]]) -> Result<u64, ExportError> {
        for line in lines {
            let record = Record::parse(line, self.place.profile);
            if matches!(record.level.as_str(), "error" | "critical" | "fatal") {
                let mut event = event(&record);
                event.breadcrumbs = self.breadcrumbs_of(&record);
                self.own.push(self.client.capture_event(event, None));
            } else {
                self.add_breadcrumb(&record);
            }
        }
        self.send()?;
        Ok(lines.len() as u64)
    }

    fn end(&mut self) {
        // What a service has captured itself goes with the last of ours.
        self.send().ok();
    }
}

impl SentryExporter {
    fn send(&mut self) -> Result<(), ExportError> {
        let own = mem::take(&mut self.own);
        for envelope in self.outbox.take() {
            let mut body = Vec::new();
            envelope.to_writer(&mut body).map_err(Failure::Encode)?;
            if !envelope.uuid().is_some_and(|id| own.contains(id)) {
                let Some(shown) = scrubbed(&body, &self.place.redactor) else {
                    continue;
                };
                body = shown;
            }
            let mut parcel = Parcel::json(self.uri.clone(), body);
            let kind = HeaderValue::from_static("application/x-sentry-envelope");
            parcel.headers.insert(CONTENT_TYPE, kind);
            parcel.secret_header(AUTH, self.auth.clone());
            let sent = self.courier.deliver(&parcel, &[&self.dsn, &self.key], || ());
            sent.map_err(Failure::Send)?;
        }
        Ok(())
    }

    fn add_breadcrumb(&mut self, record: &Record<'_>) {
        if self.breadcrumbs.len() == MOST_BREADCRUMBS {
            self.breadcrumbs.pop_front();
        }
        let breadcrumb = Breadcrumb {
            timestamp: record.time.unwrap_or_else(|| self.place.clock.now()),
            ty: "default".to_owned(),
            category: Some(record.target.clone().into_owned()),
            level: if record.level.starts_with("warn") {
                SentryLevel::Warning
            } else {
                SentryLevel::Info
            },
            message: Some(record.message.clone().into_owned()),
            data: data(record).collect(),
        };
        self.breadcrumbs.push_back((request(record), breadcrumb));
    }

    /// Those of the event's request, or all where it has none.
    fn breadcrumbs_of(&self, record: &Record<'_>) -> Values<Breadcrumb> {
        let wanted = request(record);
        let of = self
            .breadcrumbs
            .iter()
            .filter(|(of, _)| wanted.is_none() || *of == wanted);
        of.map(|(_, breadcrumb)| breadcrumb.clone())
            .collect::<Vec<_>>()
            .into()
    }
}

fn request(record: &Record<'_>) -> Option<String> {
    record.field("requestId").map(|id| id.text().into_owned())
}

fn event(record: &Record<'_>) -> Event<'static> {
    let text = |name| record.field(name).map(|value| value.text().into_owned());
    let mut event = Event::new();
    event.level = match record.is_critical() {
        true => SentryLevel::Fatal,
        false => SentryLevel::Error,
    };
    event.logger = Some(record.target.clone().into_owned());
    event.message = Some(record.message.clone().into_owned());
    if let Some(time) = record.time {
        event.timestamp = time;
    }
    if let Some(value) = text("error") {
        event.exception = vec![Exception {
            ty: text("error.type").unwrap_or_else(|| record.message.clone().into_owned()),
            value: Some(value),
            ..Exception::default()
        }]
        .into();
    }
    if let Some(id) = text("userId") {
        event.user = Some(User {
            id: Some(id),
            ..User::default()
        });
    }
    event.tags.extend(tags(record));
    event.extra = data(record).collect();
    event
}

/// What events are searched by.
fn tags(record: &Record<'_>) -> impl Iterator<Item = (String, String)> {
    let ids = [("trace_id", &record.trace_id), ("span_id", &record.span_id)];
    let ids = ids
        .into_iter()
        .filter_map(|(name, id)| Some((name.to_owned(), id.clone()?.into_owned())));
    let fields = TAGS
        .iter()
        .filter_map(|name| Some((name.to_string(), record.field(name)?.text().into_owned())));
    ids.chain(fields)
}

/// The fields that are told in no other place.
fn data(record: &Record<'_>) -> impl Iterator<Item = (String, Json)> {
    let is_told = |name: &str| TAGS.contains(&name) || TOLD.contains(&name);
    let fields = record.fields.iter().filter(move |(name, _)| !is_told(name));
    fields.map(|(name, value)| {
        let text = value.text();
        let json = match &*text {
            _ if value.as_str().is_some() => Json::from(text.into_owned()),
            "true" => Json::from(true),
            "false" => Json::from(false),
            "null" => Json::Null,
            _ => number(&text).unwrap_or_else(|| Json::from(text.into_owned())),
        };
        (name.clone().into_owned(), json)
    })
}

fn number(text: &str) -> Option<Json> {
    let unsigned = || text.parse::<u64>().ok().map(Json::from);
    let float = || text.parse::<f64>().ok().map(Json::from);
    text.parse::<i64>()
        .ok()
        .map(Json::from)
        .or_else(unsigned)
        .or_else(float)
}

const AUTH: HeaderName = HeaderName::from_static("x-sentry-auth");
const AGENT: &str = concat!("groundcrew-logging/", env!("CARGO_PKG_VERSION"));
const MOST_BREADCRUMBS: usize = 100;
/// What a service captures itself waits here for our next line.
const MOST_WAITING: usize = 100;
/// The fields that events can be found by.
const TAGS: [&str; 6] = [
    "requestId",
    "sessionId",
    "handId",
    "category",
    "alert.key",
    "severity",
];
/// What an event says elsewhere, by the names of all profiles.
const TOLD: [&str; 10] = [
    "service",
    "version",
    "environment",
    "userId",
    "service.name",
    "service.version",
    "service.environment",
    "serviceContext",
    "env",
    "ecs.version",
];
