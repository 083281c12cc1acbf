use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::HeaderMap;
use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput,
        CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput,
        DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput,
        GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput,
        HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
        ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput,
        ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput,
        PutObjectOutput, StreamingBlob, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput,
        UploadPartOutput,
    },
    s3_error,
};
use s3s_fs::FileSystem;

use super::{
    S3Write, State,
    faults::injected,
    uploads::Part,
    verified::{Outcome, Verified, drain},
};

/// The backend of [`s3s_fs`] with faults in front of it, and its gaps filled.
pub(super) struct Shelf {
    files: FileSystem,
    state: Arc<State>,
}

impl Shelf {
    pub(super) const fn new(files: FileSystem, state: Arc<State>) -> Self {
        Self { files, state }
    }

    fn record(&self, operation: &'static str, key: &str, headers: &HeaderMap) {
        let telling = |name: &str| {
            name.starts_with("x-amz-") || name.starts_with("if-") || name.starts_with("content-")
        };
        let headers: BTreeMap<String, String> = headers
            .iter()
            .filter(|(name, _)| telling(name.as_str()))
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let write = S3Write {
            operation,
            key: key.to_owned(),
            headers,
        };
        self.state
            .writes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(write);
    }
}

/// Implements the operations that only pass through the faults, and takes the others as they are.
macro_rules! implement {
    ([$($operation:literal $method:ident $input:ident $output:ident;)*] $($own:item)*) => {
        #[async_trait::async_trait]
        impl S3 for Shelf {
            $(
                async fn $method(&self, req: S3Request<$input>) -> S3Result<S3Response<$output>> {
                    let plan = self.state.faults.begin($operation).await;
                    plan.check()?;
                    Ok(plan.finish(self.files.$method(req).await?))
                }
            )*
            $($own)*
        }
    };
}

implement! {
    [
        "CreateBucket" create_bucket CreateBucketInput CreateBucketOutput;
        "DeleteBucket" delete_bucket DeleteBucketInput DeleteBucketOutput;
        "DeleteObject" delete_object DeleteObjectInput DeleteObjectOutput;
        "DeleteObjects" delete_objects DeleteObjectsInput DeleteObjectsOutput;
        "GetBucketLocation" get_bucket_location GetBucketLocationInput GetBucketLocationOutput;
        "HeadBucket" head_bucket HeadBucketInput HeadBucketOutput;
        "HeadObject" head_object HeadObjectInput HeadObjectOutput;
        "ListBuckets" list_buckets ListBucketsInput ListBucketsOutput;
        "ListObjects" list_objects ListObjectsInput ListObjectsOutput;
        "ListObjectsV2" list_objects_v2 ListObjectsV2Input ListObjectsV2Output;
        "ListParts" list_parts ListPartsInput ListPartsOutput;
        "UploadPartCopy" upload_part_copy UploadPartCopyInput UploadPartCopyOutput;
    ]

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let plan = self.state.faults.begin("CopyObject").await;
        self.record("CopyObject", &req.input.key, &req.headers);
        plan.check()?;
        Ok(plan.finish(self.files.copy_object(req).await?))
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let plan = self.state.faults.begin("GetObject").await;
        plan.check()?;
        let mut response = self.files.get_object(req).await?;
        if let Some(keep) = plan.truncate {
            response.output.body = response.output.body.map(|body| truncated(body, keep));
        }
        Ok(plan.finish(response))
    }

    async fn put_object(&self, mut req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let plan = self.state.faults.begin("PutObject").await;
        self.record("PutObject", &req.input.key, &req.headers);
        if plan.fail.is_some() {
            drain(req.input.body.take()).await?;
        }
        plan.check()?;
        let body = req.input.body.take().ok_or_else(|| s3_error!(IncompleteBody))?;
        let (body, outcome) = Verified::wrap(body, &req.headers, req.trailing_headers.as_ref());
        req.input.body = Some(body);
        let stored = self.files.put_object(req).await;
        Ok(plan.finish(stored.map_err(|error| Outcome::explain(&outcome, error))?))
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let plan = self.state.faults.begin("CreateMultipartUpload").await;
        self.record("CreateMultipartUpload", &req.input.key, &req.headers);
        plan.check()?;
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let algorithm = req.input.checksum_algorithm.clone();
        let kind = req.input.checksum_type.clone();
        let mut response = self.files.create_multipart_upload(req).await?;
        response.output.checksum_algorithm = algorithm;
        response.output.checksum_type = kind;
        if let Some(id) = &response.output.upload_id {
            self.state.uploads.begin(&bucket, &key, id);
        }
        Ok(plan.finish(response))
    }

    async fn upload_part(&self, mut req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let plan = self.state.faults.begin("UploadPart").await;
        self.record("UploadPart", &req.input.key, &req.headers);
        let known = self.state.uploads.known(&req.input.upload_id);
        if plan.fail.is_some() || known.is_err() {
            drain(req.input.body.take()).await?;
        }
        plan.check()?;
        known?;
        let (id, number) = (req.input.upload_id.clone(), req.input.part_number);
        let body = req.input.body.take().ok_or_else(|| s3_error!(IncompleteBody))?;
        let (body, outcome) = Verified::wrap(body, &req.headers, req.trailing_headers.as_ref());
        req.input.body = Some(body);
        let stored = self.files.upload_part(req).await;
        let mut response = stored.map_err(|error| Outcome::explain(&outcome, error))?;
        let outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner).clone();
        response.output.checksum_crc32 = outcome.checksum.checksum_crc32;
        response.output.checksum_crc32c = outcome.checksum.checksum_crc32c;
        response.output.checksum_crc64nvme = outcome.checksum.checksum_crc64nvme;
        response.output.checksum_sha1 = outcome.checksum.checksum_sha1;
        response.output.checksum_sha256 = outcome.checksum.checksum_sha256;
        let part = Part {
            size: outcome.size,
            answer: response.output.clone(),
        };
        self.state.uploads.add(&id, number, part)?;
        Ok(plan.finish(response))
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let plan = self.state.faults.begin("CompleteMultipartUpload").await;
        self.record("CompleteMultipartUpload", &req.input.key, &req.headers);
        if plan.fail.is_some_and(|status| status.is_success()) {
            return Ok(plan.finish(S3Response::new(failing_late())));
        }
        plan.check()?;
        let id = req.input.upload_id.clone();
        let listed = req.input.multipart_upload.as_ref().and_then(|upload| upload.parts.as_deref());
        self.state.uploads.check(&id, listed.unwrap_or_default())?;
        let response = self.files.complete_multipart_upload(req).await?;
        self.state.uploads.end(&id);
        Ok(plan.finish(response))
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let plan = self.state.faults.begin("AbortMultipartUpload").await;
        plan.check()?;
        let id = req.input.upload_id.clone();
        self.state.uploads.known(&id)?;
        let response = self.files.abort_multipart_upload(req).await?;
        self.state.uploads.end(&id);
        Ok(plan.finish(response))
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let plan = self.state.faults.begin("ListMultipartUploads").await;
        plan.check()?;
        Ok(plan.finish(S3Response::new(self.state.uploads.page(req.input))))
    }
}

/// A body that breaks off after `keep` bytes of what its length announces.
fn truncated(body: StreamingBlob, keep: u64) -> StreamingBlob {
    // The server would drop what it has not sent yet together with the connection.
    const SENDING: Duration = Duration::from_millis(50);
    let kept = body.scan(usize::try_from(keep).unwrap_or(usize::MAX), |left, bytes| {
        let bytes = bytes.map_err(io::Error::other).map(|mut bytes| {
            bytes.truncate(*left);
            *left -= bytes.len();
            bytes
        });
        std::future::ready(Some(bytes).filter(|bytes| !matches!(bytes, Ok(bytes) if bytes.is_empty())))
    });
    let broken = stream::once(async {
        tokio::time::sleep(SENDING).await;
        Err::<Bytes, io::Error>(io::ErrorKind::ConnectionAborted.into())
    });
    StreamingBlob::wrap(kept.chain(broken))
}

/// S3 answers 200 before it has assembled the object, and may have to say otherwise in the body.
fn failing_late() -> CompleteMultipartUploadOutput {
    CompleteMultipartUploadOutput {
        future: Some(Box::pin(async {
            Err(injected(http::StatusCode::INTERNAL_SERVER_ERROR))
        })),
        ..Default::default()
    }
}
