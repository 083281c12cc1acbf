use std::{fmt, sync::Arc};

use async_trait::async_trait;
use groundcrew_base::{Check, Details, Status, Verdict, catch_panic, redact};
use tokio::task::JoinSet;

/// Asks several services at once and answers for all of them.
///
/// Healthy while all are, else degraded: a service that does not answer is no reason to take this one
/// away. The detail `externalServices` tells by name what each said, `ok` or the reason. With none
/// configured it is healthy and says so. Give it a longer interval than a second: these are other
/// people's services.
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
#[derive(Clone, Default)]
pub struct ExternalApis(Vec<(String, Arc<dyn Check>)>);

impl ExternalApis {
    /// None configured.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    #[must_use]
    pub fn api(mut self, name: impl Into<String>, check: impl Check) -> Self {
        self.0.push((name.into(), Arc::new(check)));
        self
    }
}

#[async_trait]
impl Check for ExternalApis {
    async fn run(&self) -> Verdict {
        if self.0.is_empty() {
            return Verdict::healthy().detail("message", "No external APIs configured");
        }
        let mut asking: JoinSet<_> = self.0.iter().enumerate().map(ask).collect();
        let mut answers = vec![String::from("no answer"); self.0.len()];
        while let Some(answer) = asking.join_next().await {
            if let Ok((at, answer)) = answer
                && let Some(slot) = answers.get_mut(at)
            {
                *slot = answer;
            }
        }
        let names = self.0.iter().map(|(name, _)| name.clone());
        summary(names.zip(answers))
    }
}

impl fmt::Debug for ExternalApis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

fn ask(
    (at, (_, check)): (usize, &(String, Arc<dyn Check>)),
) -> impl Future<Output = (usize, String)> + use<> {
    let check = Arc::clone(check);
    async move {
        let verdict = catch_panic(async { check.run().await })
            .await
            .unwrap_or_else(Verdict::unhealthy);
        let answer = match verdict.status() {
            Status::Healthy => OK.to_owned(),
            status => redact(verdict.reason().unwrap_or(status.as_str())).into_owned(),
        };
        (at, answer)
    }
}

fn summary(answers: impl Iterator<Item = (String, String)>) -> Verdict {
    let mut services = Details::new();
    let mut failing = Vec::new();
    for (name, answer) in answers {
        if answer != OK {
            failing.push(name.clone());
        }
        services.set(name, answer);
    }
    let verdict = if failing.is_empty() {
        Verdict::healthy()
    } else {
        Verdict::degraded(format!("not ok: {}", failing.join(", ")))
    };
    verdict.detail("externalServices", services)
}

const OK: &str = "ok";

#[cfg(test)]
mod tests {
    use super::*;

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
            serde_json::to_string(verdict.details()).unwrap(),
            r#"{"externalServices":{"email":"ok","payment":"password=***","maps":"503","queue":"no amqp://app:***@mq/"}}"#
        );
    }
}
