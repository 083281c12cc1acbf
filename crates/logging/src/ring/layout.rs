use crate::{
    ring::check::{checksum, checksum_of, sealed, unsealed},
    sink::{MOST_OUTLETS, Route},
};

/// What the head of the file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) half: usize,
}

/// The lines of one half that nobody has confirmed as written, without those that are damaged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) generation: u64,
    pub(super) lines: Vec<LostLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LostLine {
    /// The outlets of the process that logged it.
    pub(super) route: Route,
    pub(super) bytes: Vec<u8>,
}

/// What the writer was about to do with one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Intent {
    /// The half that it was writing.
    pub(super) generation: u64,
    /// The file, by the hash of its name.
    pub(super) name: u64,
    /// The file as it was, and how long.
    pub(super) inode: u64,
    pub(super) size: u64,
    /// The first line it wrote, counted among those of the file.
    pub(super) first: u64,
    /// Whether the lines had got their mark.
    pub(super) is_replay: bool,
}

/// Why a file cannot be read as a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("it is no queue file")]
    Magic,
    #[error("it has version {0}, known is {VERSION}")]
    Version(u64),
    #[error("it is truncated")]
    Truncated,
    #[error("its contents are damaged")]
    Damaged,
}

/// What a file holds. A new one holds nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    /// The older half first.
    pub(super) lost: Vec<Lost>,
    pub(super) intents: Vec<Intent>,
    /// The files of the outlets, by the hashes of their names; 0 is none.
    pub(super) files: Vec<u64>,
    pub(super) head: Option<Head>,
    pub(super) damage: Damage,
}

/// What of a file cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Damage {
    /// Lines that have changed.
    pub(super) lines: u64,
    /// How many lines there were, or what was about to be written.
    pub(super) is_elsewhere: bool,
}

impl Image {
    /// Reads the bytes of a file, which may be any.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let Some(head) = head(bytes)? else {
            return Ok(Self::default());
        };
        let mut image = Self {
            head: Some(head),
            ..Self::default()
        };
        for place in 0..2 {
            let start = HEAD + place * head.half;
            let region = bytes.get(start..).and_then(|rest| rest.get(..head.half));
            let region = region.ok_or(Unreadable::Truncated)?;
            image.read_half(bytes, place, region)?;
        }
        image.lost.sort_by_key(|lost| lost.generation);
        for slot in 0..MOST_OUTLETS {
            let read = intent(bytes, slot);
            image.damage.is_elsewhere |= read.is_err();
            image.intents.extend(read.ok().flatten());
        }
        let files = (0..MOST_OUTLETS).filter_map(|slot| word(bytes, file_at(slot)));
        image.files = files.collect();
        let is_whole = word(bytes, FILES_CHECK_AT) == Some(checksum_of(&image.files));
        if !is_whole && !image.lost.is_empty() {
            // Nobody knows where the lines go.
            return Err(Unreadable::Damaged);
        }
        Ok(image)
    }

    fn read_half(&mut self, bytes: &[u8], place: usize, region: &[u8]) -> Result<(), Unreadable> {
        let at = |at| word(bytes, at).ok_or(Unreadable::Truncated);
        let (generation, count) = (at(generation_at(place))?, at(count_at(place))?);
        // A half that was never used has no number and no mark.
        let is_new = mark_at(region.len(), 0).and_then(|at| word_at(region, at)) == Some(0);
        if count == 0 && is_new {
            return Ok(());
        }
        let count = unsealed(count).and_then(|count| usize::try_from(count).ok());
        let most = region.len() / MARK;
        let known = count.filter(|count| *count <= most);
        if known == Some(0) {
            return Ok(());
        }
        self.damage.is_elsewhere |= known.is_none();
        let Some(generation) = unsealed(generation) else {
            self.damage.lines += known.unwrap_or_default() as u64;
            self.damage.is_elsewhere = true;
            return Ok(());
        };
        let lines = lines(region, generation, known);
        self.damage.lines += (known.unwrap_or(lines.len()) - lines.len()) as u64;
        if !lines.is_empty() {
            self.lost.push(Lost { generation, lines });
        }
        Ok(())
    }

    /// The outlets that wrote to the file of this name.
    pub(super) fn route_to(&self, name: u64) -> Route {
        self.route_where(|file| file == name)
    }

    /// The outlets that wrote to files of such names.
    pub(super) fn route_where(&self, is_it: impl Fn(u64) -> bool) -> Route {
        let files = self.files.iter().enumerate();
        files
            .filter(|(_, file)| **file != 0 && is_it(**file))
            .fold(0, |route, (slot, _)| route | 1 << slot)
    }

    /// The newest generation that stands in the file.
    pub(super) fn generation(&self) -> u64 {
        let halves = self.lost.iter().map(|lost| lost.generation);
        let intents = self.intents.iter().map(|intent| intent.generation);
        halves.chain(intents).max().unwrap_or_default()
    }
}

impl Damage {
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// What the head says of itself; a file that was never used says nothing.
fn head(bytes: &[u8]) -> Result<Option<Head>, Unreadable> {
    let magic = word(bytes, MAGIC_AT);
    if bytes.is_empty() {
        return Ok(None);
    }
    if magic == Some(0) {
        let lines = bytes.get(HEAD..).unwrap_or_default();
        let is_new = lines.iter().all(|byte| *byte == 0);
        return is_new.then_some(None).ok_or(Unreadable::Damaged);
    }
    if magic != Some(MAGIC) {
        return Err(Unreadable::Magic);
    }
    let at = |at| word(bytes, at).ok_or(Unreadable::Truncated);
    let version = at(VERSION_AT)?;
    if version != VERSION {
        return Err(Unreadable::Version(version));
    }
    let half = usize::try_from(at(HALF_AT)?).map_err(|_| Unreadable::Damaged)?;
    if at(CHECK_AT)? != check(half) {
        return Err(Unreadable::Damaged);
    }
    let end = half.checked_mul(2).and_then(|both| both.checked_add(HEAD));
    if end.is_none_or(|end| bytes.len() < end) {
        return Err(Unreadable::Truncated);
    }
    Ok(Some(Head { half }))
}

/// The whole lines of a half: of so many, or up to the first that is none.
fn lines(region: &[u8], generation: u64, count: Option<usize>) -> Vec<LostLine> {
    let mut lines = Vec::new();
    // Where the next one may begin: where the mark before says, or behind a line feed if that is damaged.
    let mut starts = [0, 0];
    for nth in 0..count.unwrap_or(region.len() / MARK) {
        let mark = mark_at(region.len(), nth).and_then(|at| Mark::decode(region.get(at..)?));
        let end = mark.map_or(0, |(mark, _)| mark.end);
        let whole = starts.into_iter().find_map(|start| {
            let (mark, check) = mark?;
            let bytes = region.get(start..end)?;
            let is_whole = bytes.ends_with(b"\n") && mark.check(generation, bytes) == check;
            is_whole.then(|| LostLine {
                route: mark.route,
                bytes: bytes.to_vec(),
            })
        });
        starts = if let Some(line) = whole {
            lines.push(line);
            [end, end]
        } else {
            let [_, start] = starts;
            let rest = region.get(start..).unwrap_or_default();
            let after = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            [end, start + after]
        };
        if count.is_none() && lines.len() <= nth {
            break;
        }
    }
    lines
}

/// Where a line ends and its way; the marks stand at the end of a half, from behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) end: usize,
    pub(super) route: Route,
}

impl Mark {
    const fn word(self) -> u64 {
        self.end as u64 & END_BITS | SET_BIT | (self.route as u64) << Route::BITS
    }

    /// Tells this line, of this generation, from any other.
    pub(super) fn check(self, generation: u64, line: &[u8]) -> u64 {
        checksum(self.word() ^ generation.rotate_left(Route::BITS), line)
    }

    pub(super) fn encode(self, check: u64) -> [u8; MARK] {
        let mut bytes = [0; MARK];
        let (word, rest) = bytes.split_at_mut(MARK / 2);
        word.copy_from_slice(&self.word().to_ne_bytes());
        rest.copy_from_slice(&check.to_ne_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<(Self, u64)> {
        let mark = word_at(bytes, 0).filter(|mark| mark & SET_BIT != 0)?;
        let mark_read = Self {
            end: usize::try_from(mark & END_BITS).ok()?,
            route: Route::try_from(mark >> Route::BITS).ok()?,
        };
        Some((mark_read, word_at(bytes, MARK / 2)?))
    }
}

/// Where the mark of the nth line stands in a half of so many bytes.
pub(super) fn mark_at(len: usize, nth: usize) -> Option<usize> {
    len.checked_sub((nth + 1).checked_mul(MARK)?)
}

impl Intent {
    /// As it stands in the file, the checksum last.
    pub(super) fn words(&self) -> [u64; 7] {
        let [generation, name, inode, size, first, is_replay] = [
            self.generation,
            self.name,
            self.inode,
            self.size,
            self.first,
            u64::from(self.is_replay),
        ];
        let check = checksum_of(&[generation, name, inode, size, first, is_replay]);
        [generation, name, inode, size, first, is_replay, check]
    }
}

/// What stands there; the error is damage.
fn intent(bytes: &[u8], slot: usize) -> Result<Option<Intent>, Unreadable> {
    let mut words = [0; 7];
    for (nth, to) in words.iter_mut().enumerate() {
        *to = word(bytes, intent_at(slot) + nth).ok_or(Unreadable::Truncated)?;
    }
    let [generation, name, inode, size, first, is_replay, _] = words;
    if generation == 0 {
        return Ok(None);
    }
    let intent = Intent {
        generation,
        name,
        inode,
        size,
        first,
        is_replay: is_replay == 1,
    };
    let is_ours = intent.words() == words && unsealed(sealed(generation)) == Some(generation);
    is_ours.then_some(Some(intent)).ok_or(Unreadable::Damaged)
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    word_at(bytes, at * size_of::<u64>())
}

fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_ne_bytes(*word))
}

/// The length of a half for a queue of so many bytes: the marks need room too.
pub(super) const fn half_for(capacity: usize) -> usize {
    capacity.saturating_add(capacity / 8).saturating_add(HEAD) / HEAD * HEAD
}

/// Ties the length to the version, so that a damaged one is seen.
pub(super) const fn check(half: usize) -> u64 {
    (half as u64 ^ MAGIC).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

pub(super) const fn generation_at(place: usize) -> usize {
    8 + 8 * place
}

pub(super) const fn count_at(place: usize) -> usize {
    generation_at(place) + 1
}

pub(super) const fn intent_at(slot: usize) -> usize {
    32 + 8 * slot
}

pub(super) const fn file_at(slot: usize) -> usize {
    intent_at(MOST_OUTLETS) + slot
}

/// Behind the last of them.
pub(super) const FILES_CHECK_AT: usize = file_at(MOST_OUTLETS);
/// Stored as a number, so that a file from a machine of the other byte order is foreign.
pub(super) const MAGIC: u64 = u64::from_be_bytes(*b"logqueue");
pub(super) const VERSION: u64 = 2;
pub(super) const MAGIC_AT: usize = 0;
pub(super) const VERSION_AT: usize = 1;
pub(super) const HALF_AT: usize = 2;
pub(super) const CHECK_AT: usize = 3;
/// The number of the process that maps the file, for the message of one that comes second.
pub(super) const PROCESS_AT: usize = 4;
/// The bytes before the first half: a page.
pub(super) const HEAD: usize = 4096;
/// A word and its checksum.
pub(super) const MARK: usize = 2 * size_of::<u64>();
/// A file is shorter than that.
const END_BITS: u64 = SET_BIT - 1;
const SET_BIT: u64 = 1 << 31;
