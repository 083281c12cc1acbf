use std::{
    fmt,
    pin::Pin,
    time::{Duration, Instant},
};

use groundcrew_base::{ShutdownOutcome, ShutdownReport, catch_panic};
use tokio::time::timeout;

type Closing = Pin<Box<dyn Future<Output = ShutdownReport> + Send>>;
type Action = Box<dyn FnOnce(Duration) -> Closing + Send>;

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
            action: Box::new(|deadline| Box::pin(action(deadline))),
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
        // What it holds may panic when it goes at the deadline.
        let work = async { timeout(slice, async { (self.action)(told).await }).await };
        Ok(catch_panic(work)
            .await?
            .unwrap_or_else(|_| ShutdownReport::new(ShutdownOutcome::DeadlineExceeded, began.elapsed())))
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hook").field(&self.name).finish()
    }
}
