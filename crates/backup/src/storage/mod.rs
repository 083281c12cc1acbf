//! Where backups are kept: a local directory, S3, or your own [`Storage`].

mod config;
mod local;
#[cfg(feature = "s3")]
mod s3;

use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::AsyncRead;

pub use config::StorageConfig;
pub use local::LocalDir;
#[cfg(feature = "s3")]
pub use s3::{BucketCheck, S3, S3Builder};

/// Keeps objects under keys such as `v1/20261122T020000Z-7f3a9c01/manifest.json`.
///
/// An object is visible whole or not at all, and only after [`ObjectWriter::finish`]. Keys are made of
/// letters, digits, `.`, `-` and `/`.
#[async_trait]
pub trait Storage: Send + Sync + 'static {
    /// Where this is, for people; no secrets.
    fn location(&self) -> String;

    /// Begins an object of unknown length.
    ///
    /// # Errors
    /// When the store refuses.
    async fn begin(&self, key: &str) -> Result<Box<dyn ObjectWriter>, StorageError>;

    /// Stores a small object under a key that is not taken.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] when it is taken.
    async fn put_new(&self, key: &str, body: Bytes) -> Result<(), StorageError>;

    /// Opens an object for reading from its start.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is none.
    async fn open(&self, key: &str) -> Result<Box<dyn AsyncRead + Send + Unpin>, StorageError>;

    /// The keys that start with `prefix`, in any order.
    ///
    /// # Errors
    /// When the store refuses.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError>;

    /// Deletes an object; one that is not there is no error.
    ///
    /// # Errors
    /// When the store refuses.
    async fn delete(&self, key: &str) -> Result<(), StorageError>;
}

/// An object in the making. Dropped without [`finish`](Self::finish), it never becomes visible.
#[async_trait]
pub trait ObjectWriter: Send {
    /// Adds bytes.
    ///
    /// # Errors
    /// When the store refuses; the object is lost then.
    async fn write(&mut self, chunk: Bytes) -> Result<(), StorageError>;

    /// Makes the object visible.
    ///
    /// # Errors
    /// When the store refuses; the object is lost then, and [`abort`](Self::abort) frees what it took.
    async fn finish(&mut self) -> Result<(), StorageError>;

    /// Gives the object up and frees what it took; to be called when anything else failed or was cut off.
    async fn abort(self: Box<Self>);
}

/// Says why the store failed, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// There is no such object.
    #[error("there is no object {key}")]
    NotFound {
        /// Its key.
        key: String,
    },
    /// The key is taken.
    #[error("object {key} exists")]
    AlreadyExists {
        /// The key.
        key: String,
    },
    /// The credentials are wrong or not sufficient.
    #[error("access to {key} is denied")]
    Denied {
        /// The key.
        key: String,
    },
    /// The disk or the quota is full.
    #[error("no space left for {key}")]
    NoSpace {
        /// The key.
        key: String,
    },
    /// The store cannot be reached, or failed; trying again can help.
    #[error("{doing} {key}: {why}")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// The key.
        key: String,
        /// What the store said; no secrets.
        why: String,
    },
    /// The file system failed.
    #[error("{doing} {key}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The key.
        key: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl StorageError {
    /// Whether trying again later can help.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
