use super::{
    bytes::{at, find, is_at, run, steps},
    hasher::hash_end,
};

/// Finds the secrets in the userinfo of URLs: `scheme://user:password@host` and `scheme://token@host`.
///
/// An unescaped `@` may be part of the password: the last one counts. So may `/`, `?` and `#`, which end the
/// authority of a well-formed URL, but not every driver insists on that: when what follows the first colon up to
/// there is no port, the userinfo reaches on.
#[derive(Debug, Default)]
pub(crate) struct Urls {
    /// The end of the last URL and its last `@`, so that many `://` in one are not many walks to its end.
    end: usize,
    last_at: Option<usize>,
    /// Up to there is no `@` behind an apostrophe.
    no_at: usize,
}

impl Urls {
    /// The secret in the URL whose `:` stands at `colon`, with where to look on.
    pub(crate) fn secret_at(&mut self, text: &[u8], colon: usize) -> Option<(usize, usize)> {
        let slashes = [b"//".as_slice(), b"\\/\\/"];
        let slashes = slashes
            .into_iter()
            .find(|slashes| is_at(text, colon + 1, slashes))?;
        let start = colon + 1 + slashes.len();
        if is_at(text, start, WEBHOOKS) {
            return webhook_at(text, start + WEBHOOKS.len());
        }
        if start >= self.end {
            self.end = self.url_end(text, start);
            self.last_at = text.get(start..self.end).and_then(|url| {
                let found = memchr::memrchr(b'@', url)?;
                Some(start + found)
            });
            steps::count(self.end - start);
        }
        let last_at = self.last_at.filter(|&last| last >= start)?;
        let end = userinfo_end(text, start, self.end, last_at)?;
        if is_digest(text, end) {
            return None;
        }
        if hash_end(text, start) == Some(end) {
            return Some((start, end));
        }
        let colon = find(text.get(..end)?, start, b':');
        let start = colon.map_or(start, |colon| colon + 1);
        let is_user = colon.is_none() && is_user_alone(text, start - slashes.len() - 1);
        (start < end && !is_user).then_some((start, end))
    }

    /// Where a URL ends. An apostrophe in its userinfo is a part of it, one behind ends what is quoted.
    fn url_end(&mut self, text: &[u8], start: usize) -> usize {
        let first = run(text, start, is_of_url);
        if !is_apostrophe(at(text, first)) || first < self.no_at || has_at(text, start, first) {
            return first;
        }
        let mut end = first;
        while is_apostrophe(at(text, end)) && at(text, end + 1).is_ascii_alphanumeric() {
            end = run(text, end + 1, is_of_url);
        }
        if has_at(text, first, end) {
            return end;
        }
        self.no_at = end;
        first
    }
}

/// Whether an `@` is that of an image: `docker-pullable://nginx@sha256:0d17`.
fn is_digest(text: &[u8], sign: usize) -> bool {
    let first = sign + DIGEST.len();
    let near = text
        .get(..text.len().min(first + LONGEST_DIGEST))
        .unwrap_or_default();
    is_at(text, sign, DIGEST) && run(near, first, |byte| byte.is_ascii_hexdigit()) == first + LONGEST_DIGEST
}

fn has_at(text: &[u8], start: usize, end: usize) -> bool {
    let url = text.get(start..end).unwrap_or_default();
    steps::count(url.len());
    memchr::memchr(b'@', url).is_some()
}

const fn is_apostrophe(byte: u8) -> bool {
    matches!(byte, b'\'' | b'`')
}

/// The path behind `/services/`, with which anybody may post.
fn webhook_at(text: &[u8], host_end: usize) -> Option<(usize, usize)> {
    let slashes = [b"/".as_slice(), b"\\/"];
    let slash = slashes.into_iter().find(|slash| is_at(text, host_end, slash))?;
    let name = host_end + slash.len();
    let behind = name + b"services".len();
    let start = behind + slash.len();
    if !is_at(text, name, b"services") || !is_at(text, behind, slash) {
        return None;
    }
    if let Some(end) = hash_end(text, start) {
        return Some((start, end));
    }
    let mut end = start;
    loop {
        end = run(text, end, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'*')
        });
        if !is_at(text, end, b"\\/") {
            return (start < end).then_some((start, end));
        }
        end += b"\\/".len();
    }
}

fn userinfo_end(text: &[u8], start: usize, url_end: usize, last_at: usize) -> Option<usize> {
    let authority_end = run(text.get(..url_end)?, start, |byte| {
        !matches!(byte, b'/' | b'?' | b'#')
    });
    let authority = text.get(start..authority_end)?;
    if let Some(found) = memchr::memrchr(b'@', authority) {
        return Some(start + found);
    }
    let colon = memchr::memchr(b':', authority)?;
    let mut port = authority.get(colon + 1..)?.iter();
    let is_port = at(authority, 0) == b'[' || port.all(u8::is_ascii_digit);
    (!is_port).then_some(last_at)
}

/// Whether a userinfo without a colon is no more than a user: `ssh://git@host`.
fn is_user_alone(text: &[u8], scheme_end: usize) -> bool {
    USERS_ALONE
        .iter()
        .any(|scheme| super::bytes::ends_in(text, scheme_end, scheme))
}

#[inline]
fn is_of_url(byte: u8) -> bool {
    OF_URL.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Whether a byte is a part of a URL: one load instead of the comparisons.
static OF_URL: [bool; 256] = {
    let mut of_url = [true; 256];
    let mut rest: &[u8] = b"\"'`<> \t\n\x0b\x0c\r";
    while let [byte, others @ ..] = rest {
        of_url[*byte as usize] = false;
        rest = others;
    }
    of_url
};

const DIGEST: &[u8] = b"@sha256:";
const LONGEST_DIGEST: usize = 64;
const WEBHOOKS: &[u8] = b"hooks.slack.com";
const USERS_ALONE: [&[u8]; 6] = [b"ssh", b"sftp", b"git", b"postgres", b"postgresql", b"mysql"];
