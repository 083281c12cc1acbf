//! The queue in a file, so that a process that dies loses no line.
//!
//! The two buffers of the queue are memory that the kernel keeps when the process is gone, whatever ends it: not
//! a power cut. A line is in the ring as soon as the call that logs it returns; a batch leaves it when it is with
//! all files. The next process on the directory finds what was left, looks where in the files the last batch
//! ended, cuts a half line there, and writes the rest before anything else, marked `"replayed":true`.
//!
//! | part | what it does |
//! |---|---|
//! | `map` | memory that is a file: all unsafe code |
//! | `layout` | what stands where in it, and how it is read when it may be damaged |
//! | `half` | one of the two buffers |
//! | `journal` | what was about to be written where |
//! | `overlap` | what of that was written |
//! | `mark` | the mark of lines that are replayed |
//! | `place` | the file: lock, allocation, setting aside |

mod half;
mod journal;
mod layout;
mod map;
mod mark;
mod overlap;
mod place;

use std::{
    io, iter,
    path::{Path, PathBuf},
};

pub(crate) use half::Half;
pub(crate) use journal::Journal;
use layout::{Image, Lost, LostLine};
use place::Place;
use tracing::Level;

use crate::{
    Error,
    batch::Batch,
    counts::Outcome,
    notice::{Notice, Value},
    sink::{Outlet, Route},
    writer::write_all,
};

/// What an earlier process has left, and the place for what comes.
#[derive(Debug)]
pub(crate) struct Ring {
    place: Place,
    image: Image,
    notices: Vec<RingNotice>,
    /// The files of the outlets that are to be, each with the number of lines of each half that it has.
    files: Vec<LogFile>,
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    done: Vec<usize>,
}

/// The buffers of a queue and what goes with them.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    pub(crate) filled: Batch,
    pub(crate) spare: Batch,
    pub(crate) journal: Option<Journal>,
}

/// Something the log should say about the ring.
#[derive(Debug)]
pub(crate) enum RingNotice {
    SetAside { path: PathBuf, why: String },
    Replayed { lines: u64 },
    Off { why: String },
}

impl Ring {
    /// Looks what was left in `directory`, when the log files are not yet open.
    pub(crate) fn open(directory: &Path, files: Vec<PathBuf>) -> Result<Self, Error> {
        let mut place = Place::open(directory)?;
        let mut notices = Vec::new();
        let path = directory.join(place::FILE_NAME);
        let image = match place.read().map_err(|source| opening(&path, source))? {
            Ok(image) => image,
            Err((path, why)) => {
                let why = why.to_string();
                notices.push(RingNotice::SetAside { path, why });
                Image::default()
            }
        };
        let files = files.into_iter().map(|path| {
            let of_half = |lost| already_there(&image, lost, &path);
            // What cannot be told is written again.
            let done = image.lost.iter().map(of_half).collect();
            overlap::cut_torn_line(&path).map_err(|source| opening(&path, source))?;
            Ok(LogFile { path, done })
        });
        Ok(Self {
            files: files.collect::<Result<_, Error>>()?,
            place,
            image,
            notices,
        })
    }

    /// Writes what was left to the files, which begin with `first_file` among `outlets`, and makes the buffers of a queue of `capacity` bytes.
    /// Without a ring, because it cannot be had, they are plain memory.
    pub(crate) fn start(
        mut self,
        outlets: &mut [Outlet],
        first_file: usize,
        capacity: usize,
    ) -> (Buffers, Vec<Outcome>, Vec<RingNotice>) {
        let paths = self.files.iter().map(|file| Some(file.path.clone()));
        let files: Vec<Option<PathBuf>> = iter::repeat_n(None, first_file).chain(paths).collect();
        let mut outcomes = vec![Outcome::default(); outlets.len()];
        let written = outlets.get_mut(first_file..).unwrap_or_default();
        let counted = outcomes.get_mut(first_file..).unwrap_or_default();
        let buffers = self.replay_and_map(written, counted, files, capacity);
        let buffers = buffers.unwrap_or_else(|error| {
            let why = error.to_string();
            self.notices.push(RingNotice::Off { why });
            Buffers::default()
        });
        (buffers, outcomes, self.notices)
    }

    fn replay_and_map(
        &mut self,
        outlets: &mut [Outlet],
        outcomes: &mut [Outcome],
        files: Vec<Option<PathBuf>>,
        capacity: usize,
    ) -> io::Result<Buffers> {
        let old = match self.image.head {
            Some(head) if !self.image.lost.is_empty() => Some(self.place.remap(head)?),
            _ => None,
        };
        if let Some(parts) = &old {
            let journal = Journal::new(parts.words.clone(), files.clone());
            let (replayed, failed) = self.replay(outlets, outcomes, &journal);
            if failed > 0 {
                return Err(io::Error::other("not all that it holds could be written"));
            }
            self.notices.push(RingNotice::Replayed { lines: replayed });
            for place in 0..2 {
                parts.words.store(layout::count_at(place), 0);
            }
        }
        drop(old);
        let map::Parts { words, regions } = self.place.map(capacity, self.image.head)?;
        let generation = self.image.generation() + 1;
        let [first, second] = regions;
        let first = Half::new(words.clone(), first, 0, generation);
        let second = Half::new(words.clone(), second, 1, generation);
        let journal = Journal::new(words, files);
        journal.note_files();
        Ok(Buffers {
            filled: Batch::in_ring(first),
            spare: Batch::in_ring(second),
            journal: Some(journal),
        })
    }

    /// Writes the lines that the files have not got. Says how many lines there were and how many failed.
    fn replay(&self, outlets: &mut [Outlet], outcomes: &mut [Outcome], journal: &Journal) -> (u64, u64) {
        let (mut most, mut failed) = (0, 0);
        for (nth, lost) in self.image.lost.iter().enumerate() {
            let mut most_of_half = 0;
            let outlets = outlets.iter_mut().zip(outcomes.iter_mut());
            for (file, (outlet, outcome)) in self.files.iter().zip(outlets) {
                let done = file.done.get(nth).copied().unwrap_or_default();
                let mut lines = Vec::new();
                let route = self.image.route_to(journal::path_hash(&file.path));
                let left = lost.of(route).skip(done);
                let count = left
                    .map(|line| mark::push_marked(&mut lines, &line.bytes))
                    .count() as u64;
                journal.note_part(&file.path, lost.generation, Some(done));
                let written = write_all(outlet, &lines, count);
                most_of_half = most_of_half.max(written.written);
                failed += written.failed;
                outcome.add(&written);
            }
            most += most_of_half;
        }
        (most, failed)
    }
}

fn opening(path: &Path, source: io::Error) -> Error {
    Error::Open {
        path: path.to_owned(),
        setting: "LOG_CRASH_SAFE",
        source,
    }
}

/// How many of the lines of a half a file has already got.
fn already_there(image: &Image, lost: &Lost, path: &Path) -> usize {
    let name = journal::path_hash(path);
    let of_file = image.intents.iter().filter(|intent| intent.name == name);
    // Its outlet may have had another number in an earlier run.
    let newest = of_file.max_by_key(|intent| (intent.generation, intent.is_replay, intent.first));
    let Some(intent) = newest else {
        return 0;
    };
    let lines: Vec<&LostLine> = lost.of(image.route_to(name)).collect();
    if intent.generation != lost.generation {
        // It has gone on to the half that came later, or had not begun with this one.
        return if intent.generation > lost.generation {
            lines.len()
        } else {
            0
        };
    }
    let first = usize::try_from(intent.first)
        .unwrap_or(usize::MAX)
        .min(lines.len());
    let expected: Vec<Vec<u8>> = lines
        .iter()
        .skip(first)
        .map(|line| {
            let mut bytes = Vec::new();
            match intent.is_replay {
                true => mark::push_marked(&mut bytes, &line.bytes),
                false => bytes.extend_from_slice(&line.bytes),
            }
            bytes
        })
        .collect();
    let expected: Vec<&[u8]> = expected.iter().map(Vec::as_slice).collect();
    first + overlap::already_written(path, intent, &expected).unwrap_or_default()
}

impl Lost {
    /// The lines that were for these outlets.
    fn of(&self, route: Route) -> impl Iterator<Item = &LostLine> {
        self.lines.iter().filter(move |line| line.route & route != 0)
    }
}

impl RingNotice {
    /// Gives the notice to `log`.
    pub(crate) fn log(&self, log: impl FnOnce(&Notice<'_>)) {
        let path;
        let (message, fields) = match self {
            Self::SetAside { path: aside, why } => {
                path = aside.display().to_string();
                let fields = [("path", Value::Text(&path)), ("reason", Value::Text(why))];
                (
                    "the queue file of an earlier process was set aside",
                    fields.to_vec(),
                )
            }
            Self::Replayed { lines } => {
                let fields = vec![("lines", Value::Number(*lines))];
                ("lines of an earlier process were replayed", fields)
            }
            Self::Off { why } => {
                let fields = vec![("reason", Value::Text(why))];
                ("the queue is not crash-safe", fields)
            }
        };
        log(&Notice {
            level: Level::WARN,
            message,
            fields: &fields,
        });
    }
}

#[cfg(test)]
mod tests;
