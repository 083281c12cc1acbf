//! The ways in which words give a secret away, and a look for each.

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use proptest::prelude::*;

/// 16 cases in an ordinary run; `PROPTEST_CASES` asks for more.
pub(crate) fn cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    let cases = if config.cases == 256 { 16 } else { config.cases };
    ProptestConfig { cases, ..config }
}

pub(crate) fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// How a canary may be written, with the ways in which the words below write it.
fn forms(canary: &str) -> Vec<String> {
    let padded = format!("user:{canary}");
    vec![
        canary.to_owned(),
        canary.escape_debug().to_string(),
        canary.escape_default().to_string(),
        percent(canary),
        hex(canary),
        BASE64_STANDARD.encode(canary),
        BASE64_URL_SAFE_NO_PAD.encode(canary),
        BASE64_STANDARD.encode(&padded)[8..].to_owned(),
        BASE64_STANDARD.encode(format!(" {padded}"))[8..].to_owned(),
    ]
}

/// The first piece of `canary` that `output` has: eight letters in a row, or all of a short one.
pub(crate) fn leak(output: &str, canary: &str) -> Option<String> {
    let output = output.to_lowercase();
    for form in forms(canary) {
        let form = form.to_lowercase();
        let letters: Vec<char> = form.chars().collect();
        let mut pieces = letters
            .windows(8.min(letters.len()))
            .map(|piece| piece.iter().collect::<String>());
        if let Some(piece) = pieces.find(|piece| output.contains(piece)) {
            return Some(piece);
        }
    }
    None
}

pub(crate) fn assert_silent(
    outputs: impl IntoIterator<Item = String>,
    canary: &str,
) -> Result<(), TestCaseError> {
    for output in outputs {
        prop_assert_eq!(leak(&output, canary), None, "{}", output);
    }
    Ok(())
}

/// Words about `text` that give it away, each in another way.
pub(crate) fn telling(text: &str, way: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    let middle = &letters[letters.len() / 3..];
    match way {
        0 => format!("refuses {text}"),
        1 => format!("refuses {text:?}"),
        2 => format!("refuses {}", percent(text)),
        3 => format!("refuses {}", hex(text)),
        4 => format!("refuses {}", BASE64_STANDARD.encode(text)),
        5 => format!("refuses {}", BASE64_STANDARD.encode(format!("user:{text}"))),
        6 => format!("refuses {}", text.to_uppercase()),
        7 => format!("refuses what ends in {}", middle.iter().collect::<String>()),
        8 => format!("refuses {}", text.escape_default()),
        _ => format!("refuses {}", BASE64_URL_SAFE_NO_PAD.encode(text)),
    }
}

pub(crate) const WAYS: usize = 10;
