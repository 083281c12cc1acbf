/// The words that mean true, in lower case.
pub const TRUE_WORDS: [&str; 4] = ["true", "1", "yes", "on"];

/// The words that mean false, in lower case.
pub const FALSE_WORDS: [&str; 4] = ["false", "0", "no", "off"];

/// Reads a switch: one of [`TRUE_WORDS`] or [`FALSE_WORDS`], upper or lower case alike.
///
/// # Examples
/// ```
/// use groundcrew_base::parse_flag;
///
/// assert_eq!(["Yes", " off ", "maybe"].map(parse_flag), [Some(true), Some(false), None]);
/// ```
#[inline]
#[must_use]
pub fn parse_flag(text: &str) -> Option<bool> {
    let text = text.trim();
    let is_one_of = |words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one_of(TRUE_WORDS) {
        Some(true)
    } else if is_one_of(FALSE_WORDS) {
        Some(false)
    } else {
        None
    }
}
