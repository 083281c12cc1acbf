use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Request, StatusCode};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use s3s::{
    Body,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tokio::net::TcpStream;

use crate::{
    acceptor::{Acceptor, Ended, Outcome},
    daemon::DEADLINE,
    error::Error,
    sandbox::Sandbox,
    secret,
};

mod faults;
mod shelf;
mod uploads;
mod verified;

use faults::{Faults, Kind, ReplyLost};
use shelf::Shelf;
pub use uploads::S3Upload;
use uploads::Uploads;

/// A private S3 server inside this process: real HTTP on a loopback port, signatures checked, objects as files.
///
/// It is `s3s-fs` with what that leaves out: digests of parts and whole objects are verified before anything is
/// stored, parts are checked against the list that completes an upload, open uploads can be listed, and any
/// operation can be made to fail. Operations are named as in the S3 API (`PutObject`, `UploadPart`, ...); `*`
/// stands for all of them.
///
/// It serves on a thread of its own. The handle is cheap to clone; the server and its files are gone with the last
/// clone.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), groundcrew_testkit::Error> {
/// let s3 = groundcrew_testkit::S3::start().await?;
/// assert!(s3.endpoint().starts_with("http://127.0.0.1:"));
///
/// // The third attempt will succeed.
/// s3.fail_next("UploadPart", 503, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct S3(Arc<Inner>);

struct Inner {
    acceptor: Acceptor,
    state: Arc<State>,
    root: PathBuf,
    secret_key: String,
    _sandbox: Sandbox,
}

/// What the handle and the serving thread share.
#[derive(Default)]
struct State {
    faults: Faults,
    uploads: Uploads,
    writes: Mutex<Vec<S3Write>>,
}

/// A request that began to store something, with the headers that tell how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct S3Write {
    /// `PutObject`, `CreateMultipartUpload`, `UploadPart`, `CompleteMultipartUpload` or `CopyObject`.
    pub operation: &'static str,
    /// The object's key.
    pub key: String,
    headers: BTreeMap<String, String>,
}

impl S3Write {
    /// The value of a header, by its name in lower case: `x-amz-server-side-encryption`,
    /// `x-amz-object-lock-mode`, `if-none-match` and the like.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

impl S3 {
    /// Starts a server with one empty bucket.
    ///
    /// # Errors
    /// [`Error::Network`] and [`Error::File`] when no port or directory can be had.
    #[expect(clippy::unused_async, reason = "every start function of the testkit is async")]
    pub async fn start() -> Result<Self, Error> {
        let sandbox = Sandbox::new(None)?;
        let root = sandbox.subdir("s3")?;
        let bucket = root.join(BUCKET);
        fs::create_dir(&bucket).map_err(Error::file("creating", &bucket))?;
        let files = FileSystem::new(&root).map_err(|error| Error::File {
            action: "opening",
            path: root.clone(),
            source: std::io::Error::other(format!("{error:?}")),
        })?;
        let state = Arc::new(State::default());
        let secret_key = secret::generate();
        let mut service = S3ServiceBuilder::new(Shelf::new(files, Arc::clone(&state)));
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, secret_key.as_str()));
        let service = service.build();
        let acceptor = Acceptor::start("s3", move |stream, ended| serve(service.clone(), stream, ended))?;
        Ok(Self(Arc::new(Inner {
            acceptor,
            state,
            root,
            secret_key,
            _sandbox: sandbox,
        })))
    }

    /// Always possible: the server is part of this library.
    ///
    /// # Errors
    /// None; the signature is that of the other servers.
    pub const fn available() -> Result<(), Error> {
        Ok(())
    }

    /// The URL of the service; buckets are addressed by path.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.0.acceptor.addr())
    }

    /// The TCP address, for a [`Proxy`](crate::Proxy).
    #[must_use]
    pub fn addr(&self) -> std::net::SocketAddr {
        self.0.acceptor.addr()
    }

    /// The bucket that exists from the start.
    #[must_use]
    pub const fn bucket(&self) -> &'static str {
        BUCKET
    }

    /// The region to sign for.
    #[must_use]
    pub const fn region(&self) -> &'static str {
        "us-east-1"
    }

    /// The access key.
    #[must_use]
    pub const fn access_key(&self) -> &'static str {
        ACCESS_KEY
    }

    /// The secret key.
    #[must_use]
    pub fn secret_key(&self) -> &str {
        &self.0.secret_key
    }

    /// The directory that holds the buckets.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// The file of an object, to damage or remove it.
    #[must_use]
    pub fn object_path(&self, key: &str) -> PathBuf {
        self.0.root.join(BUCKET).join(key)
    }

    /// Answers the next `times` requests of `operation` with `status` and does nothing else.
    ///
    /// The request is read to its end first. Status 200 is special: `CompleteMultipartUpload` then answers 200 with
    /// an error in the body, as S3 may; other operations answer 500.
    pub fn fail_next(&self, operation: &str, status: u16, times: u32) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.0
            .state
            .faults
            .add(operation, Kind::Fail(status), Some(times));
    }

    /// Carries the next `times` requests of `operation` out, then closes the connection without an answer.
    pub fn lose_reply_next(&self, operation: &str, times: u32) {
        self.0.state.faults.add(operation, Kind::LoseReply, Some(times));
    }

    /// Breaks the body of the next `times` answers to `GetObject` off after `keep` bytes.
    pub fn truncate_next(&self, keep: u64, times: u32) {
        self.0
            .state
            .faults
            .add("GetObject", Kind::Truncate(keep), Some(times));
    }

    /// Holds every request of `operation` for this long before it is carried out, until
    /// [`clear_faults`](Self::clear_faults).
    pub fn delay(&self, operation: &str, delay: Duration) {
        self.0.state.faults.add(operation, Kind::Delay(delay), None);
    }

    /// Forgets all faults that are still to come.
    pub fn clear_faults(&self) {
        self.0.state.faults.clear();
    }

    /// How many requests of `operation` have come, failed ones included.
    #[must_use]
    pub fn requests(&self, operation: &str) -> u64 {
        self.0.state.faults.requests(operation)
    }

    /// The multipart uploads that are neither completed nor aborted, by key.
    #[must_use]
    pub fn uploads(&self) -> Vec<S3Upload> {
        self.0.state.uploads.list()
    }

    /// Makes every open upload this much older, for tests of what cleans up after a time.
    pub fn age_uploads(&self, by: Duration) {
        self.0.state.uploads.age(by);
    }

    /// The requests that stored something or tried to, in the order they came.
    #[must_use]
    pub fn writes(&self) -> Vec<S3Write> {
        self.0
            .state
            .writes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Answers nothing more until [`resume`](Self::resume), while connections stay open.
    pub fn pause(&self) {
        self.0.state.faults.pause();
    }

    /// Continues after [`pause`](Self::pause); requests that waited are carried out.
    pub fn resume(&self) {
        self.0.state.faults.resume();
    }

    /// Breaks every connection off and refuses new ones, as if the process had been killed. A server that is down
    /// stays down.
    pub fn kill(&self) {
        self.0.acceptor.close();
        self.0.state.faults.resume();
    }

    /// Shuts the server down in good order: connections are refused from now on, requests in flight are answered,
    /// those that a [`pause`](Self::pause) or [`delay`](Self::delay) holds among them. Then it is down, as after
    /// [`kill`](Self::kill).
    ///
    /// # Errors
    /// [`Error::Timeout`] when requests were still in flight after 20 s; they are broken off, and the server is down.
    ///
    /// # Cancel safety
    /// Cancel safe: the server goes on shutting down.
    pub async fn stop(&self) -> Result<(), Error> {
        let outcome = self.0.acceptor.finish(DEADLINE);
        self.0.state.faults.resume();
        match outcome.await {
            Outcome::Finished => Ok(()),
            Outcome::Late => Err(Error::Timeout {
                what: String::from("answering the requests in flight"),
                limit: DEADLINE,
            }),
        }
    }

    /// Serves again on the same port and files after [`stop`](Self::stop) or [`kill`](Self::kill).
    pub fn start_again(&self) {
        self.0.acceptor.open();
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("endpoint", &self.endpoint())
            .field("root", &self.0.root)
            .finish_non_exhaustive()
    }
}

/// Serves one connection until it ends or must end.
async fn serve(service: S3Service, stream: TcpStream, mut ended: Ended) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let service = service.clone();
        async move {
            let response = service
                .call(request.map(Body::from))
                .await
                .map_err(|_| ReplyLost)?;
            // An error makes hyper close the connection in place of an answer.
            response
                .extensions()
                .get::<ReplyLost>()
                .map_or(Ok(()), |_| Err(ReplyLost))?;
            Ok::<_, ReplyLost>(response)
        }
    });
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    let mut finishing = ended.clone();
    let served = async {
        tokio::select! {
            _closed = connection.as_mut() => return,
            () = finishing.finish() => connection.as_mut().graceful_shutdown(),
        }
        let _closed = connection.await;
    };
    tokio::select! {
        () = served => {}
        _end = ended.wait() => {}
    }
}

const ACCESS_KEY: &str = "testkit";
const BUCKET: &str = "test-bucket";
