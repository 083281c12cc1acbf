use std::io::{self, Write};

/// Writes all of `bytes`, or says how many went out before the error.
pub(super) fn write_counted(out: &mut impl Write, bytes: &[u8]) -> (usize, Option<io::Error>) {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match out.write(rest) {
            Ok(0) => return (done, Some(io::ErrorKind::WriteZero.into())),
            Ok(written) => done += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (done, Some(error)),
        }
    }
    (done, None)
}

/// The leading lines that fit into `room` bytes; at least one.
pub(super) fn fitting(lines: &[u8], room: u64) -> &[u8] {
    let within = usize::try_from(room).ok().and_then(|room| lines.get(..room));
    let end = memchr::memrchr(b'\n', within.unwrap_or(lines)).or_else(|| memchr::memchr(b'\n', lines));
    end.and_then(|end| lines.get(..=end)).unwrap_or(lines)
}

/// The length of the first line, its end too.
pub(super) fn first_line(lines: &[u8]) -> u64 {
    memchr::memchr(b'\n', lines).map_or(lines.len(), |end| end + 1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes three bytes at a time, and is interrupted before each.
    #[derive(Default)]
    struct Slow {
        taken: Vec<u8>,
        calls: usize,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            if self.calls % 2 == 1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if self.taken.len() >= 9 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let taken = bytes.get(..3).unwrap_or(bytes);
            self.taken.extend_from_slice(taken);
            Ok(taken.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_write_goes_on_after_a_signal_and_ends_at_an_error() {
        let (mut short, mut long) = (Slow::default(), Slow::default());

        let (written, error) = write_counted(&mut short, b"a\nb\nc\n");
        assert_eq!((written, error.is_none()), (6, true));
        assert_eq!(short.taken, b"a\nb\nc\n");
        let (written, error) = write_counted(&mut long, b"a\nb\nc\nd\ne\nf\n");
        assert_eq!((written, error.unwrap().kind()), (9, io::ErrorKind::StorageFull));
    }
}
