//! Stands in for Redis in a build without it: there is no value of this type, so nothing runs.

use std::time::Duration;

use bytes::Bytes;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{CacheConfig, Error, RemoteError, SettingProblem, config::Problem};

#[derive(Clone, Debug)]
pub(crate) enum Redis {}

pub(crate) enum Master {}

pub(crate) struct Page {
    pub(crate) keys: Vec<String>,
    pub(crate) next: Option<String>,
}

pub(crate) const fn check_address(_config: &CacheConfig, _url: &str) -> Result<(), Problem> {
    Err(Problem {
        name: "redis_url",
        source: SettingProblem::NoRedis,
    })
}

#[expect(clippy::unused_async, reason = "the same shape as the real one")]
impl Redis {
    pub(crate) async fn start(
        config: &CacheConfig,
        url: &str,
        _background: &TaskTracker,
        _stop: &CancellationToken,
    ) -> Result<Self, Error> {
        check_address(config, url)?;
        // The check refuses every address.
        Err(Error::Stopped)
    }

    pub(crate) const fn is_connected(&self) -> bool {
        match *self {}
    }

    pub(crate) async fn ping(&self) -> Result<(), RemoteError> {
        match *self {}
    }

    pub(crate) async fn get(&self, _key: &str) -> Result<Option<Bytes>, RemoteError> {
        match *self {}
    }

    pub(crate) async fn set(&self, _key: &str, _value: Vec<u8>, _ttl: Duration) -> Result<(), RemoteError> {
        match *self {}
    }

    pub(crate) async fn unlink(&self, _keys: Vec<String>) -> Result<u64, RemoteError> {
        match *self {}
    }

    pub(crate) const fn masters(&self) -> Result<Vec<Master>, RemoteError> {
        match *self {}
    }

    pub(crate) async fn scan(
        &self,
        _master: &Master,
        _cursor: Option<&str>,
        _prefix: &str,
    ) -> Result<Page, RemoteError> {
        match *self {}
    }
}
