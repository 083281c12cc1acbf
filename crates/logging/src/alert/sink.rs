use std::error::Error as StdError;

use super::{Alert, AlertContext};

/// Takes alerts: sends them to where people are.
///
/// It runs on a thread of its own, behind a queue of 256; what does not fit is dropped and counted. Events
/// that it logs are logged, but are no alerts.
///
/// A closure is an alert sink, whether it returns nothing or a `Result`; see [`AlertReply`].
///
/// # Examples
/// ```
/// use std::sync::mpsc;
///
/// use groundcrew_logging::{Alert, Logging};
///
/// let (pager, _pages) = mpsc::channel();
/// let builder = Logging::builder().alert_sink(move |alert: &Alert| pager.send(alert.clone()));
/// # drop(builder);
/// ```
pub trait AlertSink: Send + 'static {
    /// Takes one alert. May block: only later alerts of this sink wait.
    ///
    /// # Errors
    /// When the alert did not get through. It is counted as failed, logged, and not sent again. A panic counts
    /// as an error.
    fn send(&mut self, alert: &Alert) -> Result<(), AlertError>;

    /// Called once while the log is built, before any alert; does nothing by default.
    ///
    /// # Errors
    /// When it cannot work, such as without certificates to trust: the log is then not built.
    fn start(&mut self, context: &AlertContext) -> Result<(), AlertError> {
        let _ = context;
        Ok(())
    }

    /// Whether each alert needs a message of its own, because the sink opens an incident by its key and closes it by
    /// the same one; by default `false`. If so, [`AlertPolicy::burst`](super::AlertPolicy::burst) holds nothing back
    /// and there are no digests; what fires already is still not sent again within the window. It gets the end of what this process has not begun, too, which may close the
    /// incident of an earlier one.
    fn has_incidents(&self) -> bool {
        false
    }
}

impl<F, R> AlertSink for F
where
    F: FnMut(&Alert) -> R + Send + 'static,
    R: AlertReply,
{
    fn send(&mut self, alert: &Alert) -> Result<(), AlertError> {
        self(alert).into_result()
    }
}

/// Why an [`AlertSink`] could not send an alert.
pub type AlertError = Box<dyn StdError + Send + Sync>;

/// What a closure that is an [`AlertSink`] returns: `()`, or a `Result` with an error of any type.
pub trait AlertReply {
    /// Whether the alert got through.
    ///
    /// # Errors
    /// When it did not.
    fn into_result(self) -> Result<(), AlertError>;
}

impl AlertReply for () {
    fn into_result(self) -> Result<(), AlertError> {
        Ok(self)
    }
}

impl<E: Into<AlertError>> AlertReply for Result<(), E> {
    fn into_result(self) -> Result<(), AlertError> {
        self.map_err(Into::into)
    }
}
