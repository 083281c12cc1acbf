use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

/// Where the whole lines of a file end, if a part of one stands behind them that may be taken out.
///
/// A file that is nothing but a part of a line is ours only if it begins as a line does; a part that is longer than
/// any line is none.
pub(super) fn torn_at(path: &Path) -> io::Result<Option<u64>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut end = size;
    let mut block = Vec::new();
    while end > 0 && size - end < MOST_CUT {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        (&mut file).take(end - start).read_to_end(&mut block)?;
        if let Some(last) = memchr::memrchr(b'\n', &block) {
            let whole = start + last as u64 + 1;
            return Ok((whole < size).then_some(whole));
        }
        end = start;
    }
    Ok((end == 0 && block.starts_with(b"{")).then_some(0))
}

const BLOCK: u64 = 64 * 1024;
const MOST_CUT: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::fs::write;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_part_of_a_line_is_found_at_the_end() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("combined.log");
        let long = vec![b'x'; 200_000];
        for (text, torn) in [
            (&b"a\nb\nhal"[..], Some(4)),
            (b"a\n", None),
            (b"", None),
            (b"{\"half", Some(0)),
            (b"something of somebody else", None),
            (&[b"a\n", long.as_slice()].concat(), Some(2)),
            (&[b"{", long.as_slice()].concat(), Some(0)),
        ] {
            write(&path, text).unwrap();
            assert_eq!(torn_at(&path).unwrap(), torn);
        }
    }
}
