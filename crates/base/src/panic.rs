use std::{
    any::Any,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use crate::redact;

/// Awaits `work` and turns its panic into an error: the message, without credentials.
///
/// The future is dropped after a panic and not polled again. Built with `panic = "abort"` the process
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
    let mut work = pin!(work);
    std::future::poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(defused(panic))),
        },
    )
    .await
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

    #[test]
    fn what_was_thrown_may_panic_when_it_is_dropped() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("not like this");
            }
        }

        let found = poll(catch_panic(async { std::panic::panic_any(Bomb) }));

        assert_eq!(
            found,
            Poll::Ready(Err::<(), _>("a panic without a message".to_owned()))
        );
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
        }
    }

    #[test]
    fn an_answer_passes() {
        assert_eq!(poll(catch_panic(async { 7 })), Poll::Ready(Ok(7)));
        assert_eq!(poll(catch_panic(std::future::pending::<()>())), Poll::Pending);
    }
}
