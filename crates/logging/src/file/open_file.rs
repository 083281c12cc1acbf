use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{FileMode, torn::torn_at, whole_lines::write_counted};

/// A file that lines are appended to, and how long it is.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: File,
    size: u64,
    identity: Option<Identity>,
    /// Not a device or a pipe: it can be renamed, cut and measured.
    is_regular: bool,
    /// Part of a line stands at its end.
    is_torn: bool,
    modified: Option<SystemTime>,
}

/// Which file it is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

/// What a name stands for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The file that is open.
    Same,
    /// Nothing, or another file.
    Replaced,
    /// That cannot be known.
    Unknown,
}

impl OpenFile {
    /// Opens `path` for appending, and makes it and its directory if they are not there.
    pub(super) fn open(path: &Path, mode: FileMode) -> io::Result<Self> {
        if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            make_directory(directory)?;
        }
        let file = append_to(path, mode)?;
        let metadata = file.metadata()?;
        let is_regular = metadata.is_file();
        let size = if is_regular { metadata.len() } else { 0 };
        Ok(Self {
            is_torn: size > 0 && last_byte(path).is_ok_and(|byte| byte != b'\n'),
            size,
            identity: Identity::of_metadata(&metadata),
            is_regular,
            modified: metadata.modified().ok(),
            file,
        })
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    pub(super) const fn is_regular(&self) -> bool {
        self.is_regular
    }

    /// When it was written last before it was opened.
    pub(super) const fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// Takes out the part of a line at its end, which a process left that died while it wrote.
    pub(super) fn cut_torn_line(&mut self, path: &Path) -> io::Result<()> {
        if !self.is_regular {
            return Ok(());
        }
        if let Some(end) = torn_at(path)? {
            self.file.set_len(end)?;
            self.is_torn = false;
        }
        self.note_size(self.file.metadata()?.len());
        Ok(())
    }

    /// Gives it `mode` if this process may.
    pub(super) fn set_mode(&self, mode: FileMode) {
        if self.is_regular {
            mode.apply(&self.file).ok();
        }
    }

    /// Whether `path` still stands for this file. Looks at its length too: somebody may have emptied it.
    pub(super) fn standing(&mut self, path: &Path) -> Standing {
        if let Ok(metadata) = self.file.metadata() {
            self.note_size(metadata.len());
        }
        match (Identity::of_path(path), self.identity) {
            (Ok(found), Some(ours)) if found == ours => Standing::Same,
            (Ok(_), Some(_)) => Standing::Replaced,
            (Err(error), Some(_)) if is_gone(&error) => Standing::Replaced,
            _ => Standing::Unknown,
        }
    }

    /// Appends lines; says how many bytes of whole lines stand in the file now.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<usize> {
        if self.is_torn {
            self.file.write_all(b"\n")?;
            self.is_torn = false;
            self.size += 1;
        }
        let (written, error) = write_counted(&mut self.file, lines);
        match error {
            None => {
                self.size += written as u64;
                Ok(written)
            }
            Some(error) => self.keep_whole_lines(lines.get(..written).unwrap_or_default(), error),
        }
    }

    /// After a failed write: keeps the lines that are whole and takes the rest of one back out.
    fn keep_whole_lines(&mut self, written: &[u8], error: io::Error) -> io::Result<usize> {
        let whole = memchr::memrchr(b'\n', written).map_or(0, |end| end + 1);
        let torn = (written.len() - whole) as u64;
        // Not the length that was counted: cutting to that would fill a file up that somebody has emptied.
        let end = match self.file.metadata() {
            Ok(metadata) if self.is_regular => metadata.len(),
            _ => self.size + written.len() as u64,
        };
        self.size = end;
        if torn > 0 {
            let cut = end.saturating_sub(torn);
            self.is_torn = !self.is_regular || self.file.set_len(cut).is_err();
            if !self.is_torn {
                self.size = cut;
            }
        }
        if whole > 0 { Ok(whole) } else { Err(error) }
    }

    const fn note_size(&mut self, size: u64) {
        if self.is_regular {
            self.size = size;
            self.is_torn = self.is_torn && size > 0;
        }
    }
}

impl Identity {
    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "other systems do not tell")]
    fn of_metadata(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;

        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    #[cfg(not(unix))]
    fn of_metadata(_: &Metadata) -> Option<Self> {
        None
    }

    pub(super) fn of(file: &File) -> Option<Self> {
        Self::of_metadata(&file.metadata().ok()?)
    }

    pub(super) fn of_path(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Self::of_metadata(&metadata).ok_or_else(|| io::ErrorKind::Unsupported.into())
    }
}

/// The file that symbolic links lead to: it is that one which is rotated, and the link stays.
///
/// A link to a device or a pipe, such as `/dev/stdout`, is left as it is.
pub(super) fn behind_links(path: &Path) -> PathBuf {
    // The process may change its directory.
    let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut found = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&found) else {
            break;
        };
        found = match found.parent() {
            Some(parent) => parent.join(target),
            None => target,
        };
    }
    let is_special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    if is_special { path.to_owned() } else { found }
}

fn make_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path).map_err(|error| match error.kind() {
        // That would be no mistake of a directory.
        io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
        _ => error,
    })
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn append_to(path: &Path, mode: FileMode) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode.bits());
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            // The umask may have taken some of it away.
            mode.apply(&file)?;
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            open_existing(path, options.create(true))
        }
        Err(error) => Err(error),
    }
}

/// Waits for nobody: a pipe opens when it has a reader, which may never come.
#[cfg(unix)]
fn open_existing(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::{
        fs::{OFlags, fcntl_getfl, fcntl_setfl},
        io::Errno,
    };

    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file = match options.open(path) {
        Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
            return Err(nobody_takes(path, error));
        }
        opened => opened?,
    };
    // Once it is open, a full pipe or a slow device is waited for.
    if !file.metadata()?.is_file() {
        fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn open_existing(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.open(path)
}

/// Why what stands at `path` cannot be opened now.
#[cfg(unix)]
fn nobody_takes(path: &Path, error: io::Error) -> io::Error {
    use std::os::unix::fs::FileTypeExt as _;

    let why = match fs::metadata(path).map(|metadata| metadata.file_type()) {
        Ok(kind) if kind.is_fifo() => NO_READER,
        Ok(kind) if kind.is_socket() => SOCKET,
        _ => return error,
    };
    io::Error::new(error.kind(), why)
}

fn last_byte(path: &Path) -> io::Result<u8> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// As many as Linux follows.
const MOST_LINKS: usize = 40;
#[cfg(unix)]
const NO_READER: &str = "a pipe that nobody reads: start its reader before, or name a regular file";
#[cfg(unix)]
const SOCKET: &str = "a socket, which takes no lines: name a regular file";

#[cfg(test)]
mod tests {
    use std::fs::{read, write};

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn half_a_line_is_cut_where_it_stands_though_somebody_has_emptied_the_file() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("app.log");
        let mut file = OpenFile::open(&path, FileMode::default()).unwrap();
        file.append(&b"{}\n".repeat(100)).unwrap();
        // As copytruncate leaves it, and then what a full disk has taken of two lines.
        write(&path, "{\"n\":1}\n{\"n\"").unwrap();

        let kept = file.keep_whole_lines(b"{\"n\":1}\n{\"n\"", io::ErrorKind::StorageFull.into());

        assert_eq!(kept.unwrap(), 8);
        assert_eq!(read(&path).unwrap(), b"{\"n\":1}\n");
        assert_eq!(file.size(), 8);
    }
}
