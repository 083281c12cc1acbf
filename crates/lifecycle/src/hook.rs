use std::{
    fmt,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};
use groundcrew_base::{ShutdownOutcome, ShutdownReport};

use crate::task::panic_text;

type Action = Box<dyn FnOnce(Duration) -> BoxFuture<'static, ShutdownReport> + Send>;

/// Something to close when the service stops.
pub(crate) struct Hook {
    name: String,
    action: Action,
}

impl Hook {
    pub(crate) fn new<F, Fut>(name: String, action: F) -> Self
    where
        F: FnOnce(Duration) -> Fut + Send + 'static,
        Fut: Future<Output = ShutdownReport> + Send + 'static,
    {
        Self {
            name,
            action: Box::new(|deadline| action(deadline).boxed()),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Runs it for at most `slice`. The hook is told a tenth less, so that its own deadline comes first
    /// and its report is not lost. The error is the text of a panic.
    pub(crate) async fn run(self, slice: Duration) -> Result<ShutdownReport, String> {
        let began = Instant::now();
        let told = slice - slice / 10;
        let work = AssertUnwindSafe(async { (self.action)(told).await }).catch_unwind();
        match tokio::time::timeout(slice, work).await {
            Ok(Ok(report)) => Ok(report),
            Ok(Err(panic)) => Err(panic_text(&*panic)),
            Err(_) => Ok(ShutdownReport::new(
                ShutdownOutcome::DeadlineExceeded,
                began.elapsed(),
            )),
        }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hook").field(&self.name).finish()
    }
}
