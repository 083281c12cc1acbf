//! The only unsafe code of the crate: memory that outlives the process.
#![expect(
    unsafe_code,
    reason = "shared memory has no safe interface; each block says why it holds"
)]

use std::{
    fmt,
    fs::File,
    io,
    ptr::NonNull,
    slice,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A file in memory. What is stored there is in the file even if the process is killed at the next instant.
struct Map {
    start: NonNull<u8>,
    len: usize,
    /// Keeps the file locked as long as the memory is used; there is none in tests of the pure logic.
    _file: Option<File>,
}

// SAFETY: the memory belongs to no thread. Its only users are `Words`, which is atomic, and the `Region`s, which
// do not overlap and follow the rules of borrowing.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

/// The first bytes as atomic words.
#[derive(Clone, Debug)]
pub(super) struct Words {
    map: Arc<Map>,
    count: usize,
}

/// A part of the memory that nobody else has.
#[derive(Debug)]
pub(super) struct Region {
    map: Arc<Map>,
    at: usize,
    len: usize,
}

/// The words at the start and two regions of the same length behind them.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) words: Words,
    pub(super) regions: [Region; 2],
}

/// Maps a locked file of at least `head + 2 * half` bytes, all of whose blocks are allocated.
///
/// # Errors
/// When the system has no such memory.
#[cfg(unix)]
pub(super) fn map(file: File, head: usize, half: usize) -> io::Result<Parts> {
    use rustix::mm::{MapFlags, ProtFlags, mmap};

    let len = head + 2 * half;
    if file.metadata()?.len() < len as u64 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    // SAFETY: the address is the kernel's choice, so no other memory is replaced. The file has `len` bytes; it is
    // locked, private to its owner, and nobody truncates it while it is locked.
    let start = unsafe {
        mmap(
            std::ptr::null_mut(),
            len,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::SHARED,
            &file,
            0,
        )
    }?;
    let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
    let map = Map {
        start,
        len,
        _file: Some(file),
    };
    Ok(Parts::new(map, head, half))
}

#[cfg(not(unix))]
pub(super) fn map(_: File, _: usize, _: usize) -> io::Result<Parts> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Parts {
    fn new(map: Map, head: usize, half: usize) -> Self {
        assert!(head + 2 * half <= map.len, "the parts lie within the memory");
        let map = Arc::new(map);
        let region = |at| Region {
            map: Arc::clone(&map),
            at,
            len: half,
        };
        Self {
            regions: [region(head), region(head + half)],
            words: Words {
                map,
                count: head / WORD,
            },
        }
    }
}

impl Words {
    /// The word, or 0 where there is none.
    #[cfg(test)]
    pub(super) fn load(&self, at: usize) -> u64 {
        self.word(at).map_or(0, |word| word.load(Ordering::Acquire))
    }

    /// Stores the word after all that this thread has written before.
    pub(super) fn store(&self, at: usize, value: u64) {
        if let Some(word) = self.word(at) {
            word.store(value, Ordering::Release);
        }
        #[cfg(test)]
        super::moments::pass();
    }

    fn word(&self, at: usize) -> Option<&AtomicU64> {
        if at >= self.count {
            return None;
        }
        // SAFETY: the word lies within the head of the memory, which is aligned to a page and lives as long as
        // `self.map`. Only atomics ever refer to the head, and every bit pattern is an AtomicU64.
        Some(unsafe { self.map.start.cast::<AtomicU64>().add(at).as_ref() })
    }
}

impl Region {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The bytes from `at` on, as far as they lie within the region.
    pub(super) fn bytes(&self, at: usize, len: usize) -> &[u8] {
        let at = at.min(self.len);
        let len = len.min(self.len - at);
        // SAFETY: the bytes lie within the region, which lies within the memory and lives as long as `self.map`.
        // Regions do not overlap, and this one is only written through `&mut self`.
        unsafe { slice::from_raw_parts(self.map.start.add(self.at + at).as_ptr(), len) }
    }

    /// Writes all of `bytes` at `at`, or nothing if they do not lie within the region.
    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        if at.checked_add(bytes.len()).is_none_or(|end| end > self.len) {
            return;
        }
        // SAFETY: the bytes lie within the region, as above. `bytes` cannot be a part of it: a slice of the region
        // borrows it, and it is borrowed mutably here.
        unsafe {
            self.map
                .start
                .add(self.at + at)
                .copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
        }
        #[cfg(test)]
        super::moments::pass();
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        #[cfg(test)]
        if self._file.is_none() {
            // SAFETY: `in_memory` has allocated it with this layout.
            return unsafe { std::alloc::dealloc(self.start.as_ptr(), layout(self.len)) };
        }
        #[cfg(unix)]
        // SAFETY: `map` has mapped it with this length, and whatever refers to it holds `self` alive.
        unsafe {
            rustix::mm::munmap(self.start.as_ptr().cast(), self.len).ok();
        }
    }
}

/// The parts of plain memory, for tests of the pure logic and for Miri.
#[cfg(test)]
pub(super) fn in_memory(head: usize, half: usize) -> Parts {
    let len = head + 2 * half;
    // SAFETY: the layout is not empty.
    let start = unsafe { std::alloc::alloc_zeroed(layout(len)) };
    let map = Map {
        start: NonNull::new(start).expect("there is memory"),
        len,
        _file: None,
    };
    Parts::new(map, head, half)
}

#[cfg(test)]
fn layout(len: usize) -> std::alloc::Layout {
    std::alloc::Layout::from_size_align(len, 4096).expect("the length is sane")
}

const WORD: usize = size_of::<u64>();
