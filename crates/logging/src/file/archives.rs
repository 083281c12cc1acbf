use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use groundcrew_base::Clock;

use super::{
    Compress, FileCounters,
    compress::{Cancelled, compress},
    disk,
    names::{self, ArchiveName, COMPRESSIONS, Names},
};

/// The full files of a log, shared by the writer, which adds to them, and the archiver, which compresses them.
///
/// All that is known of them is in the directory, and so it outlives every process.
#[derive(Debug)]
pub(crate) struct Archives {
    names: Names,
    limits: Limits,
    compress: Compress,
    clock: Clock,
    counters: Arc<FileCounters>,
    /// The greatest number that this process has given.
    last: AtomicU64,
    /// Held while names change.
    change: Mutex<()>,
}

/// What may stay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many, without the current file.
    pub(super) count: u64,
    pub(super) total: Option<u64>,
    pub(super) age: Option<Duration>,
}

/// Which archives the limit of the total is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    All,
    /// Only those that have the size that they will keep: there is a backlog.
    Compressed,
}

#[derive(Debug)]
struct Archive {
    name: ArchiveName,
    path: PathBuf,
}

impl Archives {
    pub(super) fn new(
        path: &Path,
        limits: Limits,
        compress: Compress,
        clock: Clock,
        counters: Arc<FileCounters>,
    ) -> Self {
        Self {
            names: Names::new(path),
            limits,
            compress,
            clock,
            counters,
            last: AtomicU64::new(0),
            change: Mutex::new(()),
        }
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.compress != Compress::Off
    }

    /// The name of the next one; nothing has it, nor that of its compressed form.
    pub(super) fn next(&self, label: Option<&str>) -> io::Result<PathBuf> {
        let greatest = self.list()?.last().map_or(0, |archive| archive.name.number);
        let mut number = greatest.max(self.last.load(Ordering::Relaxed));
        loop {
            number += 1;
            let path = self.names.archive(number, label);
            let mut forms = COMPRESSIONS
                .map(|compress| names::compressed(&path, compress))
                .into_iter();
            if forms.all(|form| fs::symlink_metadata(form).is_err()) {
                self.last.store(number, Ordering::Relaxed);
                return Ok(path);
            }
        }
    }

    /// Removes what an earlier process has left half done: archives in the making, and compressed ones beside
    /// which the plain one still stands. What cannot be removed is left.
    pub(super) fn tidy(&self) {
        for entry in fs::read_dir(self.names.directory())
            .into_iter()
            .flatten()
            .flatten()
        {
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && self.names.is_temporary(&entry.file_name()) {
                fs::remove_file(entry.path()).ok();
            }
        }
        for plain in self.list().unwrap_or_default() {
            if plain.name.compress == Compress::Off && !is_empty(&plain.path) {
                for compress in [Compress::Gzip, Compress::Zstd] {
                    fs::remove_file(names::compressed(&plain.path, compress)).ok();
                }
            }
        }
    }

    /// Removes the oldest while there are too many of them, they are too old, or those that are counted too large.
    pub(super) fn enforce(&self, counted: Counted) {
        let _change = self.change();
        let (mut numbers, mut total, mut previous) = (0, 0_u64, None);
        for archive in self.list().unwrap_or_default().iter().rev() {
            let Ok(metadata) = fs::symlink_metadata(&archive.path) else {
                continue;
            };
            // One that is being replaced by its compressed form is one.
            numbers += u64::from(previous.replace(archive.name.number) != Some(archive.name.number));
            if counted == Counted::All || archive.name.compress != Compress::Off {
                total = total.saturating_add(metadata.len());
            }
            let is_large = self.limits.total.is_some_and(|limit| total > limit);
            let goes = numbers > self.limits.count || is_large || self.is_old(&metadata);
            if goes && fs::remove_file(&archive.path).is_ok() {
                self.counters.archives_removed.add_one();
            }
        }
    }

    /// How many wait to be compressed.
    pub(super) fn plain(&self) -> u64 {
        let plain = self.list().unwrap_or_default();
        plain
            .iter()
            .filter(|archive| archive.name.compress == Compress::Off)
            .count() as u64
    }

    /// Compresses all that are not, the oldest first. One that cannot be compressed stays as it is, is counted and
    /// is tried again the next time.
    pub(super) fn compress_all(&self, cancel: &AtomicBool) {
        for archive in self.list().unwrap_or_default() {
            if archive.name.compress != Compress::Off || is_empty(&archive.path) {
                continue;
            }
            match self.compress_one(&archive.path, cancel) {
                Ok(true) => self.counters.compressions.add_one(),
                Ok(false) => {}
                Err(error) if is_cancelled(&error) => return,
                Err(_) => self.counters.compression_failures.add_one(),
            }
            self.enforce(Counted::Compressed);
        }
    }

    /// Says `false` if the plain archive has been removed meanwhile.
    fn compress_one(&self, plain: &Path, cancel: &AtomicBool) -> io::Result<bool> {
        let target = names::compressed(plain, self.compress);
        let temporary = names::temporary(&target);
        let made = compress(plain, &temporary, self.compress, cancel);
        let replaced = match made {
            Ok(()) => self.replace(plain, &temporary, &target),
            Err(_) if !plain.exists() => Ok(false),
            Err(error) => Err(error),
        };
        if !matches!(replaced, Ok(true)) {
            fs::remove_file(&temporary).ok();
        }
        replaced
    }

    fn replace(&self, plain: &Path, temporary: &Path, target: &Path) -> io::Result<bool> {
        {
            let _change = self.change();
            if !plain.exists() {
                return Ok(false);
            }
            disk::rename(temporary, target)?;
        }
        // The new name is to last before the old file goes. The writer does not wait for that.
        disk::sync_directory(self.names.directory())?;
        match disk::remove(plain) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(true),
        }
    }

    /// The oldest first; of one number the plain one.
    fn list(&self) -> io::Result<Vec<Archive>> {
        let mut archives = Vec::new();
        for entry in fs::read_dir(self.names.directory())? {
            let entry = entry?;
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && let Some(name) = self.names.parse(&entry.file_name()) {
                archives.push(Archive {
                    name,
                    path: entry.path(),
                });
            }
        }
        archives.sort_unstable_by_key(|archive| archive.name);
        Ok(archives)
    }

    fn is_old(&self, metadata: &fs::Metadata) -> bool {
        let age = metadata
            .modified()
            .ok()
            .and_then(|modified| self.clock.now().duration_since(modified).ok());
        self.limits.age.zip(age).is_some_and(|(limit, age)| age > limit)
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_empty(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() == 0)
}

fn is_cancelled(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Cancelled>())
}

#[cfg(test)]
mod tests;
