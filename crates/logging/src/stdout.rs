use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::Sink;

/// Writes to the process's standard output, past the buffer of `println!`.
///
/// A closed one is an error to be counted, never a panic and never a signal. A line whose beginning is out when a
/// write fails is ended before any other begins.
#[derive(Debug)]
pub(crate) struct Stdout<W = File> {
    out: W,
    /// The rest of a line that has begun.
    owed: Vec<u8>,
    patience: Duration,
}

impl Stdout {
    pub(crate) fn open() -> io::Result<Self> {
        #[cfg(unix)]
        let owned = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
        #[cfg(windows)]
        let owned = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
        Ok(Self {
            out: File::from(owned),
            owed: Vec::new(),
            patience: PATIENCE,
        })
    }
}

impl<W: Write> Stdout<W> {
    /// Writes all, or says how much went out before the error.
    fn write_patiently(&mut self, bytes: &[u8]) -> (usize, Option<io::Error>) {
        let mut waiting_since = None;
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            match self.out.write(rest) {
                Ok(0) => return (done, Some(ErrorKind::WriteZero.into())),
                Ok(written) => {
                    waiting_since = None;
                    done += written;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Somebody else has made the pipe non-blocking: its reader gets time.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let since = *waiting_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= self.patience {
                        return (done, Some(error));
                    }
                    pause();
                }
                Err(error) => return (done, Some(error)),
            }
        }
        (done, None)
    }

    fn pay(&mut self) -> io::Result<()> {
        let owed = std::mem::take(&mut self.owed);
        let (done, error) = self.write_patiently(&owed);
        self.owed.extend_from_slice(owed.get(done..).unwrap_or_default());
        error.map_or(Ok(()), Err)
    }
}

impl<W: Write + Send + 'static> Sink for Stdout<W> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.pay()?;
        let (done, error) = self.write_patiently(lines);
        let Some(error) = error else {
            return Ok(done);
        };
        if done == 0 {
            return Err(error);
        }
        let begun = lines.get(done - 1..).unwrap_or_default();
        let end = memchr::memchr(b'\n', begun).map_or(lines.len(), |end| done + end);
        self.owed
            .extend_from_slice(lines.get(done..end).unwrap_or_default());
        Ok(end)
    }
}

/// Waits a moment: nothing ever comes over this channel.
fn pause() {
    let (sender, receiver) = mpsc::channel::<()>();
    receiver.recv_timeout(Duration::from_millis(2)).ok();
    drop(sender);
}

/// So long a reader may take nothing at all.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes at each call, then nothing for ever; 0 is a call that would block.
    struct Script(Vec<usize>, Vec<u8>);

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0.pop() {
                Some(0) | None => Err(ErrorKind::WouldBlock.into()),
                Some(most) => {
                    let taken = most.min(bytes.len());
                    self.1.extend_from_slice(&bytes[..taken]);
                    Ok(taken)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stdout(mut calls: Vec<usize>) -> Stdout<Script> {
        calls.reverse();
        Stdout {
            out: Script(calls, Vec::new()),
            owed: Vec::new(),
            patience: Duration::ZERO,
        }
    }

    #[test]
    fn a_line_that_has_begun_is_ended_before_the_next() {
        let mut stdout = stdout(vec![6, 0, 0, 3, 100, 100]);

        assert_eq!(stdout.write(b"one\ntwo two\nthree\n").unwrap(), 12);
        assert!(stdout.write(b"three\n").is_err());
        assert_eq!(stdout.write(b"four\n").unwrap(), 5);
        assert!(stdout.write(b"five\n").is_err());

        assert_eq!(stdout.out.1, b"one\ntwo two\nfour\n");
    }

    #[test]
    fn a_write_that_ends_with_a_line_owes_nothing() {
        let mut stdout = stdout(vec![4, 0]);

        assert_eq!(stdout.write(b"one\ntwo\n").unwrap(), 4);

        assert!(stdout.owed.is_empty());
    }
}
