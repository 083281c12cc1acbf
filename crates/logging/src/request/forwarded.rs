//! Reads the addresses that proxies add to a request, the nearest proxy's first.
//!
//! Each proxy appends at the right, so what stands there is as sound as that proxy, and what stands at the
//! left is whatever the client liked to send: nothing there may change how the right is read.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue, header::FORWARDED};

/// One entry: the address, or `None` where it hides or is not well formed.
pub(super) type Hop = Option<IpAddr>;

/// The entries of `X-Forwarded-For`, from the right.
pub(super) fn x_forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    elements(headers, X_FORWARDED_FOR, |text| text.rfind(',')).map(|element| element.and_then(address))
}

/// The `for` of each element of `Forwarded` (RFC 7239), from the right.
pub(super) fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    elements(headers, FORWARDED, last_comma).map(|element| element.and_then(for_of))
}

/// The parts between commas, the last of the last header first. A header that is no ASCII has one part, `None`.
fn elements<'a>(
    headers: &'a HeaderMap,
    name: HeaderName,
    last: impl Fn(&str) -> Option<usize> + Copy + 'a,
) -> impl Iterator<Item = Option<&'a str>> {
    let values = headers.get_all(name).iter().rev();
    values.flat_map(move |value: &HeaderValue| {
        let mut rest = Some(value.to_str().ok());
        std::iter::from_fn(move || {
            let Some(text) = rest.take()? else {
                return Some(None);
            };
            match last(text).and_then(|comma| text.split_at_checked(comma)) {
                Some((before, part)) => {
                    rest = Some(Some(before));
                    Some(part.get(1..))
                }
                None => Some(Some(text)),
            }
        })
        .map(|part| part.map(str::trim))
    })
}

/// The last comma that is not quoted, looked for from the right: the quotes of an element are its own.
fn last_comma(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut is_quoted = false;
    for at in (0..bytes.len()).rev() {
        match bytes.get(at) {
            Some(b'"') if !is_escaped(bytes, at) => is_quoted = !is_quoted,
            Some(b',') if !is_quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// Whether an odd number of backslashes stands before.
fn is_escaped(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(..at).unwrap_or_default();
    before.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

/// The value of the only `for` in `for=192.0.2.60;proto=http;by=203.0.113.43`.
fn for_of(element: &str) -> Option<IpAddr> {
    let mut found = None;
    let mut rest = element;
    loop {
        let (name, value) = rest.split_once('=')?;
        let (value, after) = token_or_quoted(value)?;
        if name.trim().eq_ignore_ascii_case("for") && found.replace(value).is_some() {
            return None;
        }
        match after.trim_start().strip_prefix(';') {
            Some(next) => rest = next,
            None if after.trim().is_empty() => return address(found?),
            None => return None,
        }
    }
}

/// A value and what follows it; an address needs no escape, so a quoted value with one is not taken apart.
fn token_or_quoted(text: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (value, after) = quoted.split_once('"')?;
        return (!value.contains('\\')).then_some((value, after));
    }
    let end = text.find([';', ' ', '\t']).unwrap_or(text.len());
    let (value, after) = text.split_at_checked(end)?;
    (!value.is_empty() && !value.contains('"')).then_some((value, after))
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
fn address(text: &str) -> Hop {
    let bracketed = || {
        text.strip_prefix('[')?
            .strip_suffix(']')?
            .parse()
            .ok()
            .map(IpAddr::V6)
    };
    let address: Hop = text.parse().ok();
    let address = address
        .or_else(bracketed)
        .or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()));
    address.map(|address| address.to_canonical())
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn xff(values: &[&str]) -> Vec<Option<String>> {
        let headers = headers("x-forwarded-for", values);
        x_forwarded_for(&headers)
            .map(|hop| hop.map(|ip| ip.to_string()))
            .collect()
    }

    fn fwd(values: &[&str]) -> Vec<Option<String>> {
        let headers = headers("forwarded", values);
        forwarded(&headers)
            .map(|hop| hop.map(|ip| ip.to_string()))
            .collect()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn x_forwarded_for_is_read_from_the_right() {
        assert_eq!(xff(&[]), []);
        assert_eq!(xff(&["192.0.2.1"]), [some("192.0.2.1")]);
        assert_eq!(
            xff(&[
                "1.1.1.1, 2.2.2.2:4711",
                "[2001:db8::1]:80,[2001:db8::2] ,2001:db8::3,::ffff:3.3.3.3"
            ]),
            [
                some("3.3.3.3"),
                some("2001:db8::3"),
                some("2001:db8::2"),
                some("2001:db8::1"),
                some("2.2.2.2"),
                some("1.1.1.1"),
            ]
        );
        assert_eq!(xff(&["1.1.1.1, unknown"]), [None, some("1.1.1.1")]);
        assert_eq!(xff(&["é", "1.1.1.1"]), [some("1.1.1.1"), None]);
        assert_eq!(xff(&[",1.1.1.1,"]), [None, some("1.1.1.1"), None]);
        assert_eq!(xff(&["01.1.1.1"]), [None]);
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_writes_it() {
        // The examples of its sections 4 and 6.
        assert_eq!(
            fwd(&["For=\"[2001:db8:cafe::17]:4711\""]),
            [some("2001:db8:cafe::17")]
        );
        assert_eq!(
            fwd(&["for=192.0.2.60;proto=http;by=203.0.113.43"]),
            [some("192.0.2.60")]
        );
        assert_eq!(
            fwd(&["for=192.0.2.43, for=198.51.100.17"]),
            [some("198.51.100.17"), some("192.0.2.43")]
        );
        assert_eq!(fwd(&["for=_hidden, for=_SEVKISEK"]), [None, None]);
        assert_eq!(fwd(&["for=unknown;by=203.0.113.43"]), [None]);
        assert_eq!(
            fwd(&["proto=https;for=\"192.0.2.1:80\" ; by=_p"]),
            [some("192.0.2.1")]
        );
        assert_eq!(
            fwd(&["for=192.0.2.1", "by=x;FOR=192.0.2.2"]),
            [some("192.0.2.2"), some("192.0.2.1")]
        );
    }

    #[test]
    fn what_is_not_well_formed_gives_no_address() {
        for text in [
            "192.0.2.1",
            "for",
            "for=",
            "for= 192.0.2.1",
            "for=\"192.0.2.1",
            "for=192.0.2.1\"",
            "for=192.0.2.1;for=192.0.2.2",
            "for=192.0.2.1 by=x",
            "by=192.0.2.1",
            "for=\"192.0.2.\\1\"",
            "for=192.0.2.1;",
        ] {
            assert_eq!(fwd(&[text]), [None], "{text}");
        }
    }

    #[test]
    fn what_the_client_sends_does_not_change_what_the_proxy_adds() {
        for garbage in [
            "for=\"",
            "for=\"x\\",
            "for=\"x\\\"",
            "\"",
            "\\",
            ",\",\"",
            "for=9.9.9.9;for=\"a,b",
        ] {
            let joined = format!("{garbage}, for=192.0.2.1");
            assert_eq!(fwd(&[&joined])[0], some("192.0.2.1"), "{joined}");
            let quoted = format!("{garbage}, for=\"[2001:db8::1]\"");
            assert_eq!(fwd(&[&quoted])[0], some("2001:db8::1"), "{quoted}");
            assert_eq!(
                fwd(&[garbage, "for=192.0.2.1"])[0],
                some("192.0.2.1"),
                "{garbage}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_the_proxy_added_is_found_behind_any_text(garbage in "[ -~]{0,40}", v4: u32, v6: u128) {
            let v4 = IpAddr::V4(v4.into()).to_string();
            let v6 = IpAddr::V6(v6.into());

            prop_assert_eq!(xff(&[&format!("{garbage},{v4}")])[0].clone(), Some(v4.clone()));
            prop_assert_eq!(fwd(&[&format!("{garbage},for={v4}")])[0].clone(), Some(v4));
            prop_assert_eq!(
                fwd(&[&format!("{garbage},proto=https;for=\"[{v6}]:1\"")])[0].clone(),
                Some(v6.to_canonical().to_string())
            );
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[ -~\t]{0,80}", more in "[,;=\"\\\\ for1.:\\[\\]]{0,40}") {
            prop_assert!(xff(&[&text, &more]).len() <= text.len() + more.len() + 2);
            prop_assert!(fwd(&[&text, &more]).len() <= text.len() + more.len() + 2);
        }
    }
}
