use std::{any::Any, fmt, sync::Arc, time::Duration};

use groundcrew_base::ByteSize;
use tokio::time::Instant;

use crate::key::{Key, KeyRef};

/// A decoded value of any type. `None` in its place says that there is known to be no value.
pub(crate) type Value = Arc<dyn Any + Send + Sync>;

/// The level in this process: decoded values, bounded by number and by size. Clones share it.
///
/// moka's blocking flavour, because an entry must be published under the lock that an invalidation takes.
/// One fixed time to live in moka frees memory; the entry's own, shorter one is checked when it is read.
#[derive(Clone)]
pub(crate) struct Local {
    entries: Option<moka::sync::Cache<Key, Entry>>,
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) value: Option<Value>,
    pub(crate) expires: Instant,
    /// An estimate, in bytes.
    pub(crate) size: usize,
}

impl Local {
    pub(crate) fn new(max_entries: u64, max_size: ByteSize, ttl: Duration) -> Self {
        // moka knows one bound. An entry weighs its size, but at least its share of `max_size`: so neither
        // the size nor the number can exceed its bound.
        let least_weight = max_size.bytes().div_ceil(max_entries.max(1));
        let weigh = move |key: &Key, entry: &Entry| {
            let size = entry.size + key.name.len() + size_of::<Entry>();
            u32::try_from(least_weight.max(size as u64)).unwrap_or(u32::MAX)
        };
        let entries = (max_entries > 0).then(|| {
            moka::sync::Cache::builder()
                .max_capacity(max_size.bytes())
                .weigher(weigh)
                .time_to_live(ttl)
                .build()
        });
        Self { entries }
    }

    pub(crate) const fn off() -> Self {
        Self { entries: None }
    }

    /// The entry, unless it has expired.
    pub(crate) fn get(&self, key: KeyRef<'_>) -> Option<Entry> {
        let entry = self.entries.as_ref()?.get(&key)?;
        (entry.expires > Instant::now()).then_some(entry)
    }

    pub(crate) fn insert(&self, key: Key, entry: Entry) {
        if let Some(entries) = &self.entries
            && entry.expires > Instant::now()
        {
            entries.insert(key, entry);
        }
    }

    pub(crate) fn remove(&self, key: &Key) {
        if let Some(entries) = &self.entries {
            entries.invalidate(&KeyRef {
                space: key.space,
                name: &key.name,
            });
        }
    }

    /// Removes what `matches`, and gives other tasks their turn on the way.
    pub(crate) async fn remove_matching(&self, matches: impl Fn(&Key) -> bool) -> u64 {
        let Some(entries) = &self.entries else { return 0 };
        let mut removed = 0;
        for (seen, (key, _)) in entries.iter().enumerate() {
            if matches(&key) {
                self.remove(&key);
                removed += 1;
            }
            if seen % 256 == 255 {
                tokio::task::yield_now().await;
            }
        }
        removed
    }

    /// Frees what has expired; moka does it only on the way of other calls.
    pub(crate) fn tidy(&self) {
        if let Some(entries) = &self.entries {
            entries.run_pending_tasks();
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.entries.as_ref().map_or(0, moka::sync::Cache::entry_count)
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local")
            .field("entries", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SpaceId;

    const LONG: Duration = Duration::from_secs(300);

    fn put(local: &Local, name: &str, size: usize, ttl: Duration) {
        let entry = Entry {
            value: Some(Arc::new(1_u8)),
            expires: Instant::now() + ttl,
            size,
        };
        local.insert(Key::new(SpaceId(0), name), entry);
    }

    fn find(local: &Local, name: &str) -> bool {
        local
            .get(KeyRef {
                space: SpaceId(0),
                name,
            })
            .is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn an_entry_ends_with_its_own_time() {
        let local = Local::new(10, ByteSize::mib(1), LONG);
        put(&local, "a", 1, Duration::from_secs(10));
        put(&local, "a", 1, Duration::from_secs(20));

        tokio::time::advance(Duration::from_secs(19)).await;
        assert!(find(&local, "a"), "writing again renews the time");
        tokio::time::advance(Duration::from_secs(1)).await;

        assert!(!find(&local, "a"));
    }

    #[test]
    fn the_number_of_entries_is_bounded() {
        let local = Local::new(10, ByteSize::mib(64), LONG);

        for n in 0..100 {
            put(&local, &n.to_string(), 1, LONG);
            local.tidy();
        }

        assert!(local.len() <= 10, "{}", local.len());
        assert!(local.len() >= 5, "{}", local.len());
    }

    #[test]
    fn the_size_is_bounded() {
        let local = Local::new(1_000, ByteSize::kib(100), LONG);

        for n in 0..100 {
            put(&local, &n.to_string(), 10 * 1024, LONG);
            local.tidy();
        }

        assert!(local.len() <= 10, "{}", local.len());
        assert!(local.len() >= 5, "{}", local.len());
    }

    #[tokio::test]
    async fn only_what_matches_is_removed() {
        let local = Local::new(1_000, ByteSize::mib(1), LONG);
        for name in ["user:1:a", "user:1:b", "user:11:a"] {
            put(&local, name, 1, LONG);
        }

        let removed = local.remove_matching(|key| key.name.starts_with("user:1:")).await;

        assert_eq!(removed, 2);
        assert!(find(&local, "user:11:a") && !find(&local, "user:1:a") && !find(&local, "user:1:b"));
    }
}
