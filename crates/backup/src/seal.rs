//! The two ends of the pipe between a dump and the store: compress and hash, and back.
//! Each runs in a blocking thread between two bounded channels.

use std::io::{self, Write};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::{Receiver, Sender};
use zstd::stream::write::{Decoder, Encoder};

/// What went through the pipe, before and after encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) plain: Digest,
    pub(crate) stored: Digest,
}

/// The size and SHA-256 of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// Compresses `plain` into `stored`, until `plain` ends. Ends early when nobody receives any more.
pub(crate) fn seal(mut plain: Receiver<Bytes>, stored: Sender<Bytes>, level: i32) -> io::Result<Digests> {
    let mut encoder = Encoder::new(Outlet::new(stored), level)?;
    // zstd's own checksum lets the stock tool find damage without us.
    encoder.include_checksum(true)?;
    let mut hash = Tally::default();
    while let Some(chunk) = plain.blocking_recv() {
        hash.update(&chunk);
        encoder.write_all(&chunk)?;
    }
    let stored = encoder.finish()?.close()?;
    Ok(Digests {
        plain: hash.finish(),
        stored,
    })
}

/// Decompresses `stored` into `plain`, until `stored` ends. A stream that stops within a frame is an error.
pub(crate) fn unseal(mut stored: Receiver<Bytes>, plain: Sender<Bytes>) -> io::Result<Digests> {
    let mut decoder = Decoder::new(Outlet::new(plain))?;
    let mut hash = Tally::default();
    let mut decoded = Ok(());
    while let Some(chunk) = stored.blocking_recv() {
        hash.update(&chunk);
        // After damage the rest is still read, so that the digest of the whole can be told.
        if decoded.is_ok() {
            decoded = decoder.write_all(&chunk);
        }
    }
    decoded?;
    decoder.flush()?;
    let plain = decoder.into_inner().close()?;
    Ok(Digests {
        plain,
        stored: hash.finish(),
    })
}

/// A writer that hashes what it is given and hands it on in chunks.
struct Outlet {
    to: Sender<Bytes>,
    buffer: Vec<u8>,
    hash: Tally,
}

impl Outlet {
    fn new(to: Sender<Bytes>) -> Self {
        Self {
            to,
            buffer: Vec::with_capacity(CHUNK),
            hash: Tally::default(),
        }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = Bytes::from(std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK)));
        self.hash.update(&chunk);
        self.to
            .blocking_send(chunk)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn close(mut self) -> io::Result<Digest> {
        self.pass_on()?;
        Ok(self.hash.finish())
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.pass_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()
    }
}

#[derive(Default)]
struct Tally {
    bytes: u64,
    sha256: Sha256,
}

impl Tally {
    fn update(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        self.sha256.update(chunk);
    }

    fn finish(self) -> Digest {
        Digest {
            bytes: self.bytes,
            sha256: hex::encode(self.sha256.finalize()),
        }
    }
}

/// Large enough to make a channel hop cheap, small enough to keep the pipe's memory in the low megabytes.
pub(crate) const CHUNK: usize = 256 * 1024;

/// How many chunks wait between two stages.
pub(crate) const IN_FLIGHT: usize = 4;
