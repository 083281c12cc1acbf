use std::{
    fs::File,
    io::{self, ErrorKind},
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::{Sink, file::write_counted};

/// Writes to the process's standard output, past the buffer of `println!`.
///
/// A closed one is an error to be counted, never a panic and never a signal.
#[derive(Debug)]
pub(crate) struct Stdout(File);

impl Stdout {
    pub(crate) fn open() -> io::Result<Self> {
        #[cfg(unix)]
        let owned = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
        #[cfg(windows)]
        let owned = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
        Ok(Self(File::from(owned)))
    }
}

impl Sink for Stdout {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let start = Instant::now();
        let mut done = 0;
        loop {
            let (written, error) = write_counted(&mut self.0, lines.get(done..).unwrap_or_default());
            done += written;
            match error {
                None => return Ok(done),
                // Somebody else has made the pipe non-blocking: its reader gets time.
                Some(error) if error.kind() == ErrorKind::WouldBlock && start.elapsed() < PATIENCE => pause(),
                Some(error) => return whole_lines(lines, done).ok_or(error),
            }
        }
    }
}

/// The length of the whole lines among the first `done` bytes, if there is one.
fn whole_lines(lines: &[u8], done: usize) -> Option<usize> {
    let end = memchr::memrchr(b'\n', lines.get(..done)?)?;
    Some(end + 1)
}

/// Waits a moment: nothing ever comes over this channel.
fn pause() {
    let (sender, receiver) = mpsc::channel::<()>();
    receiver.recv_timeout(Duration::from_millis(2)).ok();
    drop(sender);
}

const PATIENCE: Duration = Duration::from_secs(1);
