use std::{
    any::Any,
    future::poll_fn,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::Poll,
};

use crate::redact;

/// Calls `work` and turns its panic into an error: the message, without credentials.
///
/// Built with `panic = "abort"` the process ends instead.
///
/// # Errors
/// The message of the panic.
///
/// # Examples
/// ```
/// use groundcrew_base::catch_panic_in;
///
/// fn stays_up(stranger: impl FnOnce() -> u32) -> u32 {
///     catch_panic_in(stranger).unwrap_or_default()
/// }
/// ```
pub fn catch_panic_in<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(defused)
}

/// Awaits `work` and turns its panic into an error: the message, without credentials.
///
/// The future is dropped after a panic and not polled again. A panic of its drop goes no further. Built with `panic = "abort"` the process
/// ends instead.
///
/// # Errors
/// The message of the panic.
///
/// # Cancel safety
/// As safe as `work`.
///
/// # Examples
/// ```
/// use groundcrew_base::catch_panic;
///
/// async fn stays_up(job: impl Future<Output = u32>) -> u32 {
///     catch_panic(job).await.unwrap_or_default()
/// }
/// ```
pub async fn catch_panic<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let mut work = Caught(pin!(Some(work)));
    poll_fn(|cx| {
        // Nobody polls it again once it has ended.
        let Some(running) = work.0.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        match catch_panic_in(|| running.poll(cx)) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// What may panic when it is dropped, too: at a deadline, or because nobody waits for it any more.
struct Caught<'a, F>(Pin<&'a mut Option<F>>);

impl<F> Drop for Caught<'_, F> {
    fn drop(&mut self) {
        // The panic hook has told its text.
        drop(catch_panic_in(|| self.0.set(None)));
    }
}

/// Its text. What was thrown is a stranger's as well, and may panic when it is dropped.
fn defused(panic: Box<dyn Any + Send>) -> String {
    let text = panic_text(&*panic);
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        let _never_dropped = ManuallyDrop::new(again);
    }
    text
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.map_or_else(
        || "a panic without a message".to_owned(),
        |text| redact(text).into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    fn poll<T>(work: impl Future<Output = T>) -> Poll<T> {
        pin!(work).poll(&mut Context::from_waker(Waker::noop()))
    }

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("not like this");
        }
    }

    #[test]
    fn a_panic_at_the_drop_of_what_nobody_waits_for_goes_no_further() {
        let waiting = async {
            let _bomb = Bomb;
            std::future::pending::<()>().await;
        };

        assert_eq!(poll(catch_panic(waiting)), Poll::Pending);
    }

    #[test]
    fn what_was_thrown_may_panic_when_it_is_dropped() {
        let found = poll(catch_panic(async { std::panic::panic_any(Bomb) }));

        let unknown = "a panic without a message";
        assert_eq!(found, Poll::Ready(Err::<(), _>(unknown.to_owned())));
        let found = catch_panic_in(|| std::panic::panic_any(Bomb));
        assert_eq!(found, Err::<(), _>(unknown.to_owned()));
    }

    #[test]
    fn a_panic_becomes_its_redacted_message() {
        let cases: [(fn(), &str); 3] = [
            (|| panic!("plain"), "plain"),
            (|| panic!("with {}", "password=hunter2"), "with password=***"),
            (|| std::panic::panic_any(7), "a panic without a message"),
        ];

        for (work, message) in cases {
            assert_eq!(
                poll(catch_panic(async { work() })),
                Poll::Ready(Err(message.to_owned()))
            );
            assert_eq!(catch_panic_in(work), Err(message.to_owned()));
        }
    }

    #[test]
    fn an_answer_passes() {
        assert_eq!(catch_panic_in(|| 7), Ok(7));
        assert_eq!(poll(catch_panic(async { 7 })), Poll::Ready(Ok(7)));
        assert_eq!(poll(catch_panic(std::future::pending::<()>())), Poll::Pending);
    }
}
