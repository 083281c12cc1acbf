#![expect(
    unsafe_code,
    reason = "series are written once, in place, and read without a lock"
)]

use std::{
    array,
    marker::PhantomData,
    mem::{MaybeUninit, align_of, size_of},
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
    chunks: [AtomicPtr<Word>; CHUNKS],
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
        }
        Self {
            chunks: array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
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
        let number = tail.chunks - 1;
        let base = NonNull::new(self.chunks.get(number)?.load(Ordering::Relaxed))?;
        let place = number << OFFSET_BITS | tail.used;
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
        let size = (tail.total / 16).clamp(SMALLEST, LARGEST).max(words + 1);
        let slot = self.chunks.get(tail.chunks).filter(|_| size <= LARGEST)?;
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

    /// The series at a place.
    ///
    /// # Safety
    /// `push` has given the place, and the thread has seen that happen: it read the place with acquire ordering from
    /// where it was stored with release ordering, or has pushed it itself.
    #[inline(always)]
    pub(super) unsafe fn at(&self, place: u32) -> Row<'_, C> {
        let (chunk, offset) = (place as usize >> OFFSET_BITS, place as usize & OFFSET_MASK);
        // SAFETY: a place that was given away is in a chunk that is allocated, whose pointer does not change.
        let at = unsafe {
            let base = self.chunks.get_unchecked(chunk).load(Ordering::Relaxed);
            NonNull::new_unchecked(base).add(offset)
        };
        Row {
            at,
            arena: PhantomData,
        }
    }

    /// The series in the order in which they came, with their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Row<'_, C>)> {
        let bases = self.chunks.iter().map(|chunk| chunk.load(Ordering::Acquire));
        let bases = bases.map_while(NonNull::new);
        (0_u32..).zip(bases).flat_map(|(number, base)| Walk {
            base,
            place: number << OFFSET_BITS | 1,
            // Of a chunk that is full, it is where the next one begins: added, as it does not fit into the offset.
            // SAFETY: every chunk begins with a head, which lives as long as the arena.
            end: (number << OFFSET_BITS)
                + unsafe { base.cast::<Head>().as_ref() }
                    .used
                    .load(Ordering::Acquire),
            arena: PhantomData,
        })
    }

    const fn words(meta: Meta) -> usize {
        (size_of::<C>() + size_of::<Meta>() + meta.key as usize + meta.text as usize)
            .div_ceil(size_of::<Word>())
    }
}

/// The series of one chunk.
struct Walk<'a, C> {
    base: NonNull<Word>,
    place: u32,
    end: u32,
    arena: PhantomData<&'a C>,
}

impl<'a, C> Iterator for Walk<'a, C> {
    type Item = (u32, Row<'a, C>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.place >= self.end {
            return None;
        }
        let place = self.place;
        let row = Row {
            // SAFETY: everything before the end was written before the end was stored with release ordering.
            at: unsafe { self.base.add(place as usize & OFFSET_MASK) },
            arena: PhantomData,
        };
        self.place += u32::try_from(Arena::<C>::words(*row.meta())).unwrap_or(u32::MAX);
        Some((place, row))
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

    /// The key and the text, if the key is so long: where the compiler knows how long, it knows where the text begins.
    #[inline(always)]
    pub(super) fn with_key_of(&self, len: usize) -> Option<(&'a [u8], &'a str)> {
        let meta = self.meta();
        if usize::from(meta.key) != len {
            return None;
        }
        // SAFETY: `push` has copied a key of this length, and behind it the text, from a `str`.
        unsafe {
            let text = self.bytes(len, meta.text.into());
            Some((self.bytes(0, len), str::from_utf8_unchecked(text)))
        }
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
        for chunk in &mut self.chunks {
            let Some(base) = NonNull::new(*chunk.get_mut()) else {
                break;
            };
            // SAFETY: it came from a box of the size that its head tells, and nobody else has it.
            unsafe {
                let size = base.cast::<Head>().as_ref().size as usize;
                drop(Box::from_raw(ptr::slice_from_raw_parts_mut(base.as_ptr(), size)));
            }
        }
    }
}

/// The bits of a place that tell where in its chunk it is, in words; the others tell which chunk.
const OFFSET_BITS: u32 = 18;
const OFFSET_MASK: usize = (1 << OFFSET_BITS) - 1;
pub(super) const PLACE_BITS: u32 = 26;
const CHUNKS: usize = 1 << (PLACE_BITS - OFFSET_BITS);
/// The sizes of chunks, in words.
const SMALLEST: usize = 64;
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
