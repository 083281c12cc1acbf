use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use groundcrew_base::{Check, Details, Status, Verdict, catch_panic, redact};
use tokio::time::timeout;

use crate::deadline::in_time;

/// Asks several services at once and answers for all of them.
///
/// Healthy while all are, else degraded: a service that does not answer is no reason to take this one
/// away. The detail `externalServices` tells by name what each said, `ok` or the reason. One that is
/// silent for 3 s is given up, and hides no other. With none configured it is healthy and says so. Give it
/// a longer interval than a second: these are other people's services.
///
/// # Examples
/// ```
/// use groundcrew_health::{Check, Status, Verdict, checks::ExternalApis};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let none = ExternalApis::new();
/// assert_eq!(none.run().await.status(), Status::Healthy);
///
/// let apis = none.api("email", || async { Verdict::unhealthy("no route") });
/// assert_eq!(apis.run().await.status(), Status::Degraded);
/// # }
/// ```
#[derive(Clone)]
pub struct ExternalApis {
    apis: Vec<Api>,
    timeout: Duration,
}

#[derive(Clone)]
struct Api {
    name: String,
    check: Arc<dyn Check>,
}

/// What one said.
struct Answer {
    is_healthy: bool,
    text: String,
}

impl ExternalApis {
    /// None configured.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. The second of a name is called `NAME#2`, so that none hides another.
    #[must_use]
    pub fn api(mut self, name: impl Into<String>, check: impl Check) -> Self {
        self.apis.push(Api {
            name: self.unused(name.into()),
            check: Arc::new(check),
        });
        self
    }

    /// Sets how long each may take; default 3 s. It never takes more than nine tenths of the
    /// [deadline](crate::Registration::deadline) of the run.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn unused(&self, name: String) -> String {
        let is_used = |name: &str| self.apis.iter().any(|api| api.name == name);
        let numbered = (2..).map(|number: usize| format!("{name}#{number}"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        names.find(|name| !is_used(name)).unwrap_or(name)
    }
}

impl Default for ExternalApis {
    fn default() -> Self {
        Self {
            apis: Vec::new(),
            timeout: Duration::from_secs(3),
        }
    }
}

#[async_trait]
impl Check for ExternalApis {
    async fn run(&self) -> Verdict {
        if self.apis.is_empty() {
            return Verdict::healthy().detail("message", "No external APIs configured");
        }
        let limit = in_time(self.timeout);
        let answers = all(self.apis.iter().map(|api| ask(&*api.check, limit))).await;
        summary(&self.apis, answers)
    }
}

impl fmt::Debug for ExternalApis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.apis.iter().map(|api| &api.name))
            .finish()
    }
}

async fn ask(check: &dyn Check, limit: Duration) -> Answer {
    let verdict = match timeout(limit, catch_panic(async { check.run().await })).await {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(panic)) => Verdict::unhealthy(panic),
        Err(_) => Verdict::unhealthy(format!("no answer within {limit:?}")),
    };
    let status = verdict.status();
    if status == Status::Healthy {
        return Answer {
            is_healthy: true,
            text: OK.to_owned(),
        };
    }
    // Only who is healthy is told of as such.
    let reason = verdict.reason().filter(|reason| *reason != OK);
    Answer {
        is_healthy: false,
        text: redact(reason.unwrap_or(status.as_str())).into_owned(),
    }
}

/// Awaits all of them in the task of the caller: one that blocks a worker is then seen by whoever runs this, and started
/// no second time.
async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut asking: Vec<Asking<F>> = futures.map(|future| Asking::Waiting(Box::pin(future))).collect();
    poll_fn(|cx| {
        let waiting = asking
            .iter_mut()
            .map(|asking| asking.poll(cx))
            .filter(Poll::is_pending);
        match waiting.count() {
            0 => Poll::Ready(()),
            _ => Poll::Pending,
        }
    })
    .await;
    asking.into_iter().filter_map(Asking::answer).collect()
}

enum Asking<F: Future> {
    Waiting(Pin<Box<F>>),
    Answered(F::Output),
}

impl<F: Future> Asking<F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Self::Waiting(future) = self {
            let Poll::Ready(answer) = future.as_mut().poll(cx) else {
                return Poll::Pending;
            };
            *self = Self::Answered(answer);
        }
        Poll::Ready(())
    }

    fn answer(self) -> Option<F::Output> {
        match self {
            Self::Waiting(_) => None,
            Self::Answered(answer) => Some(answer),
        }
    }
}

fn summary(apis: &[Api], answers: Vec<Answer>) -> Verdict {
    let mut services = Details::new();
    let mut failing = Vec::new();
    for (api, answer) in apis.iter().zip(answers) {
        if !answer.is_healthy {
            failing.push(api.name.as_str());
        }
        services.set(api.name.clone(), answer.text);
    }
    let verdict = if failing.is_empty() {
        Verdict::healthy()
    } else {
        Verdict::degraded(format!("not ok: {}", failing.join(", ")))
    };
    verdict.detail(EXTERNAL_SERVICES, services)
}

/// The detail whose names are those of services.
pub(crate) const EXTERNAL_SERVICES: &str = "externalServices";

const OK: &str = "ok";

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::deadline::within;

    fn said(verdict: &Verdict) -> String {
        serde_json::to_string(verdict.details()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_hides_no_other() {
        let apis = ExternalApis::new()
            .api("email", pending)
            .api("payment", || async { Verdict::healthy() });

        let (verdict, soon) = (apis.run().await, apis.timeout(Duration::from_millis(250)));

        assert_eq!(
            (verdict.status(), said(&verdict).as_str()),
            (
                Status::Degraded,
                r#"{"externalServices":{"email":"no answer within 3s","payment":"ok"}}"#
            )
        );
        assert_eq!(
            said(&soon.run().await),
            r#"{"externalServices":{"email":"no answer within 250ms","payment":"ok"}}"#
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_hides_no_other_when_the_run_may_not_take_as_long() {
        let apis = ExternalApis::new()
            .api("email", pending)
            .api("payment", || async { Verdict::healthy() });

        let verdict = within(Duration::from_secs(2), apis.run()).await.unwrap();

        assert_eq!(
            said(&verdict),
            r#"{"externalServices":{"email":"no answer within 1.8s","payment":"ok"}}"#
        );
    }

    #[tokio::test]
    async fn each_is_judged_by_its_status_not_by_what_it_says() {
        let apis = ExternalApis::new()
            .api("email", || async { Verdict::unhealthy("ok") })
            .api("maps", || async { Verdict::degraded("ok") });

        let verdict = apis.run().await;

        assert_eq!(verdict.reason(), Some("not ok: email, maps"));
        assert_eq!(
            said(&verdict),
            r#"{"externalServices":{"email":"unhealthy","maps":"degraded"}}"#
        );
    }

    #[tokio::test]
    async fn of_one_name_all_are_told() {
        let healthy = || async { Verdict::healthy() };
        let apis = ExternalApis::new()
            .api("mail", || async { Verdict::unhealthy("503") })
            .api("mail#2", healthy)
            .api("mail", || async { Verdict::unhealthy("504") })
            .api("mail", healthy);

        let verdict = apis.run().await;

        assert_eq!(verdict.reason(), Some("not ok: mail, mail#3"));
        assert_eq!(
            said(&verdict),
            r#"{"externalServices":{"mail":"503","mail#2":"ok","mail#3":"504","mail#4":"ok"}}"#
        );
    }

    #[tokio::test]
    async fn each_service_is_named_with_what_it_said() {
        let apis = ExternalApis::new()
            .api("email", || async { Verdict::healthy() })
            .api("payment", || async { panic!("password=hunter2") })
            .api("maps", || async { Verdict::unhealthy("503") })
            .api("queue", || async {
                Verdict::unhealthy("no amqp://app:hunter2@mq/")
            });

        let verdict = apis.run().await;

        assert_eq!(verdict.reason(), Some("not ok: payment, maps, queue"));
        assert_eq!(
            said(&verdict),
            r#"{"externalServices":{"email":"ok","payment":"password=***","maps":"503","queue":"no amqp://app:***@mq/"}}"#
        );
    }
}
