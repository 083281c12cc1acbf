use std::{fmt, path::PathBuf, time::Duration};

use groundcrew_base::{Backoff, Secret};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderName, HeaderValue, Uri};
use sha2::Sha256;

use super::{
    Alert, AlertContext, AlertError, AlertSink,
    http::{Json, Post, address, header, http_setters},
};
use crate::{courier::Parcel, timestamp::TimestampWriter};

/// Posts each alert as a JSON object to an address of yours.
///
/// The fields are `key`, `state` (`firing` or `resolved`), `severity` (`critical`, `error`, `warning` or `info`),
/// `message`, `target`, `timestamp`, `category` if there is one, `service`, `version`, `environment`, `repeats`
/// and `details`, an object of texts. Any answer of 2xx is taken as received.
///
/// With [`Webhook::sign_with`] the header `X-Signature-256` is `sha256=` and the HMAC-SHA-256 of the body in
/// hexadecimal digits.
///
/// # Examples
/// ```
/// use groundcrew_base::Secret;
/// use groundcrew_logging::{AlertPolicy, Logging, Webhook};
///
/// let webhook = Webhook::new(Secret::from("https://ops.example.com/alerts"))
///     .header("Authorization", Secret::from("Bearer 1234"))
///     .sign_with(Secret::from("a key that both sides know"));
/// let builder = Logging::builder().alert_to("webhook", AlertPolicy::default(), webhook);
/// # drop(builder);
/// ```
#[must_use]
pub struct Webhook {
    url: Secret,
    uri: Uri,
    headers: Vec<(String, Secret)>,
    ready: Vec<(HeaderName, HeaderValue)>,
    key: Option<Secret>,
    post: Post,
}

impl Webhook {
    /// Posts to this address.
    pub fn new(url: Secret) -> Self {
        Self {
            url,
            uri: Uri::default(),
            headers: Vec::new(),
            ready: Vec::new(),
            key: None,
            post: Post::default(),
        }
    }

    /// Sends this header with each request.
    pub fn header(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.headers.push((name.into(), value));
        self
    }

    /// Signs each body with this key.
    pub fn sign_with(mut self, key: Secret) -> Self {
        self.key = Some(key);
        self
    }

    http_setters!();

    fn parcel(&self, body: String) -> Parcel {
        let signature = self.key.as_ref().and_then(|key| signature(key, body.as_bytes()));
        let mut parcel = Parcel::json(self.uri.clone(), body);
        for (name, value) in &self.ready {
            parcel.secret_header(name.clone(), value.clone());
        }
        if let Some(signature) = signature {
            parcel.headers.insert(SIGNATURE, signature);
        }
        parcel
    }
}

impl AlertSink for Webhook {
    fn start(&mut self, context: &AlertContext) -> Result<(), AlertError> {
        self.uri = address(&self.url, SERVICE)?;
        let ready = self
            .headers
            .iter()
            .map(|(name, value)| header(name, value, SERVICE));
        self.ready = ready.collect::<Result<_, _>>()?;
        Ok(self.post.start(context, SERVICE)?)
    }

    fn send(&mut self, alert: &Alert) -> Result<(), AlertError> {
        let body = body(alert, self.post.context(SERVICE)?);
        let parcel = self.parcel(body);
        let mut secrets = vec![&self.url];
        secrets.extend(self.headers.iter().map(|(_, value)| value));
        self.post.send(&parcel, &secrets, SERVICE)
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("post", &self.post)
            .finish_non_exhaustive()
    }
}

fn body(alert: &Alert, context: &AlertContext) -> String {
    Json::object(|json| {
        json.text("key", &alert.key);
        json.text("state", alert.state.as_str());
        json.text("severity", alert.grade().as_str());
        json.text("message", &alert.message);
        json.text("target", &alert.target);
        json.text("timestamp", &TimestampWriter::default().render(alert.time));
        if let Some(category) = &alert.category {
            json.text("category", category);
        }
        json.text("service", context.service());
        json.text("version", context.version());
        json.text("environment", context.environment());
        json.number("repeats", alert.repeats);
        json.within("details", |json| json.details(&alert.details));
    })
}

fn signature(key: &Secret, body: &[u8]) -> Option<HeaderValue> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).ok()?;
    mac.update(body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    HeaderValue::from_str(&signature).ok()
}

const SERVICE: &str = "the webhook";
const SIGNATURE: HeaderName = HeaderName::from_static("x-signature-256");
