use std::time::SystemTime;

use bytes::Bytes;
use groundcrew_base::Secret;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, HeaderValue, Request, header};
use jiff::{Timestamp, tz::TimeZone};
use sha2::{Digest, Sha256};

use crate::encoded;

/// An access key of AWS, which signs requests and is never sent.
///
/// Signs by Signature Version 4 what a check needs: requests without a query and without a body.
#[derive(Clone)]
pub(super) struct AwsKey {
    id: String,
    secret: Secret,
    /// Comes with temporary keys.
    session: Option<Secret>,
}

impl AwsKey {
    /// Reads `ID:SECRET`, or `ID:SECRET:SESSION_TOKEN`.
    pub(super) fn parse(text: &Secret) -> Option<Self> {
        let mut parts = text.expose().trim().splitn(3, ':');
        let (id, secret) = (parts.next()?, parts.next()?);
        let is_key =
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !secret.is_empty();
        is_key.then(|| Self {
            id: id.to_owned(),
            secret: Secret::from(secret),
            session: parts.next().map(Secret::from),
        })
    }

    /// Adds the headers that prove the key; `None` if there is a character in it that HTTP does not allow.
    pub(super) fn sign(&self, request: &mut Request<Bytes>, service: &str, now: SystemTime) -> Option<()> {
        let host = request.uri().authority()?.as_str().to_owned();
        let time = Timestamp::try_from(now).ok()?.to_zoned(TimeZone::UTC);
        let time = time.strftime("%Y%m%dT%H%M%SZ").to_string();
        let headers = request.headers_mut();
        headers.insert(header::HOST, HeaderValue::try_from(&host).ok()?);
        headers.insert(DATE, HeaderValue::try_from(&time).ok()?);
        if let Some(session) = &self.session {
            headers.insert(SESSION, sensitive(session.expose())?);
        }
        let scope = Scope {
            time: &time,
            region: region(&host),
            service,
        };
        let proof = self.proof(request, &scope);
        request
            .headers_mut()
            .insert(header::AUTHORIZATION, sensitive(&proof)?);
        Some(())
    }

    /// The value of `Authorization`.
    fn proof(&self, request: &Request<Bytes>, scope: &Scope<'_>) -> String {
        let (mut names, mut lines) = (Vec::new(), String::new());
        for name in [header::HOST, DATE, SESSION] {
            if let Some(value) = request.headers().get(&name).and_then(|value| value.to_str().ok()) {
                lines.push_str(&format!("{name}:{value}\n"));
                names.push(name.to_string());
            }
        }
        let (names, empty) = (names.join(";"), encoded::hex(&Sha256::digest(b"")));
        let canonical = format!(
            "{}\n{}\n\n{lines}\n{names}\n{empty}",
            request.method(),
            request.uri().path()
        );
        let signature = encoded::hex(&self.signature(scope, &canonical));
        format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={names}, Signature={signature}",
            self.id,
            scope.text()
        )
    }

    fn signature(&self, scope: &Scope<'_>, canonical: &str) -> Vec<u8> {
        let digest = encoded::hex(&Sha256::digest(canonical));
        let text = format!("{ALGORITHM}\n{}\n{}\n{digest}", scope.time, scope.text());
        let first = format!("AWS4{}", self.secret.expose());
        let words = [scope.date(), scope.region, scope.service, "aws4_request", &text];
        words
            .iter()
            .fold(first.into_bytes(), |key, word| hmac(&key, word.as_bytes()))
    }
}

/// What a signature is good for.
struct Scope<'r> {
    time: &'r str,
    region: &'r str,
    service: &'r str,
}

impl Scope<'_> {
    fn date(&self) -> &str {
        self.time.split('T').next().unwrap_or_default()
    }

    fn text(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date(), self.region, self.service)
    }
}

/// The region of an endpoint of AWS, behind the label of the service as in `email.eu-west-1.amazonaws.com`; of any
/// other host the first region.
fn region(host: &str) -> &str {
    let is_aws = ["amazonaws.com", "amazonaws.com.cn", "api.aws"]
        .iter()
        .any(|domain| host.ends_with(domain));
    let mut labels = host.split('.').skip_while(|label| !label.starts_with("email"));
    labels.nth(1).filter(|_| is_aws).unwrap_or("us-east-1")
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of HMAC may have any length");
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const SESSION: HeaderName = HeaderName::from_static("x-amz-security-token");

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// 2015-08-30T12:36:00Z, the time of the vectors.
    const TIME: Duration = Duration::from_secs(1_440_938_160);

    fn authorization(key: &str, url: &str, service: &str) -> String {
        let mut request = Request::get(url).body(Bytes::new()).unwrap();
        let key = AwsKey::parse(&key.into()).unwrap();
        key.sign(&mut request, service, UNIX_EPOCH + TIME).unwrap();
        let authorization = &request.headers()[header::AUTHORIZATION];
        assert!(authorization.is_sensitive());
        authorization.to_str().unwrap().to_owned()
    }

    #[test]
    fn requests_are_signed_as_the_published_vectors_of_aws_are() {
        let key = "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

        assert_eq!(
            authorization(key, "https://example.amazonaws.com/", "service"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
    }

    #[test]
    fn the_region_is_that_of_the_endpoint() {
        let hosts = [
            ("email.eu-west-1.amazonaws.com", "eu-west-1"),
            ("email-fips.us-west-2.amazonaws.com", "us-west-2"),
            ("email.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("email.eu-west-1.api.aws", "eu-west-1"),
            (
                "vpce-0a1b2c.email.eu-central-1.vpce.amazonaws.com",
                "eu-central-1",
            ),
            ("email.example.org", "us-east-1"),
            ("127.0.0.1:4566", "us-east-1"),
            ("localhost", "us-east-1"),
        ];

        for (host, expected) in hosts {
            assert_eq!(region(host), expected, "{host}");
        }
    }

    #[test]
    fn only_an_id_and_a_secret_are_a_key() {
        let parse = |text: &str| AwsKey::parse(&text.into());

        assert!(parse("AKIDEXAMPLE:secret").unwrap().session.is_none());
        assert_eq!(
            parse("ASIA:secret:to:ken").unwrap().session,
            Some("to:ken".into())
        );
        for text in ["AKIDEXAMPLE", "AKIDEXAMPLE:", ":secret", "SG.key:secret"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
