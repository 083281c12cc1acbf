use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::Sink;

/// Appends to a file and starts a new one when it is full.
///
/// `combined.log` is always the one being written; a full one becomes `combined.000001.log` and so on. The
/// numbers go up across restarts, whatever the clock does. The oldest are removed.
#[derive(Debug)]
pub(crate) struct RotatingFile {
    path: PathBuf,
    max_size: u64,
    max_files: u32,
    file: File,
    size: u64,
    /// After a failed rotation the next attempt is at this size.
    rotate_at: u64,
    /// Part of a line stands at the end of the file.
    is_torn: bool,
    counters: Arc<RotationCounters>,
}

/// What the owner of a file is told about its rotations.
#[derive(Debug, Default)]
pub(crate) struct RotationCounters {
    pub(crate) rotations: AtomicU64,
    pub(crate) failures: AtomicU64,
}

impl RotatingFile {
    /// Opens `path` for appending; makes its directory.
    pub(crate) fn open(path: PathBuf, max_size: u64, max_files: u32) -> io::Result<Self> {
        if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(directory)?;
        }
        let (file, size) = append_to(&path)?;
        let rotating = Self {
            is_torn: size > 0 && last_byte(&path)? != b'\n',
            file,
            size,
            path,
            max_size,
            max_files,
            rotate_at: max_size,
            counters: Arc::default(),
        };
        rotating.remove_oldest()?;
        Ok(rotating)
    }

    pub(crate) fn counters(&self) -> Arc<RotationCounters> {
        Arc::clone(&self.counters)
    }

    fn rotate(&mut self) {
        let result = self.start_new_file();
        let counter = match result {
            Ok(()) => &self.counters.rotations,
            Err(_) => &self.counters.failures,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.rotate_at = match result {
            Ok(()) => self.max_size,
            Err(_) => self.size.saturating_add(self.max_size / 8 + 1),
        };
    }

    fn start_new_file(&mut self) -> io::Result<()> {
        let archived = self.archives()?;
        let number = archived.last().map_or(0, |(number, _)| *number) + 1;
        let archive = self.path.with_file_name(archive_name(&self.path, number));
        fs::rename(&self.path, &archive)?;
        let (file, size) = match append_to(&self.path) {
            Ok(opened) => opened,
            Err(error) => {
                // Lines go on into the file that is open: it gets its name back.
                fs::rename(&archive, &self.path).ok();
                return Err(error);
            }
        };
        self.file = file;
        self.size = size;
        self.is_torn = false;
        // What could not be removed is tried again at the next rotation.
        self.remove_oldest().ok();
        Ok(())
    }

    fn remove_oldest(&self) -> io::Result<()> {
        let archived = self.archives()?;
        let kept = self.max_files.saturating_sub(1) as usize;
        let surplus = archived.len().saturating_sub(kept);
        archived
            .iter()
            .take(surplus)
            .try_for_each(|(_, path)| fs::remove_file(path))
    }

    /// The full files, the oldest first.
    fn archives(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let mut archives = Vec::new();
        for entry in fs::read_dir(directory(&self.path))? {
            let entry = entry?;
            if let Some(number) = archive_number(&self.path, &entry.file_name()) {
                archives.push((number, entry.path()));
            }
        }
        archives.sort_unstable();
        Ok(archives)
    }

    /// The leading lines that still fit; at least one.
    fn fitting<'a>(&self, lines: &'a [u8]) -> &'a [u8] {
        let room = self.rotate_at.saturating_sub(self.size);
        let within = usize::try_from(room)
            .ok()
            .and_then(|room| lines.get(..room))
            .unwrap_or(lines);
        let end = memchr::memrchr(b'\n', within).or_else(|| memchr::memchr(b'\n', lines));
        end.and_then(|end| lines.get(..=end)).unwrap_or(lines)
    }

    /// After a failed write: keeps the lines that are whole and takes the rest of one back out.
    fn keep_whole_lines(&mut self, written: &[u8], error: io::Error) -> io::Result<usize> {
        let whole = memchr::memrchr(b'\n', written).map_or(0, |end| end + 1);
        self.size += whole as u64;
        if whole < written.len() && self.file.set_len(self.size).is_err() {
            self.is_torn = true;
            self.size += (written.len() - whole) as u64;
        }
        if whole > 0 { Ok(whole) } else { Err(error) }
    }
}

impl Sink for RotatingFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let first = memchr::memchr(b'\n', lines).map_or(lines.len(), |end| end + 1);
        if self.size > 0 && self.size + first as u64 > self.rotate_at {
            self.rotate();
        }
        if self.is_torn {
            self.file.write_all(b"\n")?;
            self.is_torn = false;
            self.size += 1;
        }
        let lines = self.fitting(lines);
        let (written, error) = write_counted(&mut self.file, lines);
        match error {
            None => {
                self.size += written as u64;
                Ok(written)
            }
            Some(error) => self.keep_whole_lines(lines.get(..written).unwrap_or_default(), error),
        }
    }
}

/// Writes all of `bytes`, or says how many went out before the error.
pub(crate) fn write_counted(out: &mut impl Write, bytes: &[u8]) -> (usize, Option<io::Error>) {
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

fn append_to(path: &Path) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, FILE_MODE);
    let file = options.open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

fn last_byte(path: &Path) -> io::Result<u8> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn directory(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

/// `combined.000007.log` for `combined.log`.
fn archive_name(path: &Path, number: u64) -> OsString {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{number:06}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    name
}

fn archive_number(path: &Path, name: &std::ffi::OsStr) -> Option<u64> {
    let stem = path.file_stem()?.to_str()?;
    let inner = name.to_str()?.strip_prefix(stem)?.strip_prefix('.')?;
    let digits = match path.extension() {
        Some(extension) => inner.strip_suffix(extension.to_str()?)?.strip_suffix('.')?,
        None => inner,
    };
    let number = digits.parse().ok()?;
    (archive_name(path, number) == name).then_some(number)
}

/// The owner reads and writes, the group reads: log shippers run in it.
#[cfg(unix)]
const FILE_MODE: u32 = 0o640;
