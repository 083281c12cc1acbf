use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What the cache has done since it was built.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CacheStats {
    /// Each space, by name.
    pub spaces: Vec<SpaceStats>,
    /// Entries in this process, expired ones that are not yet freed included.
    pub l1_entries: u64,
    /// The shared level; `None` when the cache works in this process alone.
    pub remote: Option<RemoteStats>,
}

/// What has been done in one space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpaceStats {
    /// The space's name.
    pub name: String,
    /// Requests answered from this process's memory.
    pub l1_hits: u64,
    /// Requests answered from Redis.
    pub l2_hits: u64,
    /// Those hits, of both levels, that said "there is no such value".
    pub negative_hits: u64,
    /// Requests that no level could answer.
    pub misses: u64,
    /// Requests that waited for another request's work instead of doing it again.
    pub coalesced: u64,
    /// Loaders that were run.
    pub loads: u64,
    /// Loaders that failed, panicked or took too long.
    pub load_errors: u64,
    /// Results not published because their key was invalidated or set meanwhile.
    pub discarded: u64,
    /// Entries in Redis that could not be read: another version, another type. Each was a miss.
    pub decode_errors: u64,
    /// Values that could not be serialised and so stayed in this process.
    pub encode_errors: u64,
}

/// What has been seen of Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteStats {
    /// Commands that failed.
    pub errors: u64,
    /// Commands not sent because the breaker was open.
    pub skipped: u64,
    /// Whether commands are sent.
    pub breaker: BreakerState,
    /// Whether there is a connection.
    pub connected: bool,
}

/// Whether commands are sent to Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerState {
    /// Yes.
    Closed,
    /// No: Redis did not answer a short while ago.
    Open,
    /// One, to see whether Redis answers again.
    HalfOpen,
}

impl CacheStats {
    /// Requests answered from either level.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.spaces.iter().map(SpaceStats::hits).sum()
    }

    /// Requests that no level could answer.
    #[must_use]
    pub fn misses(&self) -> u64 {
        self.spaces.iter().map(|space| space.misses).sum()
    }

    /// Loaders that were run.
    #[must_use]
    pub fn loads(&self) -> u64 {
        self.spaces.iter().map(|space| space.loads).sum()
    }

    /// Loaders that failed, panicked or took too long.
    #[must_use]
    pub fn load_errors(&self) -> u64 {
        self.spaces.iter().map(|space| space.load_errors).sum()
    }

    /// The share of requests answered from either level, 0 to 100; 0 before the first request.
    #[must_use]
    pub fn hit_rate_percent(&self) -> f64 {
        percent(self.hits(), self.misses())
    }

    /// One space's figures.
    #[must_use]
    pub fn space(&self, name: &str) -> Option<&SpaceStats> {
        self.spaces.iter().find(|space| space.name == name)
    }
}

impl SpaceStats {
    /// Requests answered from either level.
    #[must_use]
    pub const fn hits(&self) -> u64 {
        self.l1_hits + self.l2_hits
    }

    /// The share of requests answered from either level, 0 to 100; 0 before the first request.
    #[must_use]
    pub fn hit_rate_percent(&self) -> f64 {
        percent(self.hits(), self.misses)
    }
}

impl BreakerState {
    /// The name in lower case, as it stands in metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a percentage does not need 53 bits")]
fn percent(hits: u64, misses: u64) -> f64 {
    match hits + misses {
        0 => 0.0,
        all => hits as f64 / all as f64 * 100.0,
    }
}

/// The live counters behind [`SpaceStats`].
#[derive(Debug, Default)]
pub(crate) struct SpaceCounters {
    pub(crate) l1_hits: Counter,
    pub(crate) l2_hits: Counter,
    pub(crate) negative_hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) coalesced: Counter,
    pub(crate) loads: Counter,
    pub(crate) load_errors: Counter,
    pub(crate) discarded: Counter,
    pub(crate) decode_errors: Counter,
    pub(crate) encode_errors: Counter,
}

impl SpaceCounters {
    pub(crate) fn snapshot(&self, name: &Arc<str>) -> SpaceStats {
        SpaceStats {
            name: name.as_ref().to_owned(),
            l1_hits: self.l1_hits.get(),
            l2_hits: self.l2_hits.get(),
            negative_hits: self.negative_hits.get(),
            misses: self.misses.get(),
            coalesced: self.coalesced.get(),
            loads: self.loads.get(),
            load_errors: self.load_errors.get(),
            discarded: self.discarded.get(),
            decode_errors: self.decode_errors.get(),
            encode_errors: self.encode_errors.get(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// When something last happened.
#[derive(Debug)]
pub(crate) struct LastTime {
    epoch: Instant,
    /// Nanoseconds after `epoch`, plus one; 0 is never.
    at: AtomicU64,
}

impl LastTime {
    pub(crate) fn never() -> Self {
        Self {
            epoch: Instant::now(),
            at: AtomicU64::new(0),
        }
    }

    pub(crate) fn now(&self) {
        let nanos = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX - 1);
        self.at.fetch_max(nanos + 1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Option<Instant> {
        let nanos = self.at.load(Ordering::Relaxed).checked_sub(1)?;
        self.epoch.checked_add(Duration::from_nanos(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hit_rate_is_a_percentage() {
        let space = SpaceStats {
            l1_hits: 2,
            l2_hits: 1,
            misses: 1,
            ..SpaceStats::default()
        };

        assert!((space.hit_rate_percent() - 75.0).abs() < 1e-9);
        assert!(SpaceStats::default().hit_rate_percent().abs() < 1e-9);
    }
}
