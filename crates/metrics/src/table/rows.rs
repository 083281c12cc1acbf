#![expect(
    unsafe_code,
    reason = "rows are written once, in place, and read without a lock"
)]

use std::{
    array,
    marker::PhantomData,
    mem::MaybeUninit,
    ptr, slice,
    sync::{
        Arc,
        atomic::{AtomicPtr, AtomicU32, Ordering},
    },
};

/// A list that only grows and never moves what it holds, read without a lock.
///
/// Its segments grow by an eighth to a quarter of what is there: little is allocated ahead, and a walk
/// meets long runs.
#[derive(Debug)]
pub(super) struct Rows<T> {
    segments: [AtomicPtr<MaybeUninit<T>>; SEGMENTS],
    len: AtomicU32,
    /// Shared as an `Arc` would share them: threads read what others pushed, and drop it.
    owns: PhantomData<Arc<T>>,
}

impl<T> Rows<T> {
    pub(super) fn new() -> Self {
        Self {
            segments: array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            len: AtomicU32::new(0),
            owns: PhantomData,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire) as usize
    }

    /// Appends and gives the number of the row, or nothing once the list is full.
    ///
    /// # Safety
    /// No other call of `push` may run at the same time.
    pub(super) unsafe fn push(&self, row: T) -> Option<u32> {
        let number = self.len.load(Ordering::Relaxed);
        if number >= MAX_ROWS {
            return None;
        }
        let (segment, place, size) = locate(number);
        let slot = self.segments.get(segment)?;
        let mut start = slot.load(Ordering::Relaxed);
        if start.is_null() {
            start = Box::into_raw(Box::<[T]>::new_uninit_slice(size)).cast();
            slot.store(start, Ordering::Release);
        }
        // SAFETY: `place` is below the size of the segment. Nobody reads the row before its number is
        // given away, and nobody else writes, as the caller promises.
        unsafe { (*start.add(place)).write(row) };
        self.len.store(number + 1, Ordering::Release);
        Some(number)
    }

    /// The row of this number.
    ///
    /// # Safety
    /// `push` has given the number, and the thread has seen that happen: it read the number with acquire
    /// ordering from where it was stored with release ordering, or read a `len` above it.
    #[inline]
    pub(super) unsafe fn at(&self, number: u32) -> &T {
        let (segment, place, _) = locate(number);
        // SAFETY: a number that was given away is below MAX_ROWS, whose segments all are in the array. Its
        // segment is allocated and its row is written, and neither changes while the list lives.
        unsafe {
            let start = self.segments.get_unchecked(segment).load(Ordering::Relaxed);
            (*start.add(place)).assume_init_ref()
        }
    }

    /// The rows in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let mut left = self.len();
        self.segments
            .iter()
            .enumerate()
            .flat_map(move |(number, segment)| {
                let here = left.min(size(number));
                left -= here;
                let start = segment.load(Ordering::Relaxed);
                if here == 0 {
                    return [].iter();
                }
                // SAFETY: `len` was read with acquire ordering, so all rows below it are written.
                unsafe { slice::from_raw_parts(start.cast::<T>(), here) }.iter()
            })
    }
}

impl<T> Drop for Rows<T> {
    fn drop(&mut self) {
        let mut left = self.len();
        for (number, segment) in self.segments.iter_mut().enumerate() {
            let start = *segment.get_mut();
            if start.is_null() {
                break;
            }
            let here = left.min(size(number));
            left -= here;
            // SAFETY: the segment came from a box of this size, its first `here` rows are written, and
            // nobody else has the list.
            unsafe {
                ptr::drop_in_place(ptr::slice_from_raw_parts_mut(start.cast::<T>(), here));
                drop(Box::from_raw(ptr::slice_from_raw_parts_mut(start, size(number))));
            }
        }
    }
}

/// The segment of a row, its place in there, and the size of the segment.
#[inline]
const fn locate(number: u32) -> (usize, usize, usize) {
    // Like a floating point number: the exponent and the two bits below it give the segment.
    let shifted = number + FIRST_OCTAVE;
    let bits = shifted.ilog2() - 2;
    let segment = (bits * 4 + (shifted >> bits)) - (FIRST_OCTAVE.ilog2() - 2) * 4 - 4;
    let size = 1 << bits;
    (segment as usize, (shifted & (size - 1)) as usize, size as usize)
}

const fn size(segment: usize) -> usize {
    (FIRST_OCTAVE as usize / 4) << (segment / 4)
}

/// What an index can name, see `Index`.
pub(super) const MAX_ROWS: u32 = (1 << 25) - 1 - FIRST_OCTAVE;
/// The rows of the first four segments together.
const FIRST_OCTAVE: u32 = 32;
const SEGMENTS: usize = 4 * (25 - FIRST_OCTAVE.ilog2() as usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_place_of_its_own() {
        let mut expected = (0, 0);
        for number in 0..if cfg!(miri) { 200 } else { 100_000 } {
            let (segment, place, segment_size) = locate(number);
            assert_eq!((segment, place), expected);
            assert_eq!(segment_size, size(segment));
            expected = if place + 1 == segment_size {
                (segment + 1, 0)
            } else {
                (segment, place + 1)
            };
        }
        let (segment, place, size) = locate(MAX_ROWS - 1);
        assert!(segment < SEGMENTS && place < size);
    }
}
