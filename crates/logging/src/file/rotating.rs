use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use groundcrew_base::Clock;

use super::{
    Archiver, FileCounters, FileMode, LogFile,
    archiver::Bell,
    archives::{Archives, Counted},
    lock::{FileLock, LockError},
    open_file::{OpenFile, Standing, behind_links},
    rotate::Schedule,
    whole_lines::{first_line, fitting},
};
use crate::{Error, Sink};

/// Appends to a file and starts a new one when it is full or its time is over.
#[derive(Debug)]
pub(crate) struct RotatingFile {
    path: PathBuf,
    mode: FileMode,
    max_size: u64,
    current: OpenFile,
    /// After a failed rotation the next attempt is at this size.
    rotate_at: u64,
    /// A rotation has failed; for a while none is tried because of the time.
    is_blocked: bool,
    schedule: Schedule,
    clock: Clock,
    archives: Arc<Archives>,
    bell: Option<Bell>,
    has_max_age: bool,
    swept_at: Instant,
    counters: Arc<FileCounters>,
    lock: FileLock,
    #[cfg(feature = "sighup")]
    hangup: Option<super::hangup::Hangup>,
}

impl RotatingFile {
    /// Opens the file and takes its lock; completes what an earlier process has left half done.
    pub(crate) fn open(settings: &LogFile, clock: &Clock, archiver: &mut Archiver) -> Result<Self, Error> {
        let path = behind_links(&settings.path);
        let zone = settings.time_zone()?;
        let (current, lock) = open_locked(&path, settings)?;
        let counters = Arc::<FileCounters>::default();
        let archives = Arc::new(Archives::new(
            &path,
            settings.limits(),
            settings.compress,
            clock.clone(),
            Arc::clone(&counters),
        ));
        let max_size = settings.max_size.bytes();
        let mut opened = Self {
            schedule: Schedule::new(settings.rotate, zone, first_write(&current, clock)),
            path,
            mode: settings.mode,
            max_size,
            current,
            rotate_at: max_size,
            is_blocked: false,
            clock: clock.clone(),
            archives,
            bell: None,
            has_max_age: settings.max_age.is_some(),
            swept_at: Instant::now(),
            counters,
            lock,
            #[cfg(feature = "sighup")]
            hangup: None,
        };
        if opened.current.is_regular() {
            opened.bell = archiver.add(&opened.archives);
            opened.archives.tidy();
            opened.sweep();
        }
        Ok(opened)
    }

    /// Takes out the part of a line that a process left at its end which died while it wrote. No other process writes
    /// to it: its lock is held.
    pub(crate) fn cut_torn_line(mut self, setting: &'static str) -> Result<Self, Error> {
        let cut = self.current.cut_torn_line(&self.path);
        cut.map_err(|source| Error::Open {
            path: self.path.clone(),
            setting,
            source,
        })?;
        Ok(self)
    }

    /// Opens the file anew when the process gets SIGHUP.
    #[cfg(feature = "sighup")]
    pub(crate) fn reopen_on_hangup(mut self) -> Result<Self, Error> {
        self.hangup = Some(super::hangup::Hangup::listen().map_err(Error::Signal)?);
        Ok(self)
    }

    pub(crate) fn counters(&self) -> Arc<FileCounters> {
        Arc::clone(&self.counters)
    }

    /// Starts a new file if `more` bytes do not fit, or the time of this one is over.
    fn make_room(&mut self, more: u64) {
        let now = self.clock.now();
        let is_late = self.schedule.is_due(now);
        if self.current.size() == 0 {
            if is_late {
                self.schedule.restart(now);
            }
            return;
        }
        let is_full = self.current.size().saturating_add(more) > self.rotate_at;
        if self.current.is_regular() && (is_full || (is_late && !self.is_blocked)) {
            self.rotate(more, is_late);
        }
    }

    fn rotate(&mut self, more: u64, is_late: bool) {
        // What has been moved away or emptied by somebody else need not be rotated any more.
        if self.current.standing(&self.path) == Standing::Replaced {
            self.open_anew();
            return;
        }
        let size = self.current.size();
        if size == 0 || (!is_late && size.saturating_add(more) <= self.rotate_at) {
            return;
        }
        match self.start_new_file() {
            Ok(()) => {
                self.counters.rotations.add_one();
                self.unblock();
            }
            Err(_) => {
                self.counters.rotation_failures.add_one();
                self.back_off();
            }
        }
    }

    fn start_new_file(&mut self) -> io::Result<()> {
        let archive = self.archives.next(self.schedule.label().as_deref())?;
        fs::rename(&self.path, &archive)?;
        match OpenFile::open(&self.path, self.mode) {
            Ok(file) => self.use_file(file),
            Err(error) => {
                // Lines go on into the file that is open: it gets its name back.
                fs::rename(&archive, &self.path).ok();
                return Err(error);
            }
        }
        self.sweep();
        if let Some(bell) = &self.bell {
            bell.ring();
        }
        Ok(())
    }

    /// Lets go of a file that is not at its name any more. If there can be no other, lines go on into the old one.
    fn open_anew(&mut self) {
        match OpenFile::open(&self.path, self.mode) {
            Ok(file) => {
                self.counters.reopens.add_one();
                self.use_file(file);
                self.unblock();
                self.lock.renew(&self.path);
            }
            Err(_) => {
                self.counters.reopen_failures.add_one();
                self.back_off();
            }
        }
    }

    fn use_file(&mut self, file: OpenFile) {
        self.schedule.restart(first_write(&file, &self.clock));
        self.current = file;
    }

    /// Puts the next attempt off, so that a failing one does not come with every line.
    const fn back_off(&mut self) {
        self.is_blocked = true;
        self.rotate_at = self.current.size().saturating_add(self.max_size / 8 + 1);
    }

    const fn unblock(&mut self) {
        self.is_blocked = false;
        self.rotate_at = self.max_size;
    }

    /// Removes archives that are too many, too old or too large. What cannot be removed is tried again later.
    fn sweep(&mut self) {
        let counted = match self.bell {
            Some(_) => Counted::Compressed,
            None => Counted::All,
        };
        self.archives.enforce(counted);
        self.swept_at = Instant::now();
    }

    #[cfg(feature = "sighup")]
    fn is_hung_up(&self) -> bool {
        self.hangup.as_ref().is_some_and(super::hangup::Hangup::take)
    }

    #[cfg(not(feature = "sighup"))]
    const fn is_hung_up(&self) -> bool {
        false
    }
}

impl Sink for RotatingFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.make_room(first_line(lines));
        let room = self.rotate_at.saturating_sub(self.current.size());
        let lines = if self.current.is_regular() {
            fitting(lines, room)
        } else {
            lines
        };
        self.current.append(lines)
    }

    fn maintain(&mut self) -> Option<Duration> {
        if !self.current.is_regular() {
            return None;
        }
        let has_failed = self.is_blocked;
        self.unblock();
        if self.is_hung_up() || self.current.standing(&self.path) == Standing::Replaced {
            self.open_anew();
        }
        // One that is merely full waits for the next line, so that there is no empty file meanwhile.
        if has_failed || self.schedule.is_due(self.clock.now()) {
            self.make_room(0);
        }
        if self.has_max_age && self.swept_at.elapsed() >= SWEEP_INTERVAL {
            self.sweep();
        }
        Some(MAINTENANCE_INTERVAL)
    }

    fn reopen(&mut self) {
        if self.current.is_regular() {
            self.open_anew();
        }
    }
}

fn open_locked(path: &Path, settings: &LogFile) -> Result<(OpenFile, FileLock), Error> {
    let opening = |source| Error::Open {
        path: settings.path.clone(),
        setting: settings.setting,
        source,
    };
    let file = OpenFile::open(path, settings.mode).map_err(opening)?;
    if !file.is_regular() {
        return Ok((file, FileLock::none()));
    }
    let lock = FileLock::take(path).map_err(|error| match error {
        LockError::Held(process) => Error::InUse {
            path: settings.path.clone(),
            setting: settings.setting,
            process,
        },
        LockError::Io(source) => opening(source),
    })?;
    file.set_mode(settings.mode);
    Ok((file, lock))
}

/// When the lines of a file begin, as far as it tells: it has been written to last in the period that it is of.
fn first_write(file: &OpenFile, clock: &Clock) -> SystemTime {
    let modified = file.modified().filter(|_| file.size() > 0);
    modified.unwrap_or_else(|| clock.now())
}

const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(1);
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
