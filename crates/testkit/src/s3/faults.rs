use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, S3Response, S3Result};
use tokio::sync::watch;

/// What goes wrong, and how often it still will.
pub(super) struct Faults {
    rules: Mutex<Vec<Rule>>,
    requests: Mutex<HashMap<String, u64>>,
    paused: watch::Sender<bool>,
}

#[derive(Clone, Debug)]
struct Rule {
    operation: String,
    kind: Kind,
    /// `None`: until cleared.
    left: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Fail(StatusCode),
    Delay(Duration),
    Truncate(u64),
    LoseReply,
}

/// What is to happen to one request.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) fail: Option<StatusCode>,
    pub(super) truncate: Option<u64>,
    lose_reply: bool,
}

/// Marks a response that must not be sent.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the reply was lost on purpose")]
pub(super) struct ReplyLost;

impl Default for Faults {
    fn default() -> Self {
        Self {
            rules: Mutex::default(),
            requests: Mutex::default(),
            paused: watch::Sender::new(false),
        }
    }
}

impl Faults {
    pub(super) fn add(&self, operation: &str, kind: Kind, left: Option<u32>) {
        self.rules().push(Rule {
            operation: operation.to_owned(),
            kind,
            left,
        });
    }

    pub(super) fn clear(&self) {
        self.rules().clear();
    }

    pub(super) fn pause(&self) {
        self.paused.send_replace(true);
    }

    pub(super) fn resume(&self) {
        self.paused.send_replace(false);
    }

    pub(super) fn requests(&self, operation: &str) -> u64 {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        match operation {
            "*" => requests.values().sum(),
            _ => requests.get(operation).copied().unwrap_or_default(),
        }
    }

    /// Counts a request, holds it if it must wait, and says what else will happen to it.
    pub(super) async fn begin(&self, operation: &str) -> Plan {
        let (plan, delay) = self.draw(operation);
        let mut paused = self.paused.subscribe();
        // Fails only when the sender is gone, and we hold it.
        drop(paused.wait_for(|paused| !paused).await);
        tokio::time::sleep(delay).await;
        plan
    }

    fn draw(&self, operation: &str) -> (Plan, Duration) {
        *self
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(operation.to_owned())
            .or_default() += 1;
        let mut plan = Plan::default();
        let mut delay = Duration::ZERO;
        let mut rules = self.rules();
        for rule in rules
            .iter_mut()
            .filter(|rule| rule.operation == operation || rule.operation == "*")
        {
            let taken = match rule.kind {
                Kind::Fail(status) if plan.fail.is_none() => plan.fail.insert(status) == &status,
                Kind::Truncate(keep) if plan.truncate.is_none() => plan.truncate.insert(keep) == &keep,
                Kind::LoseReply if !plan.lose_reply => {
                    plan.lose_reply = true;
                    true
                }
                Kind::Delay(more) => {
                    delay += more;
                    true
                }
                Kind::Fail(_) | Kind::Truncate(_) | Kind::LoseReply => false,
            };
            if let Some(left) = rule.left.as_mut().filter(|_| taken) {
                *left = left.saturating_sub(1);
            }
        }
        rules.retain(|rule| rule.left != Some(0));
        (plan, delay)
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    /// Fails the request if it is to fail.
    pub(super) fn check(&self) -> S3Result<()> {
        self.fail.map_or(Ok(()), |status| Err(injected(status)))
    }

    /// Marks the response if it is to be lost.
    pub(super) fn finish<T>(&self, mut response: S3Response<T>) -> S3Response<T> {
        if self.lose_reply {
            response.extensions.insert(ReplyLost);
        }
        response
    }
}

/// The error S3 itself would send with this status.
pub(super) fn injected(status: StatusCode) -> S3Error {
    let (code, status) = match status.as_u16() {
        200 | 500 => (S3ErrorCode::InternalError, StatusCode::INTERNAL_SERVER_ERROR),
        403 => (S3ErrorCode::AccessDenied, status),
        404 => (S3ErrorCode::NoSuchKey, status),
        409 => (S3ErrorCode::OperationAborted, status),
        412 => (S3ErrorCode::PreconditionFailed, status),
        503 => (S3ErrorCode::SlowDown, status),
        _ => (S3ErrorCode::Custom("InjectedFault".into()), status),
    };
    let mut error = S3Error::with_message(code, "made to fail");
    error.set_status_code(status);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_its_operation_as_often_as_asked() {
        let faults = Faults::default();
        faults.add("PutObject", Kind::Fail(StatusCode::SERVICE_UNAVAILABLE), Some(2));

        let struck: Vec<bool> = ["GetObject", "PutObject", "PutObject", "PutObject"]
            .iter()
            .map(|operation| faults.draw(operation).0.fail.is_some())
            .collect();

        assert_eq!(struck, [false, true, true, false]);
        assert_eq!((faults.requests("PutObject"), faults.requests("*")), (3, 4));
    }

    #[test]
    fn faults_of_one_kind_are_taken_one_after_the_other() {
        let faults = Faults::default();
        faults.add("*", Kind::Fail(StatusCode::SERVICE_UNAVAILABLE), Some(1));
        faults.add("PutObject", Kind::Fail(StatusCode::FORBIDDEN), Some(1));

        let statuses = [faults.draw("PutObject").0.fail, faults.draw("PutObject").0.fail];

        assert_eq!(
            statuses,
            [Some(StatusCode::SERVICE_UNAVAILABLE), Some(StatusCode::FORBIDDEN)]
        );
    }
}
