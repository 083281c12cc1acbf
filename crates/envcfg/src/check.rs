//! The rules that need nothing but std; generated code calls them.

/// Whether `value` is within the given bounds. What cannot be compared, such as NaN, is not.
pub fn in_range<T: PartialOrd>(
    value: &T,
    min: Option<&T>,
    max: Option<&T>,
    above: Option<&T>,
    below: Option<&T>,
) -> bool {
    min.is_none_or(|min| value >= min)
        && max.is_none_or(|max| value <= max)
        && above.is_none_or(|above| value > above)
        && below.is_none_or(|below| value < below)
}

/// Whether `length` is within the given bounds.
#[must_use]
pub fn has_length(length: usize, min: Option<u64>, max: Option<u64>, equal: Option<u64>) -> bool {
    let length = length as u64;
    min.is_none_or(|min| length >= min)
        && max.is_none_or(|max| length <= max)
        && equal.is_none_or(|equal| length == equal)
}

/// The length of a text in characters or of a list in elements.
pub trait Length {
    /// How many there are.
    fn length(&self) -> usize;
}

impl Length for String {
    fn length(&self) -> usize {
        self.chars().count()
    }
}

impl<T> Length for Vec<T> {
    fn length(&self) -> usize {
        self.len()
    }
}

impl<T> Length for std::collections::BTreeSet<T> {
    fn length(&self) -> usize {
        self.len()
    }
}

impl<T, S> Length for std::collections::HashSet<T, S> {
    fn length(&self) -> usize {
        self.len()
    }
}

/// Whether `url` is absolute, with one of `schemes` and a host.
pub fn has_scheme(url: &(impl AsRef<str> + ?Sized), schemes: &[&str]) -> bool {
    url.as_ref().split_once("://").is_some_and(|(scheme, rest)| {
        schemes.iter().any(|wanted| wanted.eq_ignore_ascii_case(scheme)) && !rest.is_empty()
    })
}
