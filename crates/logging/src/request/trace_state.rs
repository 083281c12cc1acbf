use http::{HeaderMap, HeaderValue};

use super::trace_context::TRACESTATE;

/// The members of all `tracestate` headers as one value, if they are valid: at most 32 of `key=value`.
pub(super) fn read(headers: &HeaderMap) -> Option<HeaderValue> {
    let values = || headers.get_all(&TRACESTATE).iter();
    let length: usize = values().map(HeaderValue::len).sum();
    let members = || values().flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    let filled = members()
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty());
    let (count, valid) = filled.fold((0, true), |(count, valid), member| {
        (count + 1, valid && is_member(member))
    });
    if !valid || count == 0 || count > MOST_MEMBERS || length > LONGEST {
        return None;
    }
    let mut all = values();
    match (all.next(), all.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => {
            let all: Vec<&[u8]> = values().map(HeaderValue::as_bytes).collect();
            HeaderValue::from_maybe_shared(all.join(&b',')).ok()
        }
    }
}

fn is_member(member: &[u8]) -> bool {
    let Some(equals) = member.iter().position(|&byte| byte == b'=') else {
        return false;
    };
    let (key, value) = member.split_at(equals);
    is_key(key) && is_value(value.get(1..).unwrap_or_default())
}

/// `key`, or `tenant@system`.
fn is_key(key: &[u8]) -> bool {
    match key.iter().position(|&byte| byte == b'@') {
        None => is_name(key, 256) && key.first().is_some_and(|byte| !byte.is_ascii_digit()),
        Some(at) => {
            let (tenant, system) = key.split_at(at);
            let system = system.get(1..).unwrap_or_default();
            let starts_with_letter = system.first().is_some_and(u8::is_ascii_lowercase);
            is_name(tenant, 241) && is_name(system, 14) && starts_with_letter
        }
    }
}

fn is_name(name: &[u8], longest: usize) -> bool {
    let is_inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/".contains(byte);
    let starts_well = name
        .first()
        .is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    starts_well && name.len() <= longest && name.iter().all(is_inner)
}

/// 1 to 256 printable characters without `,` and `=`; blanks at the end are not part of it.
fn is_value(value: &[u8]) -> bool {
    let is_inner = |byte: &u8| matches!(byte, 0x20..=0x2b | 0x2d..=0x3c | 0x3e..=0x7e);
    (1..=256).contains(&value.len()) && value.iter().all(is_inner)
}

const MOST_MEMBERS: usize = 32;
/// Eight times what every participant must pass on.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn state(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACESTATE, HeaderValue::from_str(value).unwrap());
        }
        read(&headers).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn valid_members_go_on_as_they_came() {
        for text in [
            "foo=1",
            "foo=1,bar=2",
            "foo=1 \t , \t bar=2",
            "foo=1,,bar=2",
            "a-_*/0=!\"#$%&'()*+-./:;<>?@[]^_`{|}~ x",
            "0tenant@system=1",
            "foo=1,foo=2",
        ] {
            assert_eq!(state(&[text]).as_deref(), Some(text), "{text}");
        }
        assert_eq!(state(&["a=1", "b=2", "c=3"]).as_deref(), Some("a=1,b=2,c=3"));
    }

    #[test]
    fn an_invalid_member_discards_all() {
        let long_key = format!("{}=1", "k".repeat(257));
        let long_value = format!("k={}", "v".repeat(257));
        let many = (0..33).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        for text in [
            "",
            " ",
            "foo",
            "foo=",
            "=1",
            "FOO=1",
            "foo =1",
            "0foo=1",
            "foo=1=2",
            "foo@=1",
            "@foo=1",
            "foo@0bar=1",
            "foo@bar@baz=1",
            "foo@aaaaaaaaaaaaaaa=1",
            "a=1,foo",
            "foo=\t1",
            &long_key,
            &long_value,
            &many,
        ] {
            assert_eq!(state(&[text]), None, "{text:?}");
        }
        assert_eq!(state(&[]), None);
    }

    #[test]
    fn as_many_and_as_long_as_allowed_go_on() {
        let most = (0..32).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        let longest = format!("{}={}", "k".repeat(256), "v".repeat(256));

        assert_eq!(state(&[&most]), Some(most));
        assert_eq!(state(&[&longest]), Some(longest));
    }
}
