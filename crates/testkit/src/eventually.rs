use std::{
    panic::Location,
    time::{Duration, Instant},
};

use crate::poll::Pace;

/// Polls until `probe` answers `Some`, and panics with `what` when `limit` has passed.
///
/// The limit is part of the contract under test ("ready within 3 s"), not a guess at how slow a machine
/// may be. The waits between polls grow from 2 ms to 20 ms.
///
/// # Panics
/// When `limit` passes first. The message names `what`, the limit and the caller's line.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
///
/// let mut polls = 0;
/// let answer = groundcrew_testkit::eventually(Duration::from_secs(1), "the third poll", async || {
///     polls += 1;
///     (polls == 3).then_some("ready")
/// })
/// .await;
///
/// assert_eq!(answer, "ready");
/// # }
/// ```
#[track_caller]
pub fn eventually<T, P>(limit: Duration, what: &str, mut probe: P) -> impl Future<Output = T>
where
    P: AsyncFnMut() -> Option<T>,
{
    let caller = Location::caller();
    async move {
        let started = Instant::now();
        let mut pace = Pace::new();
        loop {
            if let Some(value) = probe().await {
                return value;
            }
            #[expect(clippy::panic, reason = "it is an assertion: the test must fail here")]
            if started.elapsed() >= limit {
                panic!("{what}: not within {limit:?} (at {caller})");
            }
            pace.wait().await;
        }
    }
}
