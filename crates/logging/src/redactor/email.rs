use super::bytes::{at, before, run, run_back};

/// The address around the `@` at `sign`, from `from` on.
pub(crate) fn address_at(text: &[u8], from: usize, sign: usize) -> Option<(usize, usize)> {
    let start = from.max(local_start(text, sign));
    let domain = sign + 1;
    let end = run(text, domain, is_of_domain);
    let end = end - usize::from(before(text, end) == b'.');
    let mut parts = text.get(domain..end)?.rsplit(|&byte| byte == b'.');
    let top = parts.next()?;
    let is_name = top.len() >= 2 && !is_of_file(top) && !top.iter().any(u8::is_ascii_digit);
    let has_host = parts.next().is_some_and(|host| !host.is_empty()) && at(text, domain) != b'.';
    (start < sign && is_name && has_host).then_some((start, end))
}

/// Where the name before the sign starts; one as `o'neil` has an apostrophe between its letters.
fn local_start(text: &[u8], sign: usize) -> usize {
    let mut start = run_back(text, sign, is_of_local);
    while before(text, start) == b'\''
        && at(text, start).is_ascii_alphabetic()
        && before(text, start - 1).is_ascii_alphabetic()
    {
        start = run_back(text, start - 1, is_of_local);
    }
    start
}

const fn is_of_local(byte: u8) -> bool {
    is_of_domain(byte) || matches!(byte, b'_' | b'%' | b'+')
}

const fn is_of_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') || !byte.is_ascii()
}

/// Whether it is what no address ends in: `logo@2x.png`.
fn is_of_file(top: &[u8]) -> bool {
    let mut ending = [0; 4];
    if top.len() > ending.len() {
        return false;
    }
    for (lower, byte) in ending.iter_mut().zip(top) {
        *lower = byte.to_ascii_lowercase();
    }
    FILES.contains(&u32::from_be_bytes(ending))
}

const FILES: [u32; 14] = [
    ending(*b"png\0"),
    ending(*b"jpg\0"),
    ending(*b"jpeg"),
    ending(*b"gif\0"),
    ending(*b"webp"),
    ending(*b"svg\0"),
    ending(*b"avif"),
    ending(*b"bmp\0"),
    ending(*b"css\0"),
    ending(*b"js\0\0"),
    ending(*b"mjs\0"),
    ending(*b"json"),
    ending(*b"html"),
    ending(*b"wasm"),
];

const fn ending(letters: [u8; 4]) -> u32 {
    u32::from_be_bytes(letters)
}
