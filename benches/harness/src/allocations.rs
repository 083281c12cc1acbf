use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicU64, Ordering},
};

/// What the allocator was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allocations {
    /// Calls that asked for memory, or for more of it.
    pub calls: u64,
    /// The bytes they asked for.
    pub bytes: u64,
    /// The bytes that were given back.
    pub freed: u64,
    /// The most that was held at once, beyond what was held before. A block that grows counts twice while it does.
    pub peak: u64,
}

impl Allocations {
    /// What the whole process asks for while `work` runs.
    pub fn during(work: impl FnOnce()) -> Self {
        let before = Self::so_far();
        let held = held();
        PEAK.store(held, Ordering::Relaxed);
        work();
        let after = Self::so_far();
        Self {
            calls: after.calls - before.calls,
            bytes: after.bytes - before.bytes,
            freed: after.freed - before.freed,
            peak: after.peak.saturating_sub(held),
        }
    }

    fn so_far() -> Self {
        Self {
            calls: CALLS.load(Ordering::Relaxed),
            bytes: BYTES.load(Ordering::Relaxed),
            freed: FREED.load(Ordering::Relaxed),
            peak: PEAK.load(Ordering::Relaxed),
        }
    }
}

/// The system's allocator, counted.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;
static CALLS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static FREED: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);

fn held() -> u64 {
    BYTES
        .load(Ordering::Relaxed)
        .saturating_sub(FREED.load(Ordering::Relaxed))
}

fn free(bytes: usize) {
    FREED.fetch_add(bytes as u64, Ordering::Relaxed);
}

fn count(bytes: usize) {
    CALLS.fetch_add(1, Ordering::Relaxed);
    BYTES.fetch_add(bytes as u64, Ordering::Relaxed);
    PEAK.fetch_max(held(), Ordering::Relaxed);
}

#[expect(unsafe_code, reason = "an allocator cannot be counted without being one")]
// SAFETY: every call goes unchanged to the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's layout is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's layout is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        free(layout.size());
        // SAFETY: the pointer came from the system's allocator with this layout.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        free(layout.size());
        // SAFETY: the pointer came from the system's allocator with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn a_box_is_one_call_of_its_size() {
        // Other tests allocate at the same time, so that the count is a lower bound here.
        let counted = Allocations::during(|| drop(black_box(Box::new([0_u8; 100]))));

        assert!(counted.calls >= 1 && counted.bytes >= 100, "{counted:?}");
    }
}
