use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_credential_types::provider::future;
use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Credentials, ProvideCredentials, Region, SharedCredentialsProvider,
        retry::RetryConfig, timeout::TimeoutConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
    types::{ChecksumAlgorithm, CompletedMultipartUpload},
};
use bytes::Bytes;
use groundcrew_base::{ByteSize, Secret, redact};
use tokio::io::AsyncRead;

use super::{ObjectWriter, Storage, StorageError};

mod bucket_check;
mod multipart;

pub use bucket_check::BucketCheck;
use multipart::Multipart;

/// Keeps backups in a bucket of Amazon S3 or a compatible store.
///
/// Objects are uploaded in parts, several at a time, each with a checksum that the store verifies. A
/// upload that fails, or is cut off by a deadline or the shutdown, is aborted.
///
/// # Examples
/// ```
/// use groundcrew_backup::storage::S3;
///
/// let store = S3::builder("backups", "eu-central-1")
///     .credentials(|| ("AKIA...".into(), "...".into()))
///     .prefix("shop/")
///     .build();
/// # let _store = store;
/// ```
#[derive(Clone)]
pub struct S3 {
    client: Client,
    bucket: String,
    prefix: String,
    part_size: ByteSize,
    parts_in_flight: usize,
}

/// Sets up an [`S3`].
#[must_use]
pub struct S3Builder {
    bucket: String,
    region: String,
    endpoint: Option<String>,
    prefix: String,
    credentials: Option<SharedCredentialsProvider>,
    part_size: ByteSize,
    parts_in_flight: usize,
    attempt_timeout: Duration,
}

impl S3 {
    /// Begins with a bucket and its region.
    pub fn builder(bucket: impl Into<String>, region: impl Into<String>) -> S3Builder {
        S3Builder {
            bucket: bucket.into(),
            region: region.into(),
            endpoint: None,
            prefix: String::new(),
            credentials: None,
            part_size: ByteSize::mib(8),
            parts_in_flight: 4,
            attempt_timeout: Duration::from_mins(2),
        }
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

impl S3Builder {
    /// Another server than Amazon's, by its URL. Keys follow the bucket in the path then.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// What every key begins with, such as `shop/`; default nothing.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Gives the access key and the secret key; asked again for each request, so that rotation needs
    /// no restart.
    pub fn credentials(mut self, read: impl Fn() -> (String, Secret) + Send + Sync + 'static) -> Self {
        self.credentials = Some(SharedCredentialsProvider::new(ReadCredentials(Arc::new(read))));
        self
    }

    /// The size of a part; default 8 MiB, at least 5 MiB. Grows with the object, whose parts are at most 10,000.
    pub fn part_size(mut self, size: ByteSize) -> Self {
        self.part_size = size.max(ByteSize::mib(5));
        self
    }

    /// How many parts are sent at a time; default 4. Memory is one part more than that.
    pub fn parts_in_flight(mut self, parts: usize) -> Self {
        self.parts_in_flight = parts.max(1);
        self
    }

    /// How long one attempt of one request may take; default two minutes. There are three attempts.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Makes the store. Does not connect.
    #[must_use]
    pub fn build(self) -> S3 {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(self.attempt_timeout)
            .build();
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region))
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(timeouts);
        config.set_credentials_provider(self.credentials);
        if let Some(endpoint) = self.endpoint {
            config = config.endpoint_url(endpoint).force_path_style(true);
        }
        S3 {
            client: Client::from_conf(config.build()),
            bucket: self.bucket,
            prefix: self.prefix,
            part_size: self.part_size,
            parts_in_flight: self.parts_in_flight,
        }
    }
}

#[async_trait]
impl Storage for S3 {
    fn location(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    async fn begin(&self, key: &str) -> Result<Box<dyn ObjectWriter>, StorageError> {
        Ok(Box::new(Multipart::begin(self, self.key(key)).await?))
    }

    async fn put_new(&self, key: &str, body: Bytes) -> Result<(), StorageError> {
        let key = self.key(key);
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(&key)
            .if_none_match("*");
        let sent = request
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(ByteStream::from(body))
            .send()
            .await;
        sent.map(drop).map_err(|error| failed("storing", key, &error))
    }

    async fn open(&self, key: &str) -> Result<Box<dyn AsyncRead + Send + Unpin>, StorageError> {
        let key = self.key(key);
        let sent = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(&key)
            .send()
            .await;
        Ok(Box::new(
            sent.map_err(|error| failed("opening", key, &error))?
                .body
                .into_async_read(),
        ))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        let prefix = self.key(prefix);
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&prefix)
            .into_paginator()
            .send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("listing", prefix.clone(), &error))?;
            let found = page
                .contents()
                .iter()
                .filter_map(|object| object.key()?.strip_prefix(&self.prefix));
            keys.extend(found.map(str::to_owned));
        }
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<(), StorageError> {
        let key = self.key(key);
        let sent = self
            .client
            .delete_object()
            .bucket(&self.bucket)
            .key(&key)
            .send()
            .await;
        sent.map(drop).map_err(|error| failed("deleting", key, &error))
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("S3").field(&self.location()).finish()
    }
}

impl fmt::Debug for S3Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Builder")
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

struct ReadCredentials(Arc<dyn Fn() -> (String, Secret) + Send + Sync>);

impl fmt::Debug for ReadCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadCredentials")
    }
}

impl ProvideCredentials for ReadCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let (access_key, secret_key) = (self.0)();
        let credentials = Credentials::new(access_key, secret_key.expose(), None, None, "settings");
        future::ProvideCredentials::ready(Ok(credentials))
    }
}

/// Reads the store's answer by what the caller can do about it.
fn failed<E>(doing: &'static str, key: String, error: &SdkError<E>) -> StorageError
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    match (error.code(), status(error)) {
        (Some("NoSuchKey" | "NotFound"), _) => StorageError::NotFound { key },
        (Some("PreconditionFailed" | "ConditionalRequestConflict"), _) => StorageError::AlreadyExists { key },
        // Stores have many words for it, except when it is this machine's clock that is wrong.
        (code, Some(401 | 403)) if code != Some("RequestTimeTooSkewed") => StorageError::Denied { key },
        _ => {
            let why = redact(&reason(error)).into_owned();
            StorageError::Unavailable { doing, key, why }
        }
    }
}

/// The store's own words, or else why there are none.
fn reason<E>(error: &SdkError<E>) -> String
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    match (status(error), error.code(), error.message()) {
        (Some(status), Some(code), Some(message)) => format!("{status} {code}: {message}"),
        (Some(status), Some(code), None) => format!("{status} {code}"),
        (Some(status), None, _) => format!("status {status}"),
        (None, ..) => {
            let first: &(dyn StdError + 'static) = error;
            let causes = std::iter::successors(Some(first), |error| (**error).source());
            causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
        }
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    Some(error.raw_response()?.status().as_u16())
}
