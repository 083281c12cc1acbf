use super::bytes::{at, backslashes, find_all, is_at, is_form_space, is_quote, run};

/// Finds private keys in PEM armour.
#[derive(Debug, Default)]
pub(crate) struct Pems {
    /// No end stands behind what has been looked at.
    no_end: bool,
}

impl Pems {
    /// The block whose `--B` ends at `last`.
    pub(crate) fn block_at(&mut self, text: &[u8], last: usize) -> Option<(usize, usize)> {
        let start = last.checked_sub(DASHES.len())?;
        if !is_at(text, start, b"-----BEGIN") || !is_form_space(at(text, start + b"-----BEGIN".len())) {
            return None;
        }
        let label = start + b"-----BEGIN ".len();
        let label_end = run(
            text.get(..text.len().min(label + LONGEST_LABEL))?,
            label,
            is_of_label,
        );
        let name = text.get(label..label_end)?;
        if !is_at(text, label_end, DASHES) || !is_private_key(name) {
            return None;
        }
        let body = label_end + DASHES.len();
        Some((start, self.end(text, body)))
    }

    fn end(&mut self, text: &[u8], body: usize) -> usize {
        let found = if self.no_end {
            None
        } else {
            find_all(text, body, b"-----END").filter(|end| is_form_space(at(text, end + b"-----END".len())))
        };
        let Some(end) = found else {
            self.no_end = true;
            let end = run(text, body, is_of_body);
            // The backslashes of a quote are no part of it.
            let slashes = if is_quote(at(text, end)) {
                backslashes(text, end)
            } else {
                0
            };
            return body.max(end - slashes);
        };
        let label = end + b"-----END".len();
        run(text, run(text, label, is_of_label), |byte| byte == b'-')
    }
}

/// Whether a label tells a private key, also as a form writes it.
fn is_private_key(label: &[u8]) -> bool {
    let names: [&[u8]; 2] = [b"PRIVATE KEY", b"PRIVATE+KEY"];
    names
        .iter()
        .any(|name| memchr::memmem::find(label, name).is_some())
}

const fn is_of_label(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b' ' | b'+')
}

/// Base64, headers such as `Proc-Type: 4,ENCRYPTED`, line feeds and their escapes.
const fn is_of_body(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte.is_ascii_whitespace()
        || matches!(byte, b'+' | b'/' | b'=' | b'\\' | b'-' | b':' | b',' | b'.')
}

const DASHES: &[u8] = b"-----";
const LONGEST_LABEL: usize = 64;
