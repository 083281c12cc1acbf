use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, Uri};

/// The URL without its user and password, and the header that tells them. `None` if what is left is no URL.
pub(super) fn split(uri: Uri) -> Option<(Uri, Option<HeaderValue>)> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let Some((userinfo, host)) = authority.rsplit_once('@') else {
        return Some((uri, None));
    };
    let login = basic(userinfo)?;
    let host = host.parse().ok()?;
    let mut parts = uri.into_parts();
    parts.authority = Some(host);
    Some((Uri::from_parts(parts).ok()?, Some(login)))
}

/// Without a password it is empty, as with curl.
fn basic(userinfo: &str) -> Option<HeaderValue> {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let login = [&*decoded(user), b":", &*decoded(password)].concat();
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(login))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A percent sign that begins no two digits stands for itself.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        let escaped = (*first == b'%').then(|| others.split_first_chunk()).flatten();
        let escaped = escaped.and_then(|(digits, others)| Some((byte(*digits)?, others)));
        let (byte, others) = escaped.unwrap_or((*first, others));
        bytes.push(byte);
        rest = others;
    }
    bytes
}

fn byte([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    Some(digit(high)? * 16 + digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_the_url_is_one_of_basic_authentication() {
        let cases = [
            ("http://ai.example/v1?x=@", "http://ai.example/v1?x=@", None),
            (
                "http://u:pw@ai.example/v1?x=1",
                "http://ai.example/v1?x=1",
                Some("u:pw"),
            ),
            ("https://u@[::1]:8443/", "https://[::1]:8443/", Some("u:")),
            ("http://:pw@h/", "http://h/", Some(":pw")),
            (
                "http://a%40b:p%3aw%C3%a9%2@h/",
                "http://h/",
                Some("a@b:p:w\u{e9}%2"),
            ),
        ];

        for (url, shown, login) in cases {
            let (uri, header) = split(url.parse().expect("a URL")).expect("a URL");

            assert_eq!(uri, shown);
            let login = login.map(|login| format!("Basic {}", STANDARD.encode(login)));
            assert_eq!(
                header.as_ref().and_then(|value| value.to_str().ok()),
                login.as_deref()
            );
            assert!(header.is_none_or(|value| value.is_sensitive()));
        }
    }
}
