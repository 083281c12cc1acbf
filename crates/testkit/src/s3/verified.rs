use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;
use s3s::{
    S3Error, S3Result, StdError, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Md5},
    dto::{Checksum, StreamingBlob},
    s3_error,
    stream::{ByteStream, RemainingLength},
};

/// A request body that fails at its end when it is not what the request's digests say.
///
/// The file system backend checks the digests of whole objects only after it has stored them, and those of parts
/// not at all; a body that fails is never stored.
pub(super) struct Verified {
    body: StreamingBlob,
    work: Option<Work>,
    outcome: Arc<Mutex<Outcome>>,
}

struct Work {
    md5: Md5,
    checksums: ChecksumHasher,
    size: u64,
    said: Said,
}

/// What the request claims.
struct Said {
    headers: HeaderMap,
    trailers: Option<TrailingHeaders>,
}

/// What came of a body.
#[derive(Clone, Default)]
pub(super) struct Outcome {
    pub(super) size: u64,
    pub(super) checksum: Checksum,
    mismatch: Option<&'static str>,
}

impl Verified {
    /// Wraps a body; the outcome is filled in at its end.
    pub(super) fn wrap(
        body: StreamingBlob,
        headers: &HeaderMap,
        trailers: Option<&TrailingHeaders>,
    ) -> (StreamingBlob, Arc<Mutex<Outcome>>) {
        let outcome = Arc::new(Mutex::new(Outcome::default()));
        let verified = Self {
            body,
            work: Some(Work::new(headers, trailers)),
            outcome: Arc::clone(&outcome),
        };
        (StreamingBlob::new(verified), outcome)
    }
}

impl Work {
    fn new(headers: &HeaderMap, trailers: Option<&TrailingHeaders>) -> Self {
        let announced = headers
            .get("x-amz-trailer")
            .and_then(|names| names.to_str().ok())
            .unwrap_or_default();
        let wanted =
            |name: &str| headers.contains_key(name) || announced.split(',').any(|t| t.trim() == name);
        let checksums = ChecksumHasher {
            crc32: wanted(CRC32).then(Default::default),
            crc32c: wanted(CRC32C).then(Default::default),
            crc64nvme: wanted(CRC64NVME).then(Default::default),
            sha1: wanted(SHA1).then(Default::default),
            sha256: wanted(SHA256).then(Default::default),
        };
        Self {
            md5: Md5::new(),
            checksums,
            size: 0,
            said: Said {
                headers: headers.clone(),
                trailers: trailers.cloned(),
            },
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.checksums.update(bytes);
        self.size += bytes.len() as u64;
    }

    fn finish(self) -> Outcome {
        let checksum = self.checksums.finalize();
        let md5 = Some(STANDARD.encode(self.md5.finalize()));
        let found = [
            (MD5, &md5),
            (CRC32, &checksum.checksum_crc32),
            (CRC32C, &checksum.checksum_crc32c),
            (CRC64NVME, &checksum.checksum_crc64nvme),
            (SHA1, &checksum.checksum_sha1),
            (SHA256, &checksum.checksum_sha256),
        ];
        let wrong = |(name, found): &(&str, &Option<String>)| {
            let said = self.said.value(name);
            said.is_some() && said != **found
        };
        Outcome {
            size: self.size,
            mismatch: found.iter().find(|pair| wrong(pair)).map(|(name, _)| *name),
            checksum,
        }
    }
}

impl Said {
    fn value(&self, name: &str) -> Option<String> {
        let text = |headers: &HeaderMap| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        text(&self.headers).or_else(|| self.trailers.as_ref()?.read(text)?)
    }
}

impl Outcome {
    /// What the request must be answered when storing the body has failed with `error`.
    pub(super) fn explain(outcome: &Mutex<Self>, error: S3Error) -> S3Error {
        match outcome.lock().unwrap_or_else(PoisonError::into_inner).mismatch {
            Some(name) => s3_error!(BadDigest, "the body does not match {}", name),
            None => error,
        }
    }
}

impl Stream for Verified {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(Pin::new(&mut self.body).poll_next(cx));
        match (&item, &mut self.work) {
            (Some(Ok(bytes)), Some(work)) => work.update(bytes),
            (None, work) => {
                if let Some(outcome) = work.take().map(Work::finish) {
                    let mismatch = outcome.mismatch;
                    *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
                    if mismatch.is_some() {
                        return Poll::Ready(Some(Err("bad digest".into())));
                    }
                }
            }
            _ => {}
        }
        Poll::Ready(item)
    }
}

impl ByteStream for Verified {
    fn remaining_length(&self) -> RemainingLength {
        self.body.remaining_length()
    }
}

/// Reads a body to its end, so that the answer reaches a client that sends everything first.
pub(super) async fn drain(body: Option<StreamingBlob>) -> S3Result<()> {
    let Some(mut body) = body else { return Ok(()) };
    while let Some(bytes) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await {
        bytes.map_err(|_| s3_error!(IncompleteBody))?;
    }
    Ok(())
}

const MD5: &str = "content-md5";
const CRC32: &str = "x-amz-checksum-crc32";
const CRC32C: &str = "x-amz-checksum-crc32c";
const CRC64NVME: &str = "x-amz-checksum-crc64nvme";
const SHA1: &str = "x-amz-checksum-sha1";
const SHA256: &str = "x-amz-checksum-sha256";
