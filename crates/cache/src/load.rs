use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use groundcrew_base::catch_panic;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{self, Instant};

use crate::{
    Error, LoadError, Space,
    flight::{Landed, Pilot, Purpose},
    local::{Entry, Value},
    wire,
};

/// A caller's loader, not yet called.
pub(crate) type Loader<V> = Box<dyn FnOnce() -> BoxFuture<'static, Result<Option<V>, LoadError>> + Send>;

/// One flight's work: read Redis, else load, else store what was loaded.
///
/// It belongs to the cache and not to a caller, so no caller's end is its end.
pub(crate) struct Work<V> {
    pub(crate) space: Space<V>,
    pub(crate) pilot: Pilot,
    pub(crate) purpose: Purpose,
    pub(crate) loader: Option<Loader<V>>,
}

impl<V: Serialize + DeserializeOwned + Send + Sync + 'static> Work<V> {
    pub(crate) async fn run(self) {
        let Self {
            space,
            pilot,
            purpose,
            loader,
        } = self;
        let work = catch_panic(space.fetch(&pilot, purpose, loader));
        let result = work.await.unwrap_or_else(|message| {
            space.counters().load_errors.add_one();
            Err(Error::LoadPanicked {
                key: pilot.key().to_string(),
                message,
            })
        });
        pilot.land(result);
    }
}

impl<V: Serialize + DeserializeOwned + Send + Sync + 'static> Space<V> {
    async fn fetch(
        &self,
        pilot: &Pilot,
        purpose: Purpose,
        loader: Option<Loader<V>>,
    ) -> Result<Landed, Error> {
        if let Some(found) = self.read(pilot, purpose).await {
            return Ok(Landed::Remote(found));
        }
        let Some(loader) = loader else {
            return Ok(Landed::Missing);
        };
        let value = self.load(pilot, loader).await?.map(Arc::new);
        self.store(pilot, value.as_ref()).await;
        Ok(Landed::Loaded(value.map(|value| value as Value)))
    }

    /// What stands in Redis, published in this process; `Some(None)` is a negative entry. A failure is a miss;
    /// it has been counted.
    async fn read(&self, pilot: &Pilot, purpose: Purpose) -> Option<Option<Value>> {
        let remote = self.cache().remote()?;
        let bytes = remote.get(&self.remote_key(&pilot.key().name)).await.ok()??;
        let Some(envelope) = wire::decode::<V>(&bytes) else {
            self.counters().decode_errors.add_one();
            return None;
        };
        if envelope.value.is_none() && purpose == Purpose::Load {
            return None;
        }
        let size = envelope
            .value
            .as_ref()
            .map_or(0, |value| self.size_of(value, Some(bytes.len())));
        let value = envelope.value.map(|value| Arc::new(value) as Value);
        let left = envelope
            .expires
            .duration_since(self.cache().now())
            .unwrap_or_default();
        self.publish(pilot, value.clone(), size, left);
        Some(value)
    }

    async fn load(&self, pilot: &Pilot, loader: Loader<V>) -> Result<Option<V>, Error> {
        self.counters().loads.add_one();
        let after = self.cache().config().load_timeout;
        let key = || pilot.key().to_string();
        let loaded = match time::timeout(after, loader()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(source)) => Error::Load { key: key(), source },
            Err(_) => Error::LoadTimedOut { key: key(), after },
        };
        self.counters().load_errors.add_one();
        Err(loaded)
    }

    /// Writes a loaded value to both levels, unless its key was invalidated meanwhile.
    async fn store(&self, pilot: &Pilot, value: Option<&Arc<V>>) {
        let ttl = self.lifetime(value.is_some());
        let encoded = self.encode_for_remote(value.map(|value| &**value), ttl);
        let _turn = self.cache().turns().of(pilot.key()).await;
        if !pilot.may_publish() {
            self.counters().discarded.add_one();
            return;
        }
        let length = encoded.as_ref().map(Vec::len);
        if let (Some(remote), Some(bytes)) = (self.cache().remote(), encoded) {
            // A failure has been counted, and the value is none the worse.
            drop(remote.set(&self.remote_key(&pilot.key().name), bytes, ttl).await);
        }
        let size = value.map_or(0, |value| self.size_of(value, length));
        self.publish(pilot, value.map(|value| Arc::clone(value) as Value), size, ttl);
    }

    fn encode_for_remote(&self, value: Option<&V>, ttl: Duration) -> Option<Vec<u8>> {
        self.cache().remote()?;
        match wire::encode(value, self.cache().now() + ttl) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.counters().encode_errors.add_one();
                tracing::warn!(
                    target: "groundcrew::cache",
                    space = self.name(),
                    error = %error,
                    "a value cannot be serialised and stays in this process"
                );
                None
            }
        }
    }

    fn publish(&self, pilot: &Pilot, value: Option<Value>, size: usize, left: Duration) {
        let entry = self.entry(value, size, left);
        let key = pilot.key().clone();
        if !pilot.publish(|| self.cache().local().insert(key, entry)) {
            self.counters().discarded.add_one();
        }
    }

    /// An entry for this process that lives at most as long as the value has left.
    pub(crate) fn entry(&self, value: Option<Value>, size: usize, left: Duration) -> Entry {
        Entry {
            value,
            expires: Instant::now() + self.local_lifetime().min(left),
            size,
        }
    }

    pub(crate) fn size_of(&self, value: &V, encoded: Option<usize>) -> usize {
        self.weigh(value)
            .unwrap_or_else(|| encoded.unwrap_or(0).max(size_of::<V>()))
    }
}
