use crate::sink::{MOST_OUTLETS, Route};

/// What the head of the file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) half: usize,
}

/// The lines of one half that nobody has confirmed as written.
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
    /// The file, by the hash of its path.
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
    /// The files of the outlets, by the hashes of their paths; 0 is none.
    pub(super) files: Vec<u64>,
    pub(super) head: Option<Head>,
}

impl Image {
    /// Reads the bytes of a file, which may be any.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let magic = word(bytes, MAGIC_AT);
        if bytes.is_empty() || magic == Some(0) {
            return Ok(Self::default());
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
        let mut lost = Vec::new();
        for place in 0..2 {
            let start = HEAD + place * half;
            let region = bytes.get(start..start + half).ok_or(Unreadable::Truncated)?;
            let (generation, count) = (at(generation_at(place))?, at(count_at(place))?);
            if count > 0 {
                let lines = lines(region, count).ok_or(Unreadable::Damaged)?;
                lost.push(Lost { generation, lines });
            }
        }
        lost.sort_by_key(|lost| lost.generation);
        Ok(Self {
            lost,
            intents: (0..MOST_OUTLETS).filter_map(|slot| intent(bytes, slot)).collect(),
            files: (0..MOST_OUTLETS)
                .map(|slot| at(file_at(slot)))
                .collect::<Result<_, _>>()?,
            head: Some(Head { half }),
        })
    }

    /// The outlets that wrote to the file of this path.
    pub(super) fn route_to(&self, path: u64) -> Route {
        let files = self.files.iter().enumerate();
        files
            .filter(|(_, file)| **file == path)
            .fold(0, |route, (slot, _)| route | 1 << slot)
    }

    /// The newest generation that stands in the file.
    pub(super) fn generation(&self) -> u64 {
        let halves = self.lost.iter().map(|lost| lost.generation);
        let intents = self.intents.iter().map(|intent| intent.generation);
        halves.chain(intents).max().unwrap_or_default()
    }
}

/// The lines of a half; `None` when its marks cannot be true.
fn lines(region: &[u8], count: u64) -> Option<Vec<LostLine>> {
    let count = usize::try_from(count)
        .ok()
        .filter(|count| *count <= region.len() / MARK)?;
    let marks = region.len() - count * MARK;
    let mut start = 0;
    (0..count)
        .map(|nth| {
            let mark = Mark::decode(word_at(region, mark_at(region.len(), nth)?)?)?;
            let bytes = region.get(start..mark.end).filter(|_| mark.end <= marks)?;
            start = mark.end;
            // One line feed, at the end.
            (memchr::memchr(b'\n', bytes)? + 1 == bytes.len()).then(|| LostLine {
                route: mark.route,
                bytes: bytes.to_vec(),
            })
        })
        .collect()
}

/// Where a line ends and its way; the marks stand at the end of a half, from behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) end: usize,
    pub(super) route: Route,
}

impl Mark {
    pub(super) const fn encode(self) -> u64 {
        self.end as u64 & END_BITS | SET_BIT | (self.route as u64) << Route::BITS
    }

    fn decode(mark: u64) -> Option<Self> {
        Some(Self {
            end: usize::try_from(mark & END_BITS)
                .ok()
                .filter(|_| mark & SET_BIT != 0)?,
            route: Route::try_from(mark >> Route::BITS).ok()?,
        })
    }
}

/// Where the mark of the nth line stands in a half of so many bytes.
pub(super) fn mark_at(len: usize, nth: usize) -> Option<usize> {
    len.checked_sub((nth + 1).checked_mul(MARK)?)
}

fn intent(bytes: &[u8], slot: usize) -> Option<Intent> {
    let at = intent_at(slot);
    let generation = word(bytes, at).filter(|generation| *generation > 0)?;
    Some(Intent {
        generation,
        name: word(bytes, at + 1)?,
        inode: word(bytes, at + 2)?,
        size: word(bytes, at + 3)?,
        first: word(bytes, at + 4)?,
        is_replay: word(bytes, at + 5)? != 0,
    })
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

/// Stored as a number, so that a file from a machine of the other byte order is foreign.
pub(super) const MAGIC: u64 = u64::from_be_bytes(*b"logqueue");
pub(super) const VERSION: u64 = 1;
pub(super) const MAGIC_AT: usize = 0;
pub(super) const VERSION_AT: usize = 1;
pub(super) const HALF_AT: usize = 2;
pub(super) const CHECK_AT: usize = 3;
/// The bytes before the first half: a page.
pub(super) const HEAD: usize = 4096;
pub(super) const MARK: usize = size_of::<u64>();
/// A file is shorter than that.
const END_BITS: u64 = SET_BIT - 1;
const SET_BIT: u64 = 1 << 31;
