use std::{
    io,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::AsyncReadExt,
    sync::mpsc::{self, Receiver, Sender},
};

use super::{Backup, joined};
use crate::{
    BackupId, Component, Error, Verification,
    seal::{CHUNK, Digests, IN_FLIGHT, unseal},
};

impl Backup {
    pub(super) async fn read_back(&self, id: &BackupId) -> Result<Verification, Error> {
        let begun = Instant::now();
        let manifest = self.catalog().manifest(id).await?;
        let mut verification = Verification {
            id: id.clone(),
            stored_bytes: 0,
            plain_bytes: 0,
            elapsed: Duration::ZERO,
        };
        for component in &manifest.components {
            let digests = self.decode(id, component, drain).await?;
            verification.stored_bytes += digests.stored.bytes;
            verification.plain_bytes += digests.plain.bytes;
        }
        verification.elapsed = begun.elapsed();
        Ok(verification)
    }

    /// Streams a component through the decoder into `sink`, and compares what was read with what was written.
    pub(super) async fn decode<F>(
        &self,
        id: &BackupId,
        component: &Component,
        sink: impl FnOnce(Receiver<Bytes>) -> F,
    ) -> Result<Digests, Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        let (stored, from_store) = mpsc::channel(IN_FLIGHT);
        let (plain, to_sink) = mpsc::channel(IN_FLIGHT);
        let unsealing = tokio::task::spawn_blocking(move || unseal(from_store, plain));
        let (fed, sunk) = tokio::join!(self.feed(component, stored), sink(to_sink));
        let decoded = joined(unsealing.await, "decompressing");
        fed?;
        let damaged = |what| Error::Damaged { id: id.clone(), what };
        match decoded {
            Ok(digests) => match component.difference(&digests) {
                Some(what) => Err(damaged(what)),
                None => sunk.map(|()| digests),
            },
            // When the receiving end failed first, its reason is the one to report.
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => Err(sunk
                .err()
                .unwrap_or_else(|| damaged("decoding ended early".to_owned()))),
            Err(error) => Err(match error {
                Error::Io { source, .. } => damaged(format!("it does not decode: {source}")),
                other => other,
            }),
        }
    }

    async fn feed(&self, component: &Component, to: Sender<Bytes>) -> Result<(), Error> {
        for object in &component.objects {
            let mut reader = self.catalog().storage().open(&object.key).await?;
            loop {
                let mut chunk = BytesMut::with_capacity(CHUNK);
                if reader
                    .read_buf(&mut chunk)
                    .await
                    .map_err(Error::io("reading from the store"))?
                    == 0
                {
                    break;
                }
                if to.send(chunk.freeze()).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

async fn drain(mut plain: Receiver<Bytes>) -> Result<(), Error> {
    while plain.recv().await.is_some() {}
    Ok(())
}
