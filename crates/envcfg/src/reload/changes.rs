use std::{fmt, sync::Arc};

use tokio::sync::watch;

use super::state::{Latest, State};

/// Waits for changes of a configuration.
///
/// Whoever is slow sees the newest configuration and misses those in between.
///
/// # Examples
/// ```no_run
/// # use groundcrew_envcfg::{Config, reload::Reloading};
/// # #[derive(Config)] struct Settings { port: u16 }
/// # async fn example(settings: Reloading<Settings>) {
/// let mut changes = settings.changes();
/// while let Some(settings) = changes.next().await {
///     println!("the port is {} now", settings.port);
/// }
/// # }
/// ```
pub struct Changes<C> {
    state: Arc<State<C>>,
    latest: watch::Receiver<Latest>,
    /// How many changes there had been when one was given last.
    given: u64,
}

impl<C> Changes<C> {
    pub(super) fn new(state: Arc<State<C>>) -> Self {
        let latest = state.subscribe();
        let given = latest.borrow().reloads;
        Self { state, latest, given }
    }

    /// Waits until the configuration has changed and gives the new one; `None` when it is not watched any more.
    ///
    /// A change that was made before the watching ended is given first, also if nobody waited for it then.
    ///
    /// # Cancel safety
    /// Cancel safe: a change that was not given yet is given by the next call.
    pub async fn next(&mut self) -> Option<Arc<C>> {
        let given = self.given;
        let is_news = |latest: &Latest| latest.ended || latest.reloads != given;
        self.given = self.latest.wait_for(is_news).await.ok()?.reloads;
        (self.given != given).then(|| self.state.current())
    }
}

impl<C> fmt::Debug for Changes<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}
