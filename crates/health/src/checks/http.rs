use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use groundcrew_base::{ByteSize, Check, Detail, Secret, Verdict, error_text};
use groundcrew_connect::{
    http::{HttpClient, Limits, UnreadBody},
    tls::{Roots, TlsError},
};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use serde_json::Value;

use crate::deadline::in_time;

mod userinfo;

/// Asks a URL over HTTP or HTTPS and looks at the status and, if wished, into the JSON of the answer.
///
/// Healthy on a 2xx by default. Redirects are not followed. The body is read only where JSON is expected, and then at most 64 KiB
/// of it. The whole exchange takes at most 3 s. Details: `statusCode`. The URL's query and userinfo, the headers
/// and the body never appear.
///
/// # Examples
/// ```
/// use groundcrew_health::checks::HttpCheck;
/// use http::StatusCode;
///
/// let chat = HttpCheck::post("https://ai.example/v1/chat", r#"{"prompt":"ping"}"#)?
///     .header("content-type", "application/json")?
///     .bearer(&"token".into())?
///     .expect_status([StatusCode::OK])
///     .expect_json("/content")?;
/// # drop(chat);
/// # Ok::<(), groundcrew_health::checks::HttpCheckError>(())
/// ```
#[derive(Clone)]
pub struct HttpCheck {
    client: HttpClient,
    request: Arc<Request<Bytes>>,
    statuses: Vec<StatusCode>,
    expected: Vec<Expected>,
    limits: Limits,
}

/// What stands at a JSON pointer; anything but null if there is no value.
#[derive(Clone)]
struct Expected {
    pointer: String,
    value: Option<Value>,
}

/// Why a request cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpCheckError {
    /// The URL is not one of HTTP or HTTPS. It is not shown: it may hold a token.
    #[error("expected a URL that starts with http:// or https://")]
    Url,
    /// A header has a name or a value that HTTP does not allow.
    #[error("header {name} is not valid")]
    Header {
        /// The name; the value is not shown.
        name: String,
    },
    /// A JSON pointer is neither empty nor begins with a slash, so that nothing could ever stand there.
    #[error("expected a JSON pointer that begins with '/', not {pointer:?}")]
    Pointer {
        /// The pointer.
        pointer: String,
    },
    /// TLS cannot be set up.
    #[error("setting up TLS")]
    Tls(#[from] TlsError),
}

impl HttpCheck {
    /// Sends `GET url`. A user and a password in the URL become `Authorization: Basic ...`.
    ///
    /// # Errors
    /// [`HttpCheckError::Url`] for another URL, [`HttpCheckError::Tls`] if the trusted roots cannot be read.
    pub fn get(url: &str) -> Result<Self, HttpCheckError> {
        Self::new(Method::GET, url, Bytes::new())
    }

    /// Sends `POST url` with a body. The URL as with [`get`](Self::get).
    ///
    /// # Errors
    /// Those of [`get`](Self::get).
    pub fn post(url: &str, body: impl Into<Bytes>) -> Result<Self, HttpCheckError> {
        Self::new(Method::POST, url, body.into())
    }

    fn new(method: Method, url: &str, body: Bytes) -> Result<Self, HttpCheckError> {
        let uri: Uri = url.parse().map_err(|_| HttpCheckError::Url)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
            return Err(HttpCheckError::Url);
        }
        let (uri, login) = userinfo::split(uri).ok_or(HttpCheckError::Url)?;
        let mut request = Request::new(body);
        request
            .headers_mut()
            .extend(login.map(|login| (header::AUTHORIZATION, login)));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        Ok(Self {
            client: HttpClient::new()?,
            request: Arc::new(request),
            statuses: Vec::new(),
            expected: Vec::new(),
            limits: Limits {
                deadline: Duration::from_secs(3),
                max_body: ByteSize::kib(64),
            },
        })
    }

    /// Adds a header.
    ///
    /// # Errors
    /// [`HttpCheckError::Header`] if HTTP does not allow it.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, HttpCheckError> {
        let invalid = || HttpCheckError::Header {
            name: name.to_owned(),
        };
        let header = HeaderName::try_from(name).map_err(|_| invalid())?;
        let mut value = HeaderValue::try_from(value).map_err(|_| invalid())?;
        value.set_sensitive(true);
        Arc::make_mut(&mut self.request)
            .headers_mut()
            .insert(header, value);
        Ok(self)
    }

    /// Adds `Authorization: Bearer token`.
    ///
    /// # Errors
    /// [`HttpCheckError::Header`] if HTTP does not allow the token.
    pub fn bearer(mut self, token: &Secret) -> Result<Self, HttpCheckError> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|_| {
            HttpCheckError::Header {
                name: header::AUTHORIZATION.to_string(),
            }
        })?;
        value.set_sensitive(true);
        let headers = Arc::make_mut(&mut self.request).headers_mut();
        headers.insert(header::AUTHORIZATION, value);
        Ok(self)
    }

    /// Sets the statuses that are well; default every 2xx.
    #[must_use]
    pub fn expect_status(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.statuses = statuses.into_iter().collect();
        self
    }

    /// Wants the body to be JSON with something other than null at this JSON pointer, such as `/content`; the empty one is of the
    /// whole. May be repeated.
    ///
    /// # Errors
    /// [`HttpCheckError::Pointer`] if it is neither empty nor begins with a slash.
    pub fn expect_json(self, pointer: impl Into<String>) -> Result<Self, HttpCheckError> {
        self.expect(pointer.into(), None)
    }

    /// Wants the body to be JSON with this value at this JSON pointer. Numbers are compared by what they are worth: 3 is 3.0.
    /// May be repeated.
    ///
    /// # Errors
    /// Those of [`expect_json`](Self::expect_json).
    ///
    /// # Examples
    /// ```
    /// use groundcrew_health::checks::HttpCheck;
    ///
    /// let mail = HttpCheck::get("https://mail.example/health")?
    ///     .expect_json_value("/status", "ok")?
    ///     .expect_json_value("/queue/stuck", false)?;
    /// # drop(mail);
    /// # Ok::<(), groundcrew_health::checks::HttpCheckError>(())
    /// ```
    pub fn expect_json_value(
        self,
        pointer: impl Into<String>,
        value: impl Into<Detail>,
    ) -> Result<Self, HttpCheckError> {
        let value = serde_json::to_value(value.into()).unwrap_or_default();
        self.expect(pointer.into(), Some(value))
    }

    fn expect(mut self, pointer: String, value: Option<Value>) -> Result<Self, HttpCheckError> {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(HttpCheckError::Pointer { pointer });
        }
        self.expected.push(Expected { pointer, value });
        Ok(self)
    }

    /// Sets who is trusted to sign certificates; default the operating system's store. They are read here and now, on this thread,
    /// and not again: a file that is replaced counts from the next start of the service.
    ///
    /// # Errors
    /// [`HttpCheckError::Tls`] if they cannot be read.
    pub fn roots(mut self, roots: &Roots) -> Result<Self, HttpCheckError> {
        self.client = HttpClient::with_roots(roots)?;
        Ok(self)
    }

    /// Sets how long the exchange may take; default 3 s. It never takes more than nine tenths of the
    /// [deadline](crate::Registration::deadline) of the run.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.deadline = timeout;
        self
    }

    /// Sets how large the body may be where JSON is expected; default 64 KiB.
    #[must_use]
    pub const fn max_body(mut self, most: ByteSize) -> Self {
        self.limits.max_body = most;
        self
    }

    async fn judge(&self, status: StatusCode, body: UnreadBody) -> Verdict {
        let is_expected = if self.statuses.is_empty() {
            status.is_success()
        } else {
            self.statuses.contains(&status)
        };
        if !is_expected {
            return Verdict::unhealthy(format!("the answer is {}", status.as_u16()));
        }
        // A large page, or one without an end such as a stream of events, is no fault where nobody asks for its contents.
        if self.expected.is_empty() {
            return Verdict::healthy();
        }
        let judged = match body.read().await {
            Ok(body) => judge_json(&body, &self.expected),
            Err(error) => Err(error_text(&error)),
        };
        judged.map_or_else(Verdict::unhealthy, |()| Verdict::healthy())
    }
}

#[async_trait]
impl Check for HttpCheck {
    async fn run(&self) -> Verdict {
        let request = self.request.as_ref().clone();
        let limits = Limits {
            deadline: in_time(self.limits.deadline),
            ..self.limits
        };
        match self.client.begin(request, limits).await {
            Ok(response) => {
                let status = response.status();
                let verdict = self.judge(status, response.into_body()).await;
                verdict.detail("statusCode", u32::from(status.as_u16()))
            }
            Err(error) => Verdict::unhealthy(error_text(&error)),
        }
    }
}

impl fmt::Debug for HttpCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uri = self.request.uri();
        f.debug_struct("HttpCheck")
            .field("method", self.request.method())
            .field("host", &uri.host().unwrap_or_default())
            .field("path", &uri.path())
            .finish_non_exhaustive()
    }
}

fn judge_json(body: &[u8], expected: &[Expected]) -> Result<(), String> {
    let json: Value = serde_json::from_slice(body).map_err(|_| "the answer is not JSON".to_owned())?;
    for Expected { pointer, value } in expected {
        match (json.pointer(pointer), value) {
            (None | Some(Value::Null), _) => return Err(format!("the answer has nothing at {pointer}")),
            (Some(found), Some(value)) if !equal(found, value) => {
                return Err(format!("the answer has another value at {pointer}"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// As JSON has one kind of numbers.
fn equal(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Number(found), Value::Number(expected)) => {
            found == expected || (found.is_f64() != expected.is_f64() && found.as_f64() == expected.as_f64())
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len() && found.iter().zip(expected).all(|(one, other)| equal(one, other))
        }
        (Value::Object(found), Value::Object(expected)) => {
            let has = |(name, value)| found.get(name).is_some_and(|found| equal(found, value));
            found.len() == expected.len() && expected.iter().all(has)
        }
        _ => found == expected,
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use groundcrew_base::Status;

    use super::*;
    use crate::deadline::within;

    #[tokio::test]
    async fn silence_is_told_before_the_deadline_of_the_run() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let check = HttpCheck::get(&format!("http://{}/", silent.local_addr().unwrap())).unwrap();

        let told = within(Duration::from_millis(300), check.run()).await.unwrap();

        assert_eq!(told.status(), Status::Unhealthy);
        let reason = told.reason().unwrap();
        assert!(reason.contains("no answer within "), "{reason}");
    }

    #[test]
    fn a_pointer_at_which_nothing_can_stand_is_refused() {
        let check = || HttpCheck::get("http://ai.example").unwrap();

        for pointer in ["content", "content/", "#/content", " "] {
            for refused in [
                check().expect_json(pointer),
                check().expect_json_value(pointer, 1),
            ] {
                assert_eq!(
                    refused.unwrap_err().to_string(),
                    format!("expected a JSON pointer that begins with '/', not {pointer:?}")
                );
            }
        }
        for pointer in ["", "/", "/content", "/content/0", "/a~1b"] {
            assert!(check().expect_json(pointer).is_ok(), "{pointer}");
        }
    }

    #[test]
    fn its_debug_and_that_of_its_headers_show_no_secret() {
        let check = HttpCheck::post("https://u:hunter2@ai.example/v1/chat?key=hunter2", "hunter2")
            .unwrap()
            .header("x-api-key", "hunter2")
            .unwrap()
            .bearer(&"hunter2".into())
            .unwrap();

        assert_eq!(
            format!("{check:?}"),
            r#"HttpCheck { method: POST, host: "ai.example", path: "/v1/chat", .. }"#
        );
        assert!(check.request.headers().values().all(HeaderValue::is_sensitive));
    }
}
