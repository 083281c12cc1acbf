#![expect(
    unsafe_code,
    reason = "series are written once, in place, and read without a lock"
)]

use std::{
    iter,
    marker::PhantomData,
    mem::{MaybeUninit, align_of, size_of, size_of_val},
    ptr::{self, NonNull},
    slice, str,
    sync::{
        Arc,
        atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering},
    },
};

/// Series one after the other, each a cell, its [`Meta`], its key and its text: one place in memory to look at.
///
/// It only grows and moves nothing, so it is read without a lock. It grows by chunks of a sixteenth of what is there:
/// little is allocated ahead, and a walk meets long runs.
#[derive(Debug)]
pub(super) struct Arena<C> {
    /// The list of chunks that is current. The first of them is [`NOTHING`] in every list.
    chunks: AtomicPtr<Chunk>,
    /// All lists so far, each with what was in the one before: a reader may still have that.
    lists: [AtomicPtr<Chunk>; LISTS.len()],
    len: AtomicUsize,
    /// Shared as an `Arc` would share them: threads read what others pushed, and drop it.
    owns: PhantomData<Arc<C>>,
}

/// What insertion needs to know.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// How many chunks there are.
    chunks: usize,
    /// The size of the last one, and what is used of it.
    size: usize,
    used: usize,
    /// The size of all chunks.
    total: usize,
}

/// Eight bytes. The first of a chunk is a [`Head`].
type Word = MaybeUninit<u64>;

/// Where a chunk begins.
type Chunk = AtomicPtr<Word>;

/// How large a chunk is and how much of it is in use, in words, with itself.
struct Head {
    size: u32,
    used: AtomicU32,
}

/// What stands behind a cell, and before its key and its text.
#[derive(Clone, Copy, Debug)]
struct Meta {
    hash: u32,
    note: u32,
    key: u16,
    text: u16,
}

/// A series to be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct New<'a> {
    pub(super) hash: u32,
    /// A number of the owner's choice.
    pub(super) note: u32,
    pub(super) key: &'a [u8],
    pub(super) text: &'a str,
}

/// A series that is kept, or [`NOTHING`].
#[derive(Debug)]
pub(crate) struct Guess<'a, C>(Row<'a, C>);

/// A series that is kept.
#[derive(Debug)]
pub(crate) struct Row<'a, C> {
    at: NonNull<Word>,
    arena: PhantomData<&'a C>,
}

impl<C> Arena<C> {
    pub(super) fn new() -> Self {
        const {
            assert!(align_of::<C>() <= align_of::<u64>());
            assert!(size_of::<C>().is_multiple_of(align_of::<Meta>()));
            assert!(size_of::<C>() + size_of::<Meta>() <= size_of_val(&NOTHING));
        }
        Self {
            chunks: AtomicPtr::new((&raw const NO_CHUNKS).cast_mut().cast()),
            lists: [const { AtomicPtr::new(ptr::null_mut()) }; _],
            len: AtomicUsize::new(0),
            owns: PhantomData,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Appends a series and gives its place, or nothing if it does not fit.
    ///
    /// # Safety
    /// `tail` is only used for this arena, in the order of the calls.
    pub(super) unsafe fn push(&self, tail: &mut Tail, cell: C, new: New<'_>) -> Option<u32> {
        let meta = Meta {
            hash: new.hash,
            note: new.note,
            key: new.key.len().try_into().ok()?,
            text: new.text.len().try_into().ok()?,
        };
        let words = Self::words(meta);
        if tail.size - tail.used < words {
            self.grow(tail, words)?;
        }
        let base = NonNull::new(self.list().get(tail.chunks)?.load(Ordering::Relaxed))?;
        let place = tail.used << CHUNK_BITS | tail.chunks;
        // SAFETY: the chunk has room for so many words after what is used, nobody reads there before `used` says so
        // or the place is given away, and nobody else writes, as `tail` belongs to the caller alone.
        unsafe {
            let at = base.add(tail.used).cast::<u8>();
            at.cast::<C>().write(cell);
            at.byte_add(size_of::<C>()).cast::<Meta>().write(meta);
            let key = at.byte_add(size_of::<C>() + size_of::<Meta>());
            ptr::copy_nonoverlapping(new.key.as_ptr(), key.as_ptr(), new.key.len());
            let text = key.byte_add(new.key.len());
            ptr::copy_nonoverlapping(new.text.as_ptr(), text.as_ptr(), new.text.len());
        }
        tail.used += words;
        // SAFETY: every chunk begins with a head, which lives as long as the arena.
        let head = unsafe { base.cast::<Head>().as_ref() };
        head.used.store(u32::try_from(tail.used).ok()?, Ordering::Release);
        self.len
            .store(self.len.load(Ordering::Relaxed) + 1, Ordering::Release);
        u32::try_from(place).ok()
    }

    fn grow(&self, tail: &mut Tail, words: usize) -> Option<()> {
        let least = (tail.total / 2).min(SMALL);
        let size = (tail.total / 16).clamp(least, LARGEST);
        // Series of a family are mostly as long as each other.
        let size = (size.saturating_sub(1) / words).max(1) * words + 1;
        let slot = self.next_chunk(tail.chunks + 1).filter(|_| size <= LARGEST)?;
        let mut chunk = Box::<[u64]>::new_uninit_slice(size);
        let head = chunk.as_mut_ptr().cast::<Head>();
        let first = Head {
            size: u32::try_from(size).ok()?,
            used: AtomicU32::new(1),
        };
        // SAFETY: a head is as large as the first word, and aligned as it.
        unsafe { head.write(first) };
        slot.store(Box::into_raw(chunk).cast(), Ordering::Release);
        *tail = Tail {
            chunks: tail.chunks + 1,
            size,
            used: 1,
            total: tail.total + size,
        };
        Some(())
    }

    /// Where the chunk of this number is to be noted; a new list if the current one is full.
    fn next_chunk(&self, number: usize) -> Option<&Chunk> {
        if number >= self.list().len() {
            let (slot, size) = iter::zip(&self.lists, LISTS).find(|(_, size)| number < *size)?;
            let known = self.list().iter().map(|chunk| chunk.load(Ordering::Relaxed));
            let chunks = known.chain(iter::repeat(ptr::null_mut())).take(size);
            let list = Box::into_raw(chunks.map(AtomicPtr::new).collect::<Box<[Chunk]>>());
            slot.store(list.cast(), Ordering::Release);
            self.chunks.store(list.cast(), Ordering::Release);
        }
        self.list().get(number)
    }

    /// The longest list.
    fn list(&self) -> &[Chunk] {
        let lists = iter::zip(&self.lists, LISTS);
        let mut lists = lists.map(|(list, size)| (NonNull::new(list.load(Ordering::Acquire)), size));
        match lists.rfind(|(list, _)| list.is_some()) {
            // SAFETY: it is as long, and lives as long as the arena.
            Some((Some(list), size)) => unsafe { slice::from_raw_parts(list.as_ptr(), size) },
            _ => &NO_CHUNKS,
        }
    }

    /// The series at a place.
    ///
    /// # Safety
    /// `push` has given the place, and the thread has seen that happen: it read the place with acquire ordering from
    /// where it was stored with release ordering, or has pushed it itself.
    #[inline(always)]
    pub(super) unsafe fn at(&self, place: u32) -> Row<'_, C> {
        // SAFETY: the same is asked for, and what `push` has given is not nothing.
        unsafe { self.guess(place) }.0
    }

    /// The same, also of [`NOWHERE`].
    ///
    /// # Safety
    /// That of [`at`](Self::at), unless the place is `NOWHERE`.
    #[inline(always)]
    pub(super) unsafe fn guess(&self, place: u32) -> Guess<'_, C> {
        let (chunk, offset) = (place as usize & CHUNK_MASK, place as usize >> CHUNK_BITS);
        // SAFETY: a place that was given away is in a chunk that is allocated, whose pointer does not change, and which is
        // in each list since then. Each list begins with nothing.
        let at = unsafe {
            let list = self.chunks.load(Ordering::Acquire);
            let base = (*list.add(chunk)).load(Ordering::Relaxed);
            NonNull::new_unchecked(base).add(offset)
        };
        Guess(Row {
            at,
            arena: PhantomData,
        })
    }

    /// The series in the order in which they came, with their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Row<'_, C>)> {
        let bases = self.list().iter().map(|chunk| chunk.load(Ordering::Acquire));
        let bases = (0_u32..).zip(bases).skip(1);
        bases
            .map_while(|(number, base)| {
                Some(Walk {
                    base: NonNull::new(base)?,
                    number,
                    offset: 1,
                    // SAFETY: every chunk begins with a head, which lives as long as the arena.
                    end: unsafe { NonNull::new(base)?.cast::<Head>().as_ref() }
                        .used
                        .load(Ordering::Acquire),
                    arena: PhantomData,
                })
            })
            .flatten()
    }

    const fn words(meta: Meta) -> usize {
        (size_of::<C>() + size_of::<Meta>() + meta.key as usize + meta.text as usize)
            .div_ceil(size_of::<Word>())
    }
}

/// The series of one chunk.
struct Walk<'a, C> {
    base: NonNull<Word>,
    number: u32,
    offset: u32,
    end: u32,
    arena: PhantomData<&'a C>,
}

impl<'a, C> Iterator for Walk<'a, C> {
    type Item = (u32, Row<'a, C>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.offset >= self.end {
            return None;
        }
        let place = self.offset << CHUNK_BITS | self.number;
        let row = Row {
            // SAFETY: everything before the end was written before the end was stored with release ordering.
            at: unsafe { self.base.add(self.offset as usize) },
            arena: PhantomData,
        };
        self.offset += u32::try_from(Arena::<C>::words(*row.meta())).unwrap_or(u32::MAX);
        Some((place, row))
    }
}

impl<'a, C> Guess<'a, C> {
    /// The series, its key and its text, if its key is so long: where the compiler knows how long, it knows where the text
    /// begins.
    #[inline(always)]
    pub(super) fn with_key_of(self, len: usize) -> Option<(Row<'a, C>, &'a [u8], &'a str)> {
        let meta = self.0.meta();
        if usize::from(meta.key) != len || len == NO_KEY {
            return None;
        }
        // SAFETY: it is a series, as nothing has no key of this length. `push` has copied a key of this length, and behind
        // it the text, from a `str`.
        unsafe {
            let text = str::from_utf8_unchecked(self.0.bytes(len, meta.text.into()));
            let key = self.0.bytes(0, len);
            Some((self.0, key, text))
        }
    }
}

impl<'a, C> Row<'a, C> {
    #[inline(always)]
    pub(crate) fn cell(&self) -> &'a C {
        // SAFETY: rows are made of places where a cell is, and borrow from the arena, which neither moves nor changes
        // it.
        unsafe { self.at.cast().as_ref() }
    }

    /// What came with the cell when it was made.
    #[inline]
    pub(crate) fn note(&self) -> u32 {
        self.meta().note
    }

    #[inline(always)]
    pub(crate) fn text(&self) -> &'a str {
        let meta = self.meta();
        // SAFETY: `push` has copied it from a `str`.
        unsafe { str::from_utf8_unchecked(self.bytes(meta.key.into(), meta.text.into())) }
    }

    #[inline(always)]
    pub(super) fn key(&self) -> &'a [u8] {
        // SAFETY: `push` has copied as much.
        unsafe { self.bytes(0, self.meta().key.into()) }
    }

    #[inline(always)]
    pub(super) fn hash(&self) -> u32 {
        self.meta().hash
    }

    #[inline(always)]
    fn meta(&self) -> &'a Meta {
        // SAFETY: as for the cell, behind which it stands.
        unsafe { self.at.byte_add(size_of::<C>()).cast().as_ref() }
    }

    /// # Safety
    /// So many bytes were written there.
    #[inline(always)]
    unsafe fn bytes(&self, from: usize, len: usize) -> &'a [u8] {
        // SAFETY: the caller promises that it was written; it does not change.
        unsafe {
            let start = self.at.byte_add(size_of::<C>() + size_of::<Meta>() + from);
            slice::from_raw_parts(start.cast().as_ptr(), len)
        }
    }
}

impl<C> Drop for Arena<C> {
    fn drop(&mut self) {
        for (_, row) in self.iter() {
            // SAFETY: the arena is borrowed mutably, so nobody has the cell, and each is met once.
            unsafe { row.at.cast::<C>().drop_in_place() };
        }
        let chunks = self.list().iter().skip(1);
        for base in chunks.map_while(|chunk| NonNull::new(chunk.load(Ordering::Relaxed))) {
            // SAFETY: it came from a box of the size that its head tells, and nobody else has it.
            unsafe {
                let size = base.cast::<Head>().as_ref().size as usize;
                drop(Box::from_raw(ptr::slice_from_raw_parts_mut(base.as_ptr(), size)));
            }
        }
        for (list, size) in iter::zip(&mut self.lists, LISTS) {
            if let Some(list) = NonNull::new(*list.get_mut()) {
                // SAFETY: it came from a box of this size, and nobody else has it.
                drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(list.as_ptr(), size)) });
            }
        }
    }
}

/// The place of nothing.
pub(super) const NOWHERE: u32 = 0;
/// What is found where no series is: it has a key that is longer than any.
static NOTHING: [u64; 32] = [u64::MAX; 32];
static NO_CHUNKS: [Chunk; 1] = [AtomicPtr::new((&raw const NOTHING).cast_mut().cast())];
const NO_KEY: usize = u16::MAX as usize;

/// The bits of a place that tell which chunk; the others tell where in there it is, in words.
const CHUNK_BITS: u32 = 8;
const CHUNK_MASK: usize = (1 << CHUNK_BITS) - 1;
const OFFSET_BITS: u32 = 18;
pub(super) const PLACE_BITS: u32 = CHUNK_BITS + OFFSET_BITS;
/// How many chunks each list has: few for few series, and all that there can be.
const LISTS: [usize; 3] = [8, 32, 1 << CHUNK_BITS];
/// The sizes of chunks, in words: up to the first of them half as much as there is.
const SMALL: usize = 64;
const LARGEST: usize = 1 << OFFSET_BITS;

#[cfg(test)]
impl Tail {
    /// One whose chunks are as large as they become, from the first on.
    pub(super) fn of_large_chunks() -> Self {
        Self {
            total: 16 * LARGEST,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_met_also_when_its_last_word_is_used() {
        for words in [7, 9, 19 * 9, 13_797] {
            if cfg!(miri) && words < 13_797 {
                continue;
            }
            let bytes = words * size_of::<Word>() - size_of::<Arc<()>>() - size_of::<Meta>();
            let (key, text) = (vec![7; bytes / 2], "x".repeat(bytes - bytes / 2));
            let owned = Arc::new(());
            let arena = Arena::new();
            let mut tail = Tail::of_large_chunks();
            let of_a_chunk = (LARGEST - 1) / words;

            let places: Vec<u32> = (0..u32::try_from(of_a_chunk * 4 + 1).unwrap())
                .map(|number| {
                    let new = New {
                        hash: number,
                        note: 0,
                        key: &key,
                        text: &text,
                    };
                    // SAFETY: the tail is of this arena.
                    let place = unsafe { arena.push(&mut tail, Arc::clone(&owned), new) }.unwrap();
                    if tail.chunks < 5 && (number as usize + 1).is_multiple_of(of_a_chunk) {
                        assert_eq!(tail.used, LARGEST, "{words}");
                    }
                    place
                })
                .collect();

            assert_eq!(tail.chunks, 5);
            assert_eq!(arena.iter().count(), places.len(), "{words}");
            let walked = arena.iter().map(|(place, row)| (place, row.hash()));
            assert!(walked.eq(places.into_iter().zip(0..)), "{words}");
            drop(arena);
            assert_eq!(Arc::strong_count(&owned), 1, "{words}");
        }
    }

    #[test]
    fn what_was_pushed_stays_where_it_is_until_all_is_dropped() {
        let texts: Vec<String> = (0..if cfg!(miri) { 60 } else { 5_000 })
            .map(|number| "ü".repeat(number % 97))
            .collect();
        let owned = Arc::new(());
        let arena = Arena::new();
        let mut tail = Tail::default();

        let places: Vec<u32> = (0_u32..)
            .zip(&texts)
            .map(|(number, text)| {
                let key = number.to_le_bytes();
                let new = New {
                    hash: number,
                    note: !number,
                    key: &key,
                    text,
                };
                // SAFETY: the tail is of this arena.
                unsafe { arena.push(&mut tail, Arc::clone(&owned), new) }.unwrap()
            })
            .collect();

        assert_eq!(arena.len(), texts.len());
        assert_eq!(arena.iter().map(|(place, _)| place).collect::<Vec<_>>(), places);
        for ((number, text), place) in (0_u32..).zip(&texts).zip(places) {
            // SAFETY: it was pushed above.
            let row = unsafe { arena.at(place) };
            assert_eq!((row.hash(), row.note(), row.text()), (number, !number, &**text));
            assert_eq!(row.key(), number.to_le_bytes());
            assert!(Arc::ptr_eq(row.cell(), &owned));
        }
        assert_eq!(Arc::strong_count(&owned), texts.len() + 1);
        drop(arena);
        assert_eq!(Arc::strong_count(&owned), 1);
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let arena = Arena::new();
        let mut tail = Tail::default();
        let long = "x".repeat(usize::from(u16::MAX) + 1);
        let mut push = |text: &str| {
            let new = New {
                hash: 0,
                note: 0,
                key: &[],
                text,
            };
            // SAFETY: the tail is of this arena.
            unsafe { arena.push(&mut tail, 0_u64, new) }.is_some()
        };

        assert!(!push(&long));
        assert!(push(long.get(1..).unwrap_or_default()));
        assert!(push(""));
        assert_eq!(arena.len(), 2);
    }
}
