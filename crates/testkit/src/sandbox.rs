use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::{
        fs::{DirBuilderExt, OpenOptionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio, id},
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::{account::Account, error::Error, stale};

/// A directory for servers, which ends with this process however this process ends.
///
/// A shell in its own process group holds the read end of a pipe whose write end is here. When the write end
/// closes (`Drop`, `exit`, a panic, Ctrl-C, SIGKILL) the shell reads end of file, kills every process that has a
/// `.pid` file in the directory together with its descendants, and removes the directory.
#[derive(Debug)]
pub(crate) struct Sandbox {
    dir: PathBuf,
    account: Option<Account>,
    reaper: Mutex<Option<(Child, ChildStdin)>>,
    /// Its lock tells the sweep of another process that the directory is in use.
    _owner: File,
}

impl Sandbox {
    /// Makes one for servers that run as `account`, or else as we do.
    pub(crate) fn new(account: Option<Account>) -> Result<Self, Error> {
        static SWEEP: Once = Once::new();
        SWEEP.call_once(|| stale::sweep(&base()));

        let dir = Self::create()?;
        let lock = dir.join(stale::OWNER);
        let owner = File::create(&lock).map_err(Error::file("creating", &lock))?;
        owner.lock().map_err(Error::file("locking", &lock))?;
        if let Some(account) = account {
            account.own(&dir)?;
        }
        let reaper = Self::reaper(&dir)?;
        Ok(Self {
            dir,
            account,
            reaper: Mutex::new(Some(reaper)),
            _owner: owner,
        })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.join(name)
    }

    /// Whom its servers run as, when that is not us.
    pub(crate) const fn account(&self) -> Option<Account> {
        self.account
    }

    /// Makes a directory in it, closed to others.
    pub(crate) fn subdir(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.path(name);
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(Error::file("creating", &path))?;
        self.hand_over(&path)?;
        Ok(path)
    }

    /// Writes a file in it that its servers alone may read.
    pub(crate) fn write_private(&self, path: &Path, text: &str) -> Result<(), Error> {
        self.write(path, text, 0o600)
    }

    pub(crate) fn write(&self, path: &Path, text: &str, mode: u32) -> Result<(), Error> {
        File::options()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(Error::file("writing", path))?;
        self.hand_over(path)
    }

    fn hand_over(&self, path: &Path) -> Result<(), Error> {
        self.account.map_or(Ok(()), |account| account.own(path))
    }

    fn create() -> Result<PathBuf, Error> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let dir = base().join(format!("{}{}-{number}", stale::PREFIX, id()));
            match DirBuilder::new().mode(0o700).create(&dir) {
                Ok(()) => return Ok(dir),
                // Left by a process that had our id; the sweep takes it when it is old enough.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::file("creating", dir)(error)),
            }
        }
    }

    fn reaper(dir: &Path) -> Result<(Child, ChildStdin), Error> {
        let spawn = || {
            let mut child = Command::new("/bin/sh")
                .arg("-c")
                .arg(REAPER)
                .arg("reaper")
                .arg(dir)
                .process_group(0)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            let pipe = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
            Ok((child, pipe))
        };
        spawn().map_err(|source| Error::Spawn {
            program: PathBuf::from("/bin/sh"),
            source,
        })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let reaper = self.reaper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((mut child, pipe)) = reaper {
            drop(pipe);
            let _status = child.wait();
        }
        // Only if somebody has killed the reaper.
        let _absent = fs::remove_dir_all(&self.dir);
    }
}

/// Where sandboxes lie: the temporary directory, unless its path is too long for a Unix socket in it.
pub(crate) fn base() -> PathBuf {
    const SOCKET_ROOM: usize = 50;
    let dir = std::env::temp_dir();
    if dir.as_os_str().len() > SOCKET_ROOM {
        PathBuf::from("/tmp")
    } else {
        dir
    }
}

const REAPER: &str = include_str!("reaper.sh");
