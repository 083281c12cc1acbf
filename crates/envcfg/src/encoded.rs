//! The ways in which programs like to write a text that they were given.

use std::fmt::Write as _;

/// Percent-encoded as strictly as any encoder does it.
pub(crate) fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Percent-decoded; empty if that is not text.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digits = (byte == b'%')
            .then(|| Some([ahead.next()?, ahead.next()?]))
            .flatten();
        let decoded = digits.and_then(|digits| u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok());
        if decoded.is_some() {
            rest = ahead;
        }
        bytes.push(decoded.unwrap_or(byte));
    }
    String::from_utf8(bytes).unwrap_or_default()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        _ = write!(out, "{byte:02x}");
        out
    })
}

/// In both alphabets, alone and behind one or two other bytes, without what depends on the neighbours.
pub(crate) fn base64(bytes: &[u8]) -> Vec<String> {
    let aligned = (0..3).map(|before| {
        let mut padded = vec![0; before];
        padded.extend(bytes);
        let digits = digits(&padded);
        let (skipped, kept) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        digits.get(skipped..kept).unwrap_or_default().to_owned()
    });
    let aligned: Vec<Vec<u8>> = aligned.filter(|digits| digits.len() >= 4).collect();
    let alphabets = [*b"+/", *b"-_"];
    let written = alphabets
        .iter()
        .flat_map(|last| aligned.iter().map(move |digits| spelt(digits, *last)));
    written.collect()
}

/// Six bits at a time, from the highest.
fn digits(bytes: &[u8]) -> Vec<u8> {
    let mut digits = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 6 {
            bits -= 6;
            digits.push(u8::try_from((held >> bits) & 63).unwrap_or_default());
        }
        held &= (1 << bits) - 1;
    }
    digits
}

fn spelt(digits: &[u8], last: [u8; 2]) -> String {
    let letter = |digit: &u8| match digit {
        0..26 => b'A' + digit,
        26..52 => b'a' + digit - 26,
        52..62 => b'0' + digit - 52,
        62 => last[0],
        _ => last[1],
    };
    digits.iter().map(letter).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_what_encoders_write() {
        assert_eq!(percent("a/b é"), "a%2Fb%20%C3%A9");
        assert_eq!(percent_decoded("a%2fb%zz%"), "a/b%zz%");
        assert_eq!(hex(b"\x0fz"), "0f7a");
        let base64 = base64(b"light work?>");
        assert_eq!(base64[0], "bGlnaHQgd29yaz8+");
        assert_eq!(base64[3], "bGlnaHQgd29yaz8-");
        assert!("YWxpZ2h0IHdvcms/Pg==".contains(&base64[1]), "{base64:?}");
        assert!("YWFsaWdodCB3b3JrPz4=".contains(&base64[2]), "{base64:?}");
    }
}
