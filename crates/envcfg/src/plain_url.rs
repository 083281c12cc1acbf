/// Whether `text` is a URL of so plain a form that no parser needs to look: a well-known scheme, perhaps a user
/// of letters and digits, a host name of such, perhaps a port and a path.
///
/// What is not may still be a URL: the rule asks the `validator` crate then, which costs ten times as much.
#[must_use]
pub fn is_plain_url(text: &str) -> bool {
    let bytes = text.as_bytes();
    let rest = SCHEMES.iter().find_map(|scheme| bytes.strip_prefix(*scheme));
    rest.is_some_and(|rest| {
        let authority = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(authority);
        is_authority(authority) && path.iter().copied().all(is_path)
    })
}

fn is_authority(text: &[u8]) -> bool {
    let user = text.iter().position(|byte| *byte == b'@');
    let (user, text) = match user {
        Some(at) => text.split_at(at),
        None => text.split_at(0),
    };
    let text = text.strip_prefix(b"@").unwrap_or(text);
    let port = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
    let (host, port) = text.split_at(port);
    user.iter().all(u8::is_ascii_alphanumeric) && is_name(host) && is_port(port)
}

/// Labels of letters, digits and hyphens; the last begins with a letter, as that of no IPv4 address does.
fn is_name(host: &[u8]) -> bool {
    let mut last = None;
    let labels = host.split(|byte| *byte == b'.').all(|label| {
        last = label.first();
        is_label(label)
    });
    labels && last.is_some_and(u8::is_ascii_lowercase) && host.len() <= LONGEST
}

fn is_label(label: &[u8]) -> bool {
    let edge = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    label.first().is_some_and(edge)
        && label.last().is_some_and(edge)
        && label.iter().all(|byte| edge(byte) || *byte == b'-')
        && !is_encoded(label)
}

/// Hyphens in these places say that the label is Punycode, which must be decoded to be judged.
const fn is_encoded(label: &[u8]) -> bool {
    matches!(label, [_, _, b'-', b'-', ..])
}

/// Nothing, or a colon and up to four digits.
fn is_port(text: &[u8]) -> bool {
    match text {
        [] => true,
        [b':', digits @ ..] => (1..=4).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

const fn is_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~')
}

const SCHEMES: [&[u8]; 4] = [b"https://", b"http://", b"wss://", b"ws://"];

/// Less than the longest name that the DNS has.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use validator::ValidateUrl;

    use super::*;

    #[test]
    fn what_services_are_usually_given_is_plain() {
        let plain = [
            "https://poker.example.org",
            "http://localhost:3000",
            "https://abcdefgh.supabase.co/rest/v1/",
            "wss://feed.example.org:8443/socket",
            "https://0123abcd@sentry.example.org/42",
        ];
        let left_to_the_parser = [
            "https://10.0.0.1",
            "https://example.0x7f",
            "https://xn--zz--.example",
            "https://me:pw@example.org",
            "https://example.org:65536",
            "https://example.org?q",
            "https://",
            "https://-a.example",
            "localhost:3000",
        ];

        assert!(plain.iter().all(|url| is_plain_url(url)));
        assert!(!left_to_the_parser.iter().any(|url| is_plain_url(url)));
    }

    proptest! {
        #[test]
        fn every_plain_url_is_one_to_the_validator_crate(
            url in "(https?|wss?)://([a-z0-9]{0,3}@)?[a-z0-9.-]{1,20}(:[0-9]{0,6})?(/[a-zA-Z0-9/._~-]{0,12})?",
        ) {
            prop_assert!(!is_plain_url(&url) || url.validate_url(), "{url}");
        }
    }
}
