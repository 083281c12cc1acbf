use super::sync::{AtomicU32, AtomicU64, Ordering, TRIES, fence, spin_loop};

/// Words that are read as they were written, all of them: a sequence lock, whose writers give up instead of waiting and
/// whose readers try again.
#[derive(Debug, Default)]
pub(super) struct Words<const N: usize>
where
    [AtomicU64; N]: Default,
{
    /// Odd while they are written; zero when nothing was.
    sequence: AtomicU32,
    round: AtomicU32,
    words: [AtomicU64; N],
}

impl<const N: usize> Words<N>
where
    [AtomicU64; N]: Default,
{
    /// When they were written last, as far as somebody needs to know before.
    pub(super) const fn round(&self) -> &AtomicU32 {
        &self.round
    }

    /// Without effect while another thread writes.
    pub(super) fn write(&self, round: u32, words: [u64; N]) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        let next = sequence.wrapping_add(1);
        let is_free = sequence & 1 == 0;
        let claim = || {
            self.sequence
                .compare_exchange(sequence, next, Ordering::Acquire, Ordering::Relaxed)
        };
        if !is_free || claim().is_err() {
            return;
        }
        // A reader that sees one of the stores below also sees the odd sequence.
        fence(Ordering::Release);
        for (place, word) in self.words.iter().zip(words) {
            place.store(word, Ordering::Relaxed);
        }
        self.round.store(round, Ordering::Relaxed);
        // Zero means that there is nothing.
        self.sequence
            .store(next.wrapping_add(1).max(2), Ordering::Release);
    }

    /// Nothing as well where it is written again and again.
    pub(super) fn read(&self) -> Option<[u64; N]> {
        (0..TRIES).find_map(|_| {
            let before = self.sequence.load(Ordering::Acquire);
            if before & 1 == 1 {
                spin_loop();
                return None;
            }
            let words = (before != 0).then(|| self.words.each_ref().map(|word| word.load(Ordering::Relaxed)));
            fence(Ordering::Acquire);
            (self.sequence.load(Ordering::Relaxed) == before).then_some(words)
        })?
    }

    /// Forgets what was written. Only for who has them alone.
    pub(super) fn clear(&self) {
        self.sequence.store(0, Ordering::Release);
        self.round.store(0, Ordering::Relaxed);
    }
}
