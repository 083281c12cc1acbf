use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use groundcrew_base::{ByteSize, Check, Secret, Verdict, error_text};
use groundcrew_connect::http::{HttpClient, HttpError, Limits};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};

use super::{EmailProvider, PaymentProvider, aws_key::AwsKey, permanent::permanent};
use crate::shown::safe;

/// Asks a service over HTTPS whether it takes the key it is given.
///
/// A refused key, a wrong address, a server that fails and one that does not answer are told apart; only what may
/// heal by itself is tried again. Neither the key nor the body of the answer ever appears.
///
/// | service | request | well if | what that does not tell |
/// |---|---|---|---|
/// | Supabase | `GET /rest/v1/` with `apikey` and `Authorization` | 2xx | what the key may read |
/// | Supabase, a table | one row of the table | 2xx | whether it has rows, or the key may write |
/// | `SendGrid` | `GET /v3/scopes`, which every key may | 2xx | whether the key may send, and as whom |
/// | Postmark | `GET /server` with the server token | 2xx | whether the sender is confirmed |
/// | SES | `GET /v2/email/account`, signed by Signature Version 4 | 2xx, or a 403 that says `AccessDenied`: a key that is known | whether the key may send, and as whom |
/// | Stripe | `GET /v1/balance` | 2xx, or 403: a restricted key that is known | whether the key is one for tests, and what it may do |
/// | `PayPal` | `POST /v1/oauth2/token` with the client's id and secret | 2xx | what the client may do |
/// | any [`endpoint`](Self::endpoint) | `GET` without a key | below 500 | anything about a key |
///
/// No check sends an e-mail or takes a payment. The requests are tested against a stand-in, and the signature against
/// the vectors that AWS publishes; none is tested against the providers themselves.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Secret, preflight::{ApiCheck, EmailProvider, Preflight}};
///
/// # let (supabase_key, email_key) = (Secret::from("a"), Secret::from("b"));
/// let preflight = Preflight::new()
///     .check("supabase", ApiCheck::supabase("https://project.supabase.co", &supabase_key))
///     .check("email", ApiCheck::email(EmailProvider::SendGrid, &email_key));
/// # drop(preflight);
/// ```
#[derive(Clone)]
pub struct ApiCheck {
    base: String,
    path: String,
    method: Method,
    /// What is sent, or why it cannot be.
    headers: Result<HeaderMap, &'static str>,
    body: &'static str,
    /// Signs each request, because a signature holds for some minutes only.
    signer: Option<AwsKey>,
    accepts: Accepts,
    timeout: Duration,
    /// Made by the first attempt, because reading the system's authorities takes a while.
    client: Arc<OnceLock<Result<HttpClient, String>>>,
}

/// Which answers besides 2xx say that all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accepts {
    Success,
    /// The key is known, though it may not do what was asked.
    Forbidden,
    /// The same in the words of AWS, which also answers 403 to a key that it does not know.
    AccessDenied,
    /// The service is there.
    AnyAnswer,
}

impl ApiCheck {
    /// The REST interface of the Supabase project at `url`.
    #[must_use]
    pub fn supabase(url: &str, key: &Secret) -> Self {
        let bearer = format!("Bearer {}", key.expose());
        Self::get(url, "/rest/v1/")
            .header("apikey", key.expose())
            .header("authorization", &bearer)
    }

    /// The same, asking for one row of a table, which also tells whether the table exists.
    #[must_use]
    pub fn supabase_table(url: &str, key: &Secret, table: &str) -> Self {
        let mut check = Self::supabase(url, key);
        check.path = format!("/rest/v1/{table}?select=*&limit=1");
        check
    }

    /// An e-mail provider and its key; for SES the access key's id and secret with a colon between, and behind another
    /// colon the session token if there is one.
    ///
    /// A service that gets its rights at SES from a role has no key that could be checked: [`endpoint`](Self::endpoint)
    /// tells at least whether SES can be reached.
    #[must_use]
    pub fn email(provider: EmailProvider, key: &Secret) -> Self {
        match provider {
            EmailProvider::SendGrid => Self::get("https://api.sendgrid.com", "/v3/scopes").bearer(key),
            EmailProvider::Postmark => Self::get("https://api.postmarkapp.com", "/server")
                .header("x-postmark-server-token", key.expose())
                .header("accept", "application/json"),
            EmailProvider::Ses => Self::ses(key),
        }
    }

    /// Only whether something answers at `url`, without a key: any status below 500 is well.
    #[must_use]
    pub fn endpoint(url: impl Into<String>) -> Self {
        Self::get(&url.into(), "").accepts(Accepts::AnyAnswer)
    }

    /// A payment provider and its key; for `PayPal` the client's id and secret with a colon between.
    #[must_use]
    pub fn payment(provider: PaymentProvider, key: &Secret) -> Self {
        match provider {
            PaymentProvider::Stripe => Self::get("https://api.stripe.com", "/v1/balance")
                .bearer(key)
                .accepts(Accepts::Forbidden),
            PaymentProvider::PayPal => Self::paypal(key),
        }
    }

    /// Sets where the service is: a region, a sandbox, a stand-in of a test. By default its public address for
    /// production; SES in us-east-1, elsewhere for example `https://email.eu-west-1.amazonaws.com`.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base = url.into();
        self
    }

    /// Sets how long the answer may take; default 3 s.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn get(base: &str, path: &str) -> Self {
        Self {
            base: base.to_owned(),
            path: path.to_owned(),
            method: Method::GET,
            headers: Ok(HeaderMap::new()),
            body: "",
            signer: None,
            accepts: Accepts::Success,
            timeout: Duration::from_secs(3),
            client: Arc::default(),
        }
    }

    fn paypal(key: &Secret) -> Self {
        let mut check = Self::get("https://api-m.paypal.com", "/v1/oauth2/token");
        if !key.expose().contains(':') {
            check.headers = Err("expected the client's id and secret with a colon between them");
            return check;
        }
        check.method = Method::POST;
        check.body = "grant_type=client_credentials";
        let basic = format!("Basic {}", STANDARD.encode(key.expose()));
        check
            .header("authorization", &basic)
            .header("content-type", "application/x-www-form-urlencoded")
    }

    fn ses(key: &Secret) -> Self {
        let mut check = Self::get("https://email.us-east-1.amazonaws.com", "/v2/email/account")
            .accepts(Accepts::AccessDenied);
        check.signer = AwsKey::parse(key);
        if check.signer.is_none() {
            check.headers = Err("expected the access key's id and secret with a colon between them");
        }
        check
    }

    fn bearer(self, key: &Secret) -> Self {
        let bearer = format!("Bearer {}", key.expose());
        self.header(header::AUTHORIZATION.as_str(), &bearer)
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        let headers = self.headers.and_then(|mut headers| {
            let mut value = HeaderValue::try_from(value).map_err(|_| NOT_A_HEADER)?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
            Ok(headers)
        });
        self.headers = headers;
        self
    }

    const fn accepts(mut self, accepts: Accepts) -> Self {
        self.accepts = accepts;
        self
    }

    fn request(&self) -> Result<Request<Bytes>, &'static str> {
        let headers = self.headers.clone()?;
        let mut request = Request::new(Bytes::from_static(self.body.as_bytes()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.address()?;
        *request.headers_mut() = headers;
        if let Some(signer) = &self.signer {
            signer
                .sign(&mut request, "ses", SystemTime::now())
                .ok_or(NOT_A_HEADER)?;
        }
        Ok(request)
    }

    fn address(&self) -> Result<Uri, &'static str> {
        let base = match self.path.as_str() {
            "" => &self.base,
            _ => self.base.trim_end_matches('/'),
        };
        let address = Uri::try_from(format!("{base}{}", self.path)).ok();
        let is_web = |address: &Uri| {
            let scheme = address.scheme_str();
            scheme.is_some_and(|scheme| matches!(scheme, "https" | "http"))
                && address.host().is_some_and(|host| !host.is_empty())
        };
        let address = address
            .filter(is_web)
            .ok_or("the address is not a URL that starts with https://")?;
        // The client would not send a user or a password, but may log them.
        let has_no_user = address.authority().is_some_and(|authority| {
            let rest = authority.as_str().strip_prefix(authority.host());
            rest == Some("")
                || authority
                    .port_u16()
                    .is_some_and(|port| rest == Some(&*format!(":{port}")))
        });
        match has_no_user {
            true => Ok(address),
            false => {
                Err("the address holds more than a host and a port: no user and no password belongs there")
            }
        }
    }

    async fn ask(&self, request: Request<Bytes>) -> Verdict {
        let made = || HttpClient::new().map_err(|error| error_text(&error));
        let client = match self.client.get_or_init(made) {
            Ok(client) => client,
            Err(reason) => return Verdict::unhealthy(reason.clone()),
        };
        let limits = Limits {
            deadline: self.timeout,
            max_body: MAX_BODY,
        };
        match client.send(request, limits).await {
            Ok(response) => self.judge(&response),
            Err(HttpError::Timeout { deadline }) => {
                Verdict::unhealthy(format!("no answer within {deadline:?}"))
            }
            Err(HttpError::Send(error)) if error.is_connect() => {
                let causes = std::error::Error::source(&error).map_or_else(String::new, error_text);
                Verdict::unhealthy(format!("the server cannot be reached: {causes}"))
            }
            Err(error) => Verdict::unhealthy(error_text(&error)),
        }
    }

    fn judge(&self, response: &Response<Bytes>) -> Verdict {
        let status = response.status();
        let verdict = match (status.as_u16(), self.accepts) {
            (200..300, _) | (403, Accepts::Forbidden) => Verdict::healthy(),
            (403, Accepts::AccessDenied) if is_access_denied(response) => Verdict::healthy(),
            (403, Accepts::AccessDenied) => {
                permanent("the key is refused, or the clock of this machine is wrong (status 403)")
            }
            (..500, Accepts::AnyAnswer) => Verdict::healthy().detail("checked", "the endpoint, not a key"),
            (401, _) => permanent("the key is refused (status 401)"),
            (403, _) => permanent("the key may not do this (status 403)"),
            (404, _) => permanent("nothing is at this address (status 404)"),
            (300..400, _) => permanent(format!("the address moved (status {})", status.as_u16())),
            (408 | 425 | 429 | 500.., _) => {
                Verdict::unhealthy(format!("the answer is status {}", status.as_u16()))
            }
            (other, _) => permanent(format!("the answer is status {other}")),
        };
        verdict.detail("statusCode", u32::from(status.as_u16()))
    }
}

#[async_trait]
impl Check for ApiCheck {
    async fn run(&self) -> Verdict {
        match self.request() {
            Ok(request) => self.ask(request).await,
            Err(reason) => permanent(reason),
        }
    }
}

impl fmt::Debug for ApiCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiCheck")
            .field("method", &self.method)
            .field("base", &safe(&self.base))
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Whether AWS knows who asked: it looks at the rights of a key only after its signature.
fn is_access_denied(response: &Response<Bytes>) -> bool {
    let kind = response.headers().get("x-amzn-errortype");
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"AccessDenied"))
}

const NOT_A_HEADER: &str = "the key has a character that HTTP does not allow, such as a line break";

/// The description of a large schema, which is the answer at the root of Supabase's REST interface.
const MAX_BODY: ByteSize = ByteSize::mib(16);
