use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use groundcrew_base::ByteSize;
use rustix::process::Signal;

use crate::{
    daemon::{Daemon, Spec},
    error::Error,
    poll,
    sandbox::{self, Sandbox},
};

/// A directory that holds only so much, for tests of a full disk.
///
/// It is removed with the last clone of the handle, or when the process ends in whatever way.
#[derive(Clone)]
pub struct SmallDisk(Arc<Inner>);

struct Inner {
    path: PathBuf,
    size: ByteSize,
    // Dropped in this order: the process that holds the mount, then the directory it lies in.
    _holder: Option<Daemon>,
    sandbox: Arc<Sandbox>,
}

impl SmallDisk {
    /// The directory; everybody may write to it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// How much it holds.
    #[must_use]
    pub fn size(&self) -> ByteSize {
        self.0.size
    }
}

impl fmt::Debug for SmallDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmallDisk")
            .field("path", &self.0.path)
            .field("size", &self.0.size)
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self._holder.is_none() {
            let _reaper_tries_too = Command::new("umount")
                .arg("-l")
                .arg(self.sandbox.path(MOUNT))
                .status();
        }
    }
}

/// Makes a directory that holds `size` and answers `ENOSPC` beyond.
///
/// Root mounts a tmpfs. A plain user, or a root without that right, mounts it in a user and mount namespace that a
/// process of its own keeps open, and reaches it through `/proc`.
///
/// # Errors
/// [`Error::SmallDisk`] with the reason when neither is allowed; Linux alone has both.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use groundcrew_base::ByteSize;
///
/// let disk = groundcrew_testkit::small_disk(ByteSize::mib(1)).await?;
/// let full = std::fs::write(disk.path().join("too-much"), vec![0; 2 << 20]);
/// assert_eq!(full.map_err(|error| error.kind()), Err(std::io::ErrorKind::StorageFull));
/// # Ok(())
/// # }
/// ```
pub async fn small_disk(size: ByteSize) -> Result<SmallDisk, Error> {
    mounted(size, "").await
}

/// Makes a directory that holds so many inodes, its own included, and answers `ENOSPC` to one more file, however much of `size` is
/// left. See [`small_disk`].
///
/// # Errors
/// Those of [`small_disk`].
pub async fn disk_of_inodes(size: ByteSize, inodes: u32) -> Result<SmallDisk, Error> {
    mounted(size, &format!(",nr_inodes={inodes}")).await
}

async fn mounted(size: ByteSize, more: &str) -> Result<SmallDisk, Error> {
    let sandbox = Arc::new(Sandbox::new(None)?);
    let mount_point = sandbox.subdir(MOUNT)?;
    let options = format!("size={},mode=1777{more}", size.bytes());
    let refusal = match mount(&mount_point, &options) {
        Ok(()) => {
            return Ok(SmallDisk(Arc::new(Inner {
                path: mount_point,
                size,
                _holder: None,
                sandbox,
            })));
        }
        Err(refusal) => refusal,
    };
    let holder = hold_in_namespace(&sandbox, &mount_point, &options).await;
    holder
        .map_err(|error| Error::SmallDisk {
            size,
            reason: format!("mounting: {refusal}; in a namespace: {error}"),
        })
        .map(|(holder, path)| {
            SmallDisk(Arc::new(Inner {
                path,
                size,
                _holder: Some(holder),
                sandbox,
            }))
        })
}

fn mount(mount_point: &Path, options: &str) -> Result<(), String> {
    let output = Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "tmpfs"])
        .arg(mount_point)
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

async fn hold_in_namespace(
    sandbox: &Arc<Sandbox>,
    mount_point: &Path,
    options: &str,
) -> Result<(Daemon, PathBuf), Error> {
    const LIMIT: Duration = Duration::from_secs(5);
    let spec = Spec {
        server: "the namespace of a small disk",
        name: String::from("namespace"),
        program: PathBuf::from("unshare"),
        args: vec![
            "--user".into(),
            "--map-root-user".into(),
            "--mount".into(),
            "/bin/sh".into(),
            "-c".into(),
            HOLD.into(),
            "hold".into(),
            options.into(),
            mount_point.into(),
        ],
        dir: sandbox::base(),
        stop_signal: Signal::KILL,
    };
    let holder = Daemon::spawn(Arc::clone(sandbox), spec)?;
    let path = PathBuf::from(format!("/proc/{}/root{}", holder.pid()?, mount_point.display()));
    let mounted = poll::until(LIMIT, async || {
        holder.ensure_not_exited()?;
        Ok(path.join("mounted").exists().then_some(()))
    })
    .await?;
    mounted.ok_or_else(|| Error::NotReady {
        server: holder.server(),
        waited: LIMIT,
        log: holder.log_tail(),
    })?;
    Ok((holder, path))
}

/// The reaper unmounts what has this name.
const MOUNT: &str = "mount";
/// `tail` waits for ever without a process of its own to be found and killed.
const HOLD: &str = r#"mount -t tmpfs -o "$1" tmpfs "$2" && mkdir "$2/mounted" && exec tail -f /dev/null"#;
