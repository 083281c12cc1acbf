use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{names, open_file::Identity};

/// Says to other processes that this one writes to a log file.
///
/// The lock lies on a file of its own beside the log file, so that rotating or replacing that one leaves the lock
/// alone. It is the kernel's (`flock`): it ends with the process, however that ends, and programs that the process
/// starts do not get it. The file stays; removing it would let two processes hold a lock each.
#[derive(Debug)]
pub(super) struct FileLock {
    file: Option<File>,
}

/// Why there is no lock.
#[derive(Debug)]
pub(super) enum LockError {
    /// Somebody has it: the process of this number, if it could be read.
    Held(Option<u32>),
    Io(io::Error),
}

impl FileLock {
    /// A lock of nothing.
    pub(super) const fn none() -> Self {
        Self { file: None }
    }

    /// Takes the lock of `path`. One that is held is asked for again for a moment: its process may be ending.
    pub(super) fn take(path: &Path) -> Result<Self, LockError> {
        let start = Instant::now();
        loop {
            match Self::try_take(path) {
                Err(LockError::Held(_)) if start.elapsed() < PATIENCE => thread::park_timeout(PAUSE),
                result => return result,
            }
        }
    }

    fn try_take(path: &Path) -> Result<Self, LockError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;

            // Who cannot open it cannot keep it from us, and a pipe that stands there holds nobody up.
            options.mode(0o640);
            options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        }
        let mut file = options.open(names::lock(path)).map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(holder(&mut file))),
            // A file system without locks is no reason to log nothing.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        // For the message of the process that comes second; on a full disk it does without.
        file.set_len(0).ok();
        writeln!(file, "{}", std::process::id()).ok();
        Ok(Self { file: Some(file) })
    }

    /// Takes the lock again if its file has been removed, as with the whole directory.
    pub(super) fn renew(&mut self, path: &Path) {
        let Some(file) = &self.file else {
            return;
        };
        let is_there =
            Identity::of_path(&names::lock(path)).is_ok_and(|found| Some(found) == Identity::of(file));
        if !is_there && let Ok(lock) = Self::try_take(path) {
            *self = lock;
        }
    }
}

impl Drop for FileLock {
    /// Not left to the closing of the file: a process that is being started has it open too, until it runs its program.
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            file.unlock().ok();
        }
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_lock_ends_with_its_owner_though_a_process_that_is_just_starting_has_its_file() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("app.log");
        let first = FileLock::take(&path).unwrap();
        // What every child has between its fork and its exec.
        let heir = first.file.as_ref().unwrap().try_clone().unwrap();

        assert!(matches!(FileLock::try_take(&path), Err(LockError::Held(Some(_)))));
        drop(first);

        assert!(FileLock::try_take(&path).is_ok());
        drop(heir);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_under_the_name_of_a_lock_is_held_by_one_and_holds_nobody_up() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};

        let dir = TempDir::new().unwrap();
        let path = dir.path().join("app.log");
        mknodat(CWD, names::lock(&path), FileType::Fifo, Mode::RWXU, 0).unwrap();

        let first = FileLock::try_take(&path);
        let second = FileLock::try_take(&path);

        assert!(first.is_ok(), "{first:?}");
        assert!(matches!(second, Err(LockError::Held(_))), "{second:?}");
    }
}
