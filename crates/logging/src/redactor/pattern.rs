use std::ops::Range;

/// Finds secrets of a form that only you know.
///
/// A closure is a pattern. It is called again behind each place that it finds. It runs on the thread that logs, for
/// every text of every event: keep it short, without allocations and without loops in loops.
///
/// # Examples
/// ```
/// use groundcrew_logging::{Action, Redactor};
///
/// let redactor = Redactor::default().pattern(
///     |text: &str| {
///         let start = text.find("seat-")?;
///         Some(start..start + text[start..].find(' ').unwrap_or(text.len() - start))
///     },
///     Action::Mask,
/// );
/// assert_eq!(redactor.text("opened seat-77 for u1"), "opened *** for u1");
/// ```
pub trait Pattern: Send + Sync + 'static {
    /// The bytes of the first secret in `text`. Behind an empty range the search goes on; one that ends behind the text or
    /// falls into a character hides all of the text, for it cannot be told where the secret is.
    fn find(&self, text: &str) -> Option<Range<usize>>;
}

impl<F> Pattern for F
where
    F: Fn(&str) -> Option<Range<usize>> + Send + Sync + 'static,
{
    fn find(&self, text: &str) -> Option<Range<usize>> {
        self(text)
    }
}
