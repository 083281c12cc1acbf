use groundcrew_base::Secret;

/// The headers of a list `name=value,name=value`, as OpenTelemetry has it: values are percent-encoded.
///
/// Nothing if a part of it is no pair, or no text when it is decoded.
pub(super) fn headers(list: &str) -> Option<Vec<(String, Secret)>> {
    let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(pair).collect()
}

fn pair(part: &str) -> Option<(String, Secret)> {
    let (name, value) = part.split_once('=')?;
    let value = String::from_utf8(decoded(value.trim())).ok()?;
    Some((name.trim().to_owned(), Secret::from(value)))
}

/// A `%` that begins no two digits stands for itself.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.split_at_checked(2).filter(|_| first == b'%');
        let byte = digits.and_then(|(digits, after)| Some((byte(digits)?, after)));
        let (byte, after) = byte.unwrap_or((first, after));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

fn byte(digits: &[u8]) -> Option<u8> {
    digits.iter().try_fold(0, |byte: u8, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(byte << 4 | u8::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(list: &str) -> Option<Vec<(String, String)>> {
        let pairs = headers(list)?.into_iter();
        Some(
            pairs
                .map(|(name, value)| (name, value.expose().clone()))
                .collect(),
        )
    }

    #[test]
    fn pairs_are_read_and_their_values_decoded() {
        for (list, pairs) in [
            ("", vec![]),
            (" a = b ,", vec![("a", "b")]),
            (
                "Authorization=Basic%20YTpi==",
                vec![("Authorization", "Basic YTpi==")],
            ),
            (
                "authorization=Bearer x, n=7",
                vec![("authorization", "Bearer x"), ("n", "7")],
            ),
            (
                "a=%2C%3d%C3%A9,b=100%,c=%2,d=%zz%41,e=",
                vec![("a", ",=é"), ("b", "100%"), ("c", "%2"), ("d", "%zzA"), ("e", "")],
            ),
        ] {
            let pairs = pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(shown(list), Some(pairs.collect()), "{list}");
        }
    }

    #[test]
    fn what_is_no_pair_or_no_text_is_refused() {
        for list in ["a", "a=b,c", "Bearer x", "a=%FF"] {
            assert_eq!(shown(list), None, "{list}");
        }
    }
}
