use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use s3s::{
    S3Error, S3Result,
    dto::{
        CompletedPart, ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput, MultipartUpload,
        UploadPartOutput,
    },
    s3_error,
};

/// The multipart uploads in progress.
#[derive(Default)]
pub(super) struct Uploads(Mutex<BTreeMap<String, Open>>);

struct Open {
    upload: S3Upload,
    parts: BTreeMap<i32, Part>,
}

/// A stored part: what completing the upload must name it by.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) size: u64,
    pub(super) answer: UploadPartOutput,
}

/// A multipart upload that is neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct S3Upload {
    /// The bucket.
    pub bucket: String,
    /// The key the object will have.
    pub key: String,
    /// The upload's identifier.
    pub id: String,
    /// When it began.
    pub initiated: SystemTime,
    /// How many parts have arrived.
    pub parts: usize,
}

impl Uploads {
    pub(super) fn begin(&self, bucket: &str, key: &str, id: &str) {
        let upload = S3Upload {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            id: id.to_owned(),
            initiated: SystemTime::now(),
            parts: 0,
        };
        let parts = BTreeMap::new();
        self.lock().insert(id.to_owned(), Open { upload, parts });
    }

    pub(super) fn end(&self, id: &str) {
        self.lock().remove(id);
    }

    pub(super) fn known(&self, id: &str) -> S3Result<()> {
        self.lock().contains_key(id).then_some(()).ok_or_else(unknown)
    }

    pub(super) fn add(&self, id: &str, number: i32, part: Part) -> S3Result<()> {
        let mut uploads = self.lock();
        let open = uploads.get_mut(id).ok_or_else(unknown)?;
        open.parts.insert(number, part);
        open.upload.parts = open.parts.len();
        Ok(())
    }

    /// Checks the list that completes an upload, before the file system backend takes the upload apart.
    pub(super) fn check(&self, id: &str, listed: &[CompletedPart]) -> S3Result<()> {
        const SMALLEST: u64 = 5 * 1024 * 1024;
        let uploads = self.lock();
        let stored = &uploads.get(id).ok_or_else(unknown)?.parts;
        let mut previous = 0;
        for (position, part) in listed.iter().enumerate() {
            let number = part.part_number.unwrap_or_default();
            if number <= previous {
                return Err(s3_error!(InvalidPartOrder));
            }
            previous = number;
            let held = stored.get(&number).ok_or_else(|| s3_error!(InvalidPart))?;
            if !held.is_meant_by(part) {
                return Err(s3_error!(InvalidPart));
            }
            if held.size < SMALLEST && position + 1 < listed.len() {
                return Err(s3_error!(EntityTooSmall));
            }
        }
        Ok(())
    }

    pub(super) fn age(&self, by: Duration) {
        for open in self.lock().values_mut() {
            open.upload.initiated = open
                .upload
                .initiated
                .checked_sub(by)
                .unwrap_or(SystemTime::UNIX_EPOCH);
        }
    }

    /// By key, then by age.
    pub(super) fn list(&self) -> Vec<S3Upload> {
        let mut uploads: Vec<S3Upload> = self.lock().values().map(|open| open.upload.clone()).collect();
        uploads.sort_by(|a, b| (&a.key, a.initiated, &a.id).cmp(&(&b.key, b.initiated, &b.id)));
        uploads
    }

    /// One page of the listing, as the API defines it.
    pub(super) fn page(&self, input: ListMultipartUploadsInput) -> ListMultipartUploadsOutput {
        const PAGE: i32 = 1000;
        let prefix = input.prefix.clone().unwrap_or_default();
        let mut rest: Vec<S3Upload> = self
            .list()
            .into_iter()
            .filter(|upload| upload.bucket == input.bucket && upload.key.starts_with(&prefix))
            .collect();
        if let Some(key_marker) = &input.key_marker {
            let id_marker = input.upload_id_marker.as_ref();
            let passed = rest
                .iter()
                .rposition(|upload| match id_marker {
                    Some(id) if upload.key == *key_marker => upload.id == *id,
                    Some(_) => upload.key < *key_marker,
                    None => upload.key <= *key_marker,
                })
                .map_or(0, |position| position + 1);
            rest.drain(..passed);
        }
        let size = usize::try_from(input.max_uploads.unwrap_or(PAGE)).unwrap_or_default();
        let truncated = rest.len() > size;
        rest.truncate(size);
        let last = rest.last().filter(|_| truncated).cloned();
        ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: input.prefix,
            key_marker: input.key_marker,
            upload_id_marker: input.upload_id_marker,
            max_uploads: Some(input.max_uploads.unwrap_or(PAGE)),
            is_truncated: Some(truncated),
            next_key_marker: last.as_ref().map(|upload| upload.key.clone()),
            next_upload_id_marker: last.map(|upload| upload.id),
            uploads: Some(rest.into_iter().map(entry).collect()),
            ..Default::default()
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    /// Whether the tag and every checksum that the list gives are this part's.
    fn is_meant_by(&self, listed: &CompletedPart) -> bool {
        let same =
            |said: &Option<String>, held: &Option<String>| said.is_none() || held.is_none() || said == held;
        let answer = &self.answer;
        listed.e_tag.as_ref().map(ETag::value) == answer.e_tag.as_ref().map(ETag::value)
            && same(&listed.checksum_crc32, &answer.checksum_crc32)
            && same(&listed.checksum_crc32c, &answer.checksum_crc32c)
            && same(&listed.checksum_crc64nvme, &answer.checksum_crc64nvme)
            && same(&listed.checksum_sha1, &answer.checksum_sha1)
            && same(&listed.checksum_sha256, &answer.checksum_sha256)
    }
}

fn entry(upload: S3Upload) -> MultipartUpload {
    MultipartUpload {
        initiated: Some(upload.initiated.into()),
        key: Some(upload.key),
        upload_id: Some(upload.id),
        ..Default::default()
    }
}

fn unknown() -> S3Error {
    s3_error!(NoSuchUpload)
}
