use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::{
    Error,
    ring::{
        journal::inode,
        layout::{self, Head, Image, Unreadable},
        map::{self, Parts},
        opening,
    },
};

/// The ring file of a directory, locked.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    file: File,
}

impl Place {
    /// Opens the file, or makes it, and locks it.
    pub(super) fn open(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(FILE_NAME);
        let failed = |source| opening(&path, source);
        fs::create_dir_all(directory).map_err(failed)?;
        let start = Instant::now();
        loop {
            let file = open(&path).map_err(failed)?;
            match file.try_lock() {
                // Somebody may have set the file aside meanwhile.
                Ok(()) if is_at(&file, &path) => {
                    make_private(&file).map_err(failed)?;
                    return Ok(Self { path, file });
                }
                Ok(()) => {}
                // A child that has not yet begun its own program holds the lock of a parent that was killed.
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => pause(),
                Err(TryLockError::WouldBlock) => {
                    let process = holder(&file);
                    return Err(Error::RingInUse { path, process });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
    }

    /// What an earlier process has left. The error says where a file that cannot be read was put.
    pub(super) fn read(&mut self) -> io::Result<Result<Image, (PathBuf, Unreadable)>> {
        let mut bytes = Vec::new();
        self.file.rewind()?;
        (&self.file).take(LONGEST).read_to_end(&mut bytes)?;
        match Image::parse(&bytes) {
            Ok(image) => Ok(Ok(image)),
            Err(why) => {
                let aside = self.path.with_extension(ASIDE);
                fs::rename(&self.path, &aside)?;
                let file = open(&self.path)?;
                file.try_lock()?;
                self.file = file;
                Ok(Err((aside, why)))
            }
        }
    }

    /// Keeps a copy of the file, which is damaged in part.
    pub(super) fn copy_aside(&self) -> io::Result<PathBuf> {
        let aside = self.path.with_extension(ASIDE);
        // By its bytes: a copy that shares blocks with it would take from it what `allocate` has given.
        let bytes = fs::read(&self.path)?;
        let mut copy = open(&aside)?;
        copy.set_len(0)?;
        copy.write_all(&bytes)?;
        Ok(aside)
    }

    /// Maps the file for a queue of so many bytes, its blocks allocated and its head written.
    pub(super) fn map(&self, capacity: usize, known: Option<Head>) -> io::Result<Parts> {
        let half = layout::half_for(capacity);
        let len = (2 * half + layout::HEAD) as u64;
        if len > LONGEST {
            return Err(io::Error::other("the queue is too large for a file"));
        }
        if known != Some(Head { half }) || self.file.metadata()?.len() != len {
            self.file.set_len(0)?;
        }
        if let Err(error) = allocate(&self.file, len) {
            self.let_go();
            return Err(error);
        }
        let parts = map::map(self.file.try_clone()?, layout::HEAD, half)?;
        parts.words.store(layout::VERSION_AT, layout::VERSION);
        parts.words.store(layout::HALF_AT, half as u64);
        parts.words.store(layout::CHECK_AT, layout::check(half));
        parts.words.store(layout::PROCESS_AT, std::process::id().into());
        // Without this the rest says nothing.
        parts.words.store(layout::MAGIC_AT, layout::MAGIC);
        Ok(parts)
    }

    /// Maps the file as it is.
    pub(super) fn remap(&self, head: Head) -> io::Result<Parts> {
        map::map(self.file.try_clone()?, layout::HEAD, head.half)
    }

    /// Gives the space of the file back.
    fn let_go(&self) {
        self.file.set_len(0).ok();
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The process that has mapped the file, if it has come so far.
fn holder(mut file: &File) -> Option<u32> {
    let mut word = [0; size_of::<u64>()];
    file.seek(SeekFrom::Start((layout::PROCESS_AT * word.len()) as u64))
        .ok()?;
    file.read_exact(&mut word).ok()?;
    u32::try_from(u64::from_ne_bytes(word))
        .ok()
        .filter(|process| *process != 0)
}

fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(file), Ok(found)) = (file.metadata(), fs::metadata(path)) else {
        return false;
    };
    inode(&file) == inode(&found)
}

#[cfg(unix)]
fn make_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    file.set_permissions(fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn make_private(_: &File) -> io::Result<()> {
    Ok(())
}

/// Gives every byte of the file a block of its own, so that no write to the memory can fail: a process could not
/// be told but by a signal.
#[cfg(unix)]
fn allocate(file: &File, len: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};

    #[cfg(target_os = "linux")]
    {
        let kind = rustix::fs::fstatfs(file)?.f_type;
        if !OVERWRITES_IN_PLACE.contains(&(kind as i64)) {
            return Err(io::Error::other(
                "the filesystem may need new blocks at any write",
            ));
        }
    }
    fallocate(file, FallocateFlags::empty(), 0, len)?;
    zero_head(file)
}

#[cfg(not(unix))]
fn allocate(_: &File, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Writes through the kernel once, which tells what a full disk would only say later.
fn zero_head(mut file: &File) -> io::Result<()> {
    file.rewind()?;
    let mut head = vec![0; layout::HEAD];
    file.read_exact(&mut head)?;
    file.rewind()?;
    file.write_all(&head)
}

/// Waits a moment: nothing ever comes over this channel.
fn pause() {
    let (sender, receiver) = mpsc::channel::<()>();
    receiver.recv_timeout(Duration::from_millis(5)).ok();
    drop(sender);
}

/// ext2 to ext4, XFS, tmpfs and overlayfs: a block that is allocated stays where it is.
#[cfg(target_os = "linux")]
const OVERWRITES_IN_PLACE: [i64; 4] = [0xef53, 0x5846_5342, 0x0102_1994, 0x794c_7630];
pub(super) const FILE_NAME: &str = "log.ring";
const ASIDE: &str = "ring.aside";
/// As long as for the lock of a log file.
const PATIENCE: Duration = Duration::from_secs(1);
/// No ring file is longer.
const LONGEST: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "it opens files")]
    fn a_file_that_was_moved_away_or_removed_is_not_at_its_path() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join(FILE_NAME);
        let file = open(&path).unwrap();
        assert!(is_at(&file, &path));

        fs::rename(&path, dir.path().join("elsewhere")).unwrap();
        assert!(!is_at(&file, &path));
        open(&path).unwrap();
        assert!(!is_at(&file, &path));
    }
}
