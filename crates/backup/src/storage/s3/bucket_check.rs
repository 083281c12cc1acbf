use std::{fmt, time::Duration};

use async_trait::async_trait;
use aws_sdk_s3::{
    config::{Builder, retry::RetryConfig},
    error::SdkError,
    operation::head_bucket::HeadBucketError,
};
use groundcrew_base::{Check, Verdict, redact};
use tokio::time::timeout;

use super::{S3, reason, status};

/// Asks whether a bucket is there and answers this login: `HeadBucket`, one attempt, no object read or written.
///
/// The detail `verdict` says what it found:
///
/// | verdict | status | found |
/// |---|---|---|
/// | `up` | healthy | an answer |
/// | `throttled` | degraded | the store is there, but asks for fewer requests (429, 503 `SlowDown`) |
/// | `missing` | unhealthy | there is no such bucket |
/// | `auth` | unhealthy | the credentials are refused, or may not see the bucket; detail `permanent: true` |
/// | `frozen` | unhealthy | no answer in time |
/// | `down` | unhealthy | nobody listens, or the way is cut |
/// | `error` | unhealthy | anything else |
///
/// Details: `bucket` and, of an answer, `statusCode`. Give it a longer interval than a second: each question is a request that is
/// paid for.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use groundcrew_backup::storage::{BucketCheck, S3};
///
/// let store = S3::builder("backups", "eu-central-1").build();
/// let check = BucketCheck::new(&store).timeout(Duration::from_secs(2));
/// # drop(check);
/// ```
#[derive(Clone)]
pub struct BucketCheck {
    store: S3,
    timeout: Duration,
}

impl BucketCheck {
    /// A check of the bucket of this store, with its login.
    #[must_use]
    pub fn new(store: &S3) -> Self {
        Self {
            store: store.clone(),
            timeout: Duration::from_secs(3),
        }
    }

    /// Sets how long an answer may take, connecting included; default 3 s.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn ask(&self) -> Verdict {
        let once = Builder::new().retry_config(RetryConfig::disabled());
        let request = self.store.client.head_bucket().bucket(&self.store.bucket);
        let request = Box::pin(request.customize().config_override(once).send());
        match timeout(self.timeout, request).await {
            Ok(Ok(_)) => Verdict::healthy()
                .detail("verdict", "up")
                .detail("statusCode", 200_u64),
            Ok(Err(error)) => judge(&error),
            Err(_) => frozen(self.timeout),
        }
    }
}

#[async_trait]
impl Check for BucketCheck {
    async fn run(&self) -> Verdict {
        self.ask().await.detail("bucket", self.store.bucket.clone())
    }
}

impl fmt::Debug for BucketCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketCheck")
            .field("store", &self.store)
            .field("timeout", &self.timeout)
            .finish()
    }
}

fn judge(error: &SdkError<HeadBucketError>) -> Verdict {
    let why = redact(&reason(error)).into_owned();
    let Some(code) = status(error) else {
        return match error {
            SdkError::TimeoutError(_) => unhealthy("frozen", why),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => unhealthy("frozen", why),
            SdkError::DispatchFailure(failure) if failure.is_io() => unhealthy("down", why),
            _ => unhealthy("error", why),
        };
    };
    let verdict = match code {
        404 => unhealthy("missing", "there is no such bucket".to_owned()),
        401 | 403 => unhealthy("auth", why).detail("permanent", true),
        429 | 503 => Verdict::degraded(why).detail("verdict", "throttled"),
        _ => unhealthy("error", why),
    };
    verdict.detail("statusCode", u64::from(code))
}

fn frozen(limit: Duration) -> Verdict {
    unhealthy("frozen", format!("no answer within {limit:?}"))
}

fn unhealthy(verdict: &'static str, reason: String) -> Verdict {
    Verdict::unhealthy(reason).detail("verdict", verdict)
}
