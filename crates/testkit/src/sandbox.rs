use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::{fs::DirBuilderExt, process::CommandExt},
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
    reaper: Mutex<Option<(Child, ChildStdin)>>,
    /// Its lock tells the sweep of another process that the directory is in use.
    _owner: File,
}

impl Sandbox {
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

    /// Makes a directory in it, closed to others.
    pub(crate) fn subdir(&self, name: &str, account: Option<Account>) -> Result<PathBuf, Error> {
        let path = self.path(name);
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(Error::file("creating", &path))?;
        if let Some(account) = account {
            account.own(&path)?;
        }
        Ok(path)
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
