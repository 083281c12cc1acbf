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
//! | `check` | checksums, so that damage is seen |
//! | `mark` | the mark of lines that are replayed |
//! | `place` | the file: lock, allocation, setting aside |

mod check;
mod half;
mod journal;
mod layout;
mod map;
mod mark;
#[cfg(test)]
mod moments;
mod overlap;
mod place;

use std::{
    io, iter,
    path::{Path, PathBuf},
};

pub(crate) use half::Half;
pub(crate) use journal::Journal;
use journal::Target;
use layout::{Image, Lost, LostLine};
use place::Place;
use tracing::Level;

use crate::{
    Error, LogFile,
    batch::Batch,
    counts::Outcome,
    notice::{Notice, Value},
    sink::{Encoding, Outlet, Route},
    writer::write_all,
};

/// What an earlier process has left, and the place for what comes.
#[derive(Debug)]
pub(crate) struct Ring {
    place: Place,
    image: Image,
    notices: Vec<RingNotice>,
    /// The files of the outlets that are to be. The first parts are for them.
    targets: Vec<Target>,
    parts: Vec<Part>,
}

/// The lines that are for one file.
#[derive(Debug)]
struct Part {
    target: Target,
    /// The number of the file among those of the outlets.
    file: usize,
    /// The outlets of the earlier process that had them.
    route: Route,
    /// Lines of these are in another part.
    except: Route,
    /// How many lines of each half the file has.
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
    SetAside {
        path: PathBuf,
        why: String,
    },
    /// A part of the file could not be read; the copy holds that.
    Damaged {
        lines: u64,
        copy: Option<PathBuf>,
    },
    /// So many lines, of which some were for files that are no more.
    Replayed {
        lines: u64,
        without_file: u64,
    },
    Off {
        why: String,
    },
}

impl Ring {
    /// Looks what was left in `directory`, when the log files are not yet open.
    pub(crate) fn open(directory: &Path, files: &[&LogFile]) -> Result<Self, Error> {
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
        if !image.damage.is_none() {
            let (lines, copy) = (image.damage.lines, place.copy_aside().ok());
            notices.push(RingNotice::Damaged { lines, copy });
        }
        let targets = files.iter().map(|file| Target::new(directory, file.real_path()));
        let targets: Vec<Target> = targets.collect();
        let parts = parts(&image, &targets, files);
        Ok(Self {
            place,
            image,
            notices,
            targets,
            parts,
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
        let targets = self.targets.iter().cloned().map(Some);
        let files: Vec<Option<Target>> = iter::repeat_n(None, first_file).chain(targets).collect();
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
        files: Vec<Option<Target>>,
        capacity: usize,
    ) -> io::Result<Buffers> {
        let old = match self.image.head {
            Some(head) if !self.image.lost.is_empty() => Some(self.place.remap(head)?),
            _ => None,
        };
        if let Some(parts) = &old {
            let journal = Journal::new(parts.words.clone(), self.noted(&files));
            let (lines, failed) = self.replay(outlets, outcomes, &journal);
            if failed > 0 {
                return Err(io::Error::other("not all that it holds could be written"));
            }
            let without_file = self.without_file();
            self.notices.push(RingNotice::Replayed { lines, without_file });
            for place in 0..2 {
                parts.words.store(layout::count_at(place), check::sealed(0));
            }
        }
        drop(old);
        let map::Parts { words, regions } = self.place.map(capacity, self.image.head)?;
        let generation = self.image.generation().saturating_add(1);
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

    /// The files as they are noted while the lines are replayed: each part has a note of its own, behind those of
    /// the outlets.
    fn noted(&self, files: &[Option<Target>]) -> Vec<Option<Target>> {
        let parts = self.parts.iter().map(|part| Some(part.target.clone()));
        let before = files.len().saturating_sub(self.targets.len());
        iter::repeat_n(None, before).chain(parts).collect()
    }

    /// How many lines were for files that are no more.
    fn without_file(&self) -> u64 {
        let others = self.parts.iter().skip(self.targets.len());
        let lines = others.flat_map(|part| self.image.lost.iter().flat_map(|lost| lost.of(part)));
        lines.count() as u64
    }

    /// Writes the lines that the files have not got. Says how many lines there were and how many failed.
    fn replay(&self, outlets: &mut [Outlet], outcomes: &mut [Outcome], journal: &Journal) -> (u64, u64) {
        let (mut count, mut failed) = (0, 0);
        let mut is_broken = vec![false; self.parts.len()];
        for (nth, lost) in self.image.lost.iter().enumerate() {
            let mut is_replayed = vec![false; lost.lines.len()];
            // To go on with the next half would say that this one is written.
            let unbroken = self
                .parts
                .iter()
                .zip(&mut is_broken)
                .filter(|(_, is_broken)| !**is_broken);
            for (part, is_broken) in unbroken {
                let at = part.file;
                let (Some(outlet), Some(outcome)) = (outlets.get_mut(at), outcomes.get_mut(at)) else {
                    continue;
                };
                let done = part.done.get(nth).copied().unwrap_or_default();
                let mut lines = Vec::new();
                let mut left = 0;
                let all = lost.lines.iter().zip(&mut is_replayed);
                for (line, is_replayed) in all.filter(|(line, _)| part.takes(line)).skip(done) {
                    mark::push_marked(&mut lines, &line.bytes);
                    *is_replayed = true;
                    left += 1;
                }
                journal.note_part(&part.target, lost.generation, done);
                let written = write_all(outlet, &lines, left);
                failed += written.failed;
                *is_broken = written.failed > 0;
                outcome.add(&written);
            }
            count += is_replayed.iter().filter(|is_replayed| **is_replayed).count() as u64;
        }
        (count, failed)
    }
}

/// What is for which file. What was for a file that is no more is for the first that takes all lines.
fn parts(image: &Image, targets: &[Target], files: &[&LogFile]) -> Vec<Part> {
    let own = |(file, target): (usize, &Target)| {
        let route = image.route_to(target.name);
        Part::new(image, target.clone(), file, [route, 0])
    };
    let mut parts: Vec<Part> = targets.iter().enumerate().map(own).collect();
    let takes_all = |file: &&LogFile| file.level() == Level::TRACE && file.encoding() == Encoding::Json;
    let first = files.iter().position(takes_all).unwrap_or_default();
    let is_gone = |name| targets.iter().all(|target| target.name != name);
    let gone = image.route_where(is_gone);
    if let Some(target) = targets.get(first).filter(|_| gone != 0) {
        let there = image.route_to(target.name);
        parts.push(Part::new(image, target.for_others(), first, [gone, there]));
    }
    parts
}

impl Part {
    fn new(image: &Image, target: Target, file: usize, [route, except]: [Route; 2]) -> Self {
        let mut part = Self {
            target,
            file,
            route,
            except,
            done: Vec::new(),
        };
        let of_half = |lost| already_there(image, lost, &part);
        // What cannot be told is written again.
        part.done = image.lost.iter().map(of_half).collect();
        part
    }

    const fn takes(&self, line: &LostLine) -> bool {
        line.route & self.route != 0 && line.route & self.except == 0
    }
}

fn opening(path: &Path, source: io::Error) -> Error {
    Error::Open {
        path: path.to_owned(),
        setting: SETTING,
        source,
    }
}

/// How many of the lines of a half a file has already got.
fn already_there(image: &Image, lost: &Lost, part: &Part) -> usize {
    let Target { path, name } = &part.target;
    let of_file = image.intents.iter().filter(|intent| intent.name == *name);
    // Its outlet may have had another number in an earlier run.
    let newest = of_file.max_by_key(|intent| (intent.generation, intent.is_replay, intent.first));
    let Some(intent) = newest else {
        return 0;
    };
    let lines: Vec<&LostLine> = lost.of(part).collect();
    if intent.generation != lost.generation {
        // It has gone on to the half that came later, or had not begun with this one.
        return if intent.generation > lost.generation {
            lines.len()
        } else {
            0
        };
    }
    if intent.first > 0 && !image.damage.is_none() {
        // Lines may be missing among those that it counts.
        return 0;
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
    fn of(&self, part: &Part) -> impl Iterator<Item = &LostLine> {
        self.lines.iter().filter(|line| part.takes(line))
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
            Self::Damaged { lines, copy } => {
                let mut fields = vec![("lines", Value::Number(*lines))];
                path = copy
                    .as_ref()
                    .map(|copy| copy.display().to_string())
                    .unwrap_or_default();
                if copy.is_some() {
                    fields.push(("path", Value::Text(&path)));
                }
                ("the queue file of an earlier process is damaged", fields)
            }
            Self::Replayed { lines, without_file } => {
                let mut fields = vec![("lines", Value::Number(*lines))];
                if *without_file > 0 {
                    fields.push(("withoutFile", Value::Number(*without_file)));
                }
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

/// What turns the ring on.
pub(crate) const SETTING: &str = "LOG_CRASH_SAFE";

#[cfg(test)]
mod start_tests;
#[cfg(test)]
mod tests;
