use async_trait::async_trait;

use crate::Verdict;

/// A question about something the service depends on, asked again and again.
///
/// A closure that returns a future of a [`Verdict`] is a check. The name belongs to whoever registers
/// it. The same object serves the preflight of a start and the health engine later.
///
/// # Cancel safety
/// The caller drops the future at its deadline: an implementation must leave nothing half done.
///
/// # Examples
/// ```
/// use groundcrew_base::{Check, Verdict};
///
/// struct Licence { days_left: u64 }
///
/// #[async_trait::async_trait]
/// impl Check for Licence {
///     async fn run(&self) -> Verdict {
///         match self.days_left {
///             0 => Verdict::unhealthy("the licence has expired"),
///             1..14 => Verdict::degraded("the licence expires soon"),
///             _ => Verdict::healthy(),
///         }
///         .detail("daysLeft", self.days_left)
///     }
/// }
/// ```
#[async_trait]
pub trait Check: Send + Sync + 'static {
    /// Asks once.
    async fn run(&self) -> Verdict;

    /// Resolves when the next answer is likely to differ from the last, because a connection was lost for
    /// example: whoever asks regularly then asks at once. By default it never resolves.
    async fn changed(&self) {
        std::future::pending::<()>().await;
    }
}

#[async_trait]
impl<F, Fut> Check for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Verdict> + Send + 'static,
{
    async fn run(&self) -> Verdict {
        self().await
    }
}
