//! The first words and the last of HTTP/2, as RFC 9113 has them.

/// Looks whether a connection begins as HTTP/2 does (section 3.4).
#[derive(Debug)]
pub(crate) struct Preface {
    /// How much of it has come; none once it cannot come any more or is complete.
    matched: Option<usize>,
}

impl Preface {
    pub(crate) const fn new() -> Self {
        Self { matched: Some(0) }
    }

    pub(crate) const fn is_expected(&self) -> bool {
        self.matched.is_some()
    }

    /// Whether it is complete with these bytes.
    pub(crate) fn ends_with(&mut self, read: &[u8]) -> bool {
        let Some(rest) = self.matched.and_then(|matched| PREFACE.get(matched..)) else {
            return false;
        };
        let common = rest.len().min(read.len());
        let is_so_far = rest.get(..common) == read.get(..common);
        let is_complete = is_so_far && common == rest.len();
        let goes_on = is_so_far && !is_complete;
        self.matched = self.matched.filter(|_| goes_on).map(|matched| matched + common);
        is_complete
    }
}

/// Tells the client of HTTP/2 to open no more streams, while every one it opens is still answered (section 6.8).
///
/// hyper's graceful shutdown says the same, but asks with a ping when the client has read it, and hears no stream that
/// comes after the answer. Clients send what they have queued after that answer.
#[derive(Debug)]
pub(crate) struct Notice {
    /// How many of its bytes are written; none before it is begun.
    written: Option<usize>,
}

impl Notice {
    pub(crate) const fn new() -> Self {
        Self { written: None }
    }

    pub(crate) const fn begin(&mut self) {
        if self.written.is_none() {
            self.written = Some(0);
        }
    }

    /// What is begun and not yet written.
    pub(crate) fn left(&self) -> &'static [u8] {
        let left = self.written.and_then(|written| GOAWAY.get(written..));
        left.unwrap_or_default()
    }

    pub(crate) fn written(&mut self, bytes: usize) {
        self.written = self.written.map(|written| written + bytes);
    }
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Eight bytes of GOAWAY on stream 0: the last stream is 2^31-1, there is no error.
const GOAWAY: &[u8] = b"\x00\x00\x08\x07\x00\x00\x00\x00\x00\x7f\xff\xff\xff\x00\x00\x00\x00";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preface_is_known_however_it_is_cut() {
        for cut in 1..PREFACE.len() {
            let mut preface = Preface::new();

            assert!(!preface.ends_with(&PREFACE[..cut]), "{cut}");
            assert!(!preface.ends_with(&[]), "{cut}");
            let mut rest = PREFACE[cut..].to_vec();
            rest.extend(b"frames");
            assert!(preface.ends_with(&rest), "{cut}");
            assert!(!preface.is_expected(), "{cut}");
        }
    }

    #[test]
    fn a_request_of_http1_is_none_at_its_first_byte_or_at_its_last() {
        for other in ["GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r "] {
            let mut preface = Preface::new();

            assert!(!preface.ends_with(other.as_bytes()));
            assert!(!preface.is_expected(), "{other}");
        }
    }

    #[test]
    fn a_notice_is_written_once() {
        let mut notice = Notice::new();
        assert!(notice.left().is_empty());

        notice.begin();
        notice.written(5);
        notice.begin();

        assert_eq!(notice.left(), &GOAWAY[5..]);
        notice.written(12);
        notice.begin();
        assert!(notice.left().is_empty());
    }
}
