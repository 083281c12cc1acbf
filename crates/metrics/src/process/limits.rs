use crate::digits::number;

/// The soft limits of `/proc/self/limits`; one that is not set is infinite.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Limits {
    pub open_files: Option<f64>,
    pub address_space: Option<f64>,
}

impl Limits {
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut limits = Self::default();
        for line in lines(text) {
            if let Some(columns) = line.strip_prefix(b"Max open files") {
                limits.open_files = soft(columns);
            } else if let Some(columns) = line.strip_prefix(b"Max address space") {
                limits.address_space = soft(columns);
            }
        }
        limits
    }
}

/// The lines are all of one length, so the first one tells where each begins; should they not be, each is
/// looked for.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let is_end = |byte: &u8| *byte == b'\n';
    let width = text.iter().position(is_end).map_or(1, |end| end + 1);
    let mut even = text.chunks(width);
    if even.all(|line| line.last() == Some(&b'\n')) {
        text.chunks(width).collect()
    } else {
        text.split(is_end).collect()
    }
}

fn soft(columns: &[u8]) -> Option<f64> {
    let columns = columns.trim_ascii_start();
    let end = columns.iter().position(u8::is_ascii_whitespace);
    match columns.get(..end.unwrap_or(columns.len()))? {
        b"unlimited" => Some(f64::INFINITY),
        limit => number(limit).map(|limit| limit as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_not_set_is_infinite() {
        let limits = b"Limit                     Soft Limit           Hard Limit           Units     \n\
                       Max open files            1024                 1048576              files     \n\
                       Max address space         unlimited            unlimited            bytes     \n";

        assert_eq!(
            Limits::parse(limits),
            Limits {
                open_files: Some(1024.0),
                address_space: Some(f64::INFINITY),
            }
        );
    }

    #[test]
    fn lines_may_be_of_any_length() {
        let limits =
            b"Limit Soft\nMax cpu time unlimited seconds\nMax open files 7\nMax address space 4096 bytes";

        assert_eq!(
            Limits::parse(limits),
            Limits {
                open_files: Some(7.0),
                address_space: Some(4096.0),
            }
        );
    }

    #[test]
    fn a_limit_that_cannot_be_read_is_absent() {
        assert_eq!(Limits::parse(b"Max open files  many\n"), Limits::default());
        assert_eq!(Limits::parse(b"Max open files"), Limits::default());
        assert_eq!(Limits::parse(b""), Limits::default());
    }
}
