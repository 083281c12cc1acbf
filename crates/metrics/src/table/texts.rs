#![expect(
    unsafe_code,
    reason = "bytes that were written are read while others are added"
)]

use std::{
    mem::MaybeUninit,
    ptr::{self, NonNull},
};

/// Keeps byte strings one after the other, for as long as it lives.
#[derive(Debug)]
pub(super) struct Texts {
    blocks: Vec<NonNull<[MaybeUninit<u8>]>>,
    /// What is used of the last block.
    used: usize,
}

/// Where a byte string is. It outlives its [`Texts`] only as a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    start: NonNull<u8>,
    len: u32,
    /// A number of the owner's choice, where there would be padding.
    pub(super) note: u32,
}

// SAFETY: it owns its blocks.
unsafe impl Send for Texts {}
// SAFETY: what it points to is never written again, and reading it is `unsafe`.
unsafe impl Send for Text {}
// SAFETY: as above.
unsafe impl Sync for Text {}

impl Texts {
    pub(super) const fn new() -> Self {
        Self {
            blocks: Vec::new(),
            used: 0,
        }
    }

    /// Copies `bytes`; nothing for more than four gigabytes.
    pub(super) fn push(&mut self, bytes: &[u8], note: u32) -> Option<Text> {
        let len = u32::try_from(bytes.len()).ok()?;
        let room = self.blocks.last().map_or(0, |block| block.len() - self.used);
        if self.blocks.is_empty() || room < bytes.len() {
            self.grow(bytes.len());
        }
        let block = *self.blocks.last()?;
        // SAFETY: the block has room for the bytes after what is used, and no text lies there yet.
        let start = unsafe {
            let start = block.cast::<u8>().add(self.used);
            ptr::copy_nonoverlapping(bytes.as_ptr(), start.as_ptr(), bytes.len());
            start
        };
        self.used += bytes.len();
        Some(Text { start, len, note })
    }

    fn grow(&mut self, needed: usize) {
        let next = self.blocks.last().map_or(SMALLEST, |block| block.len() * 2);
        let size = next.min(LARGEST).max(needed);
        let block = Box::leak(Box::new_uninit_slice(size));
        self.blocks.push(NonNull::from(block));
        self.used = 0;
    }
}

impl Text {
    /// The bytes.
    ///
    /// # Safety
    /// The [`Texts`] that gave it is alive for all of `'a`.
    #[inline]
    pub(super) const unsafe fn bytes<'a>(self) -> &'a [u8] {
        // SAFETY: the bytes were written before the text was given away and never change.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len as usize) }
    }
}

impl Drop for Texts {
    fn drop(&mut self) {
        for block in self.blocks.drain(..) {
            // SAFETY: it came from a box and is freed here alone.
            drop(unsafe { Box::from_raw(block.as_ptr()) });
        }
    }
}

const SMALLEST: usize = 512;
const LARGEST: usize = 32 * 1024;
