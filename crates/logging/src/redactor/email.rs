use super::bytes::{at, before, run, run_back};

/// The address around the `@` at `sign`, from `from` on.
pub(crate) fn address_at(text: &[u8], from: usize, sign: usize) -> Option<(usize, usize)> {
    let start = from.max(run_back(text, sign, is_of_local));
    let domain = sign + 1;
    let end = run(text, domain, is_of_domain);
    let end = end - usize::from(before(text, end) == b'.');
    let mut parts = text.get(domain..end)?.rsplit(|&byte| byte == b'.');
    let top = parts.next()?;
    let is_name = top.len() >= 2 && !top.iter().any(u8::is_ascii_digit);
    let has_host = parts.next().is_some_and(|host| !host.is_empty()) && at(text, domain) != b'.';
    (start < sign && is_name && has_host).then_some((start, end))
}

const fn is_of_local(byte: u8) -> bool {
    is_of_domain(byte) || matches!(byte, b'_' | b'%' | b'+')
}

const fn is_of_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') || !byte.is_ascii()
}
