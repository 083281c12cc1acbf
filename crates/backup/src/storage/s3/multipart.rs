use bytes::{Bytes, BytesMut};
use tokio::task::JoinSet;

use super::{
    ByteStream, ChecksumAlgorithm, Client, CompletedMultipartUpload, ObjectWriter, S3, StorageError,
    async_trait, failed,
};
use aws_sdk_s3::types::CompletedPart;

/// An upload in parts, several at a time.
pub(super) struct Multipart {
    upload: Upload,
    part_size: usize,
    parts_in_flight: usize,
    buffer: BytesMut,
    next_part: i32,
    sending: JoinSet<Result<CompletedPart, StorageError>>,
    sent: Vec<CompletedPart>,
}

/// What names an upload to the store.
struct Upload {
    client: Client,
    bucket: String,
    key: String,
    id: String,
    open: bool,
}

impl Multipart {
    pub(super) async fn begin(store: &S3, key: String) -> Result<Self, StorageError> {
        let request = store
            .client
            .create_multipart_upload()
            .bucket(&store.bucket)
            .key(&key);
        let answer = request
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .send()
            .await
            .map_err(|error| failed("beginning", key.clone(), &error))?;
        let id = answer.upload_id().unwrap_or_default().to_owned();
        Ok(Self {
            upload: Upload {
                client: store.client.clone(),
                bucket: store.bucket.clone(),
                key,
                id,
                open: true,
            },
            part_size: usize::try_from(store.part_size.bytes()).unwrap_or(usize::MAX),
            parts_in_flight: store.parts_in_flight,
            buffer: BytesMut::new(),
            next_part: 1,
            sending: JoinSet::new(),
            sent: Vec::new(),
        })
    }

    /// The size of the part to come. An object has at most 10,000 parts: their size doubles every
    /// thousand, which leads from 8 MiB to 8 TiB, past the largest object.
    fn size_of_next(&self) -> usize {
        let doublings = u32::try_from(self.next_part / 1000).unwrap_or(0);
        self.part_size.saturating_mul(1 << doublings.min(20))
    }

    async fn send(&mut self, part: Bytes) -> Result<(), StorageError> {
        if self.sending.len() >= self.parts_in_flight {
            self.collect_one().await?;
        }
        let number = self.next_part;
        self.next_part += 1;
        let request = self
            .upload
            .client
            .upload_part()
            .bucket(&self.upload.bucket)
            .key(&self.upload.key);
        let request = request
            .upload_id(&self.upload.id)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(ByteStream::from(part));
        let key = self.upload.key.clone();
        self.sending.spawn(async move {
            let answer = request
                .send()
                .await
                .map_err(|error| failed("uploading", key, &error))?;
            Ok(CompletedPart::builder()
                .part_number(number)
                .set_e_tag(answer.e_tag)
                .set_checksum_crc32(answer.checksum_crc32)
                .build())
        });
        Ok(())
    }

    async fn collect_one(&mut self) -> Result<(), StorageError> {
        let key = || self.upload.key.clone();
        match self.sending.join_next().await {
            None => Ok(()),
            Some(Ok(part)) => {
                self.sent.push(part?);
                Ok(())
            }
            Some(Err(error)) => Err(StorageError::Unavailable {
                doing: "uploading",
                key: key(),
                why: error.to_string(),
            }),
        }
    }
}

#[async_trait]
impl ObjectWriter for Multipart {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StorageError> {
        self.buffer.extend_from_slice(&chunk);
        while self.buffer.len() >= self.size_of_next() {
            let part = self.buffer.split_to(self.size_of_next()).freeze();
            self.send(part).await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), StorageError> {
        // An upload without a part cannot be completed, so an empty object is one empty part.
        if !self.buffer.is_empty() || self.next_part == 1 {
            let rest = self.buffer.split().freeze();
            self.send(rest).await?;
        }
        while !self.sending.is_empty() {
            self.collect_one().await?;
        }
        self.sent.sort_by_key(CompletedPart::part_number);
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(std::mem::take(&mut self.sent)))
            .build();
        self.upload.complete(parts).await
    }

    async fn abort(mut self: Box<Self>) {
        self.sending.shutdown().await;
        if self.upload.open {
            self.upload.abort().await;
        }
    }
}

impl Upload {
    async fn complete(&mut self, parts: CompletedMultipartUpload) -> Result<(), StorageError> {
        let request = self
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(&self.key);
        let sent = request.upload_id(&self.id).multipart_upload(parts).send().await;
        sent.map_err(|error| failed("completing", self.key.clone(), &error))?;
        self.open = false;
        Ok(())
    }

    async fn abort(&mut self) {
        self.open = false;
        let request = self
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket)
            .key(&self.key);
        if let Err(error) = request.upload_id(&self.id).send().await {
            let why = failed("aborting", self.key.clone(), &error);
            tracing::warn!(target: "groundcrew::backup", error = %why, "an upload was left behind");
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.open {
            // Dropped by a caller who did not abort: the bucket's lifecycle rule collects it.
            tracing::warn!(target: "groundcrew::backup", key = self.key, "an upload was dropped and left behind");
        }
    }
}
