//! Compression by `Accept-Encoding`.

use super::Encoded;

/// Compresses what is long enough to be worth it.
#[cfg(feature = "gzip")]
pub(super) fn encoded(plain: Vec<u8>, gzip: bool) -> Encoded {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    if gzip && plain.len() >= WORTH_IT {
        let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 8), Compression::fast());
        // Writing to memory cannot fail.
        if let Ok(body) = encoder.write_all(&plain).and_then(|()| encoder.finish()) {
            return Encoded {
                body: body.into(),
                gzip: true,
            };
        }
    }
    Encoded {
        body: plain.into(),
        gzip: false,
    }
}

#[cfg(not(feature = "gzip"))]
pub(super) fn encoded(plain: Vec<u8>, _gzip: bool) -> Encoded {
    Encoded {
        body: plain.into(),
        gzip: false,
    }
}

/// Whether gzip is liked at least as well as no compression.
#[cfg(feature = "gzip")]
pub(super) fn accepts_gzip(accept_encoding: &str) -> bool {
    use crate::exposition::thousandths;

    let (mut gzip, mut identity, mut other) = (None, None, None);
    for coding in accept_encoding.split(',') {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts
            .filter_map(|part| part.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
        let quality = match quality {
            Some((_, quality)) => thousandths(quality.trim()).unwrap_or(0),
            None => 1000,
        };
        match name.as_str() {
            "gzip" | "x-gzip" => gzip = Some(quality),
            "identity" => identity = Some(quality),
            "*" => other = Some(quality),
            _ => {}
        }
    }
    // What is not named is as the wildcard says, no compression also.
    let gzip = gzip.or(other).unwrap_or(0);
    gzip > 0 && gzip >= identity.or(other).unwrap_or(0)
}

#[cfg(not(feature = "gzip"))]
pub(super) const fn accepts_gzip(_accept_encoding: &str) -> bool {
    false
}

#[cfg(feature = "gzip")]
const WORTH_IT: usize = 1024;

#[cfg(all(test, feature = "gzip"))]
mod tests {
    use super::*;

    #[test]
    fn qualities_decide() {
        for (accept, expected) in [
            ("", false),
            ("gzip", true),
            ("GZIP;q=0.5", true),
            ("deflate, gzip;q=0.8, br", true),
            ("gzip;q=0", false),
            ("gzip;Q=0", false),
            ("gzip; q = 0.000", false),
            ("gzip;q=1.5", false),
            ("*", true),
            ("*;q=0", false),
            ("gzip;q=0, *", false),
            ("identity, gzip;q=0.5", false),
            ("identity;q=0.5, gzip", true),
            ("gzip;q=0.5, *", false),
            ("*;q=0.5, gzip", true),
            ("gzip;q=none", false),
            ("br", false),
        ] {
            assert_eq!(accepts_gzip(accept), expected, "{accept}");
        }
    }
}
