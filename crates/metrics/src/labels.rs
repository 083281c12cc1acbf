use std::{borrow::Cow, sync::Arc};

/// A set of labels: the key of a [`Family`](crate::Family).
///
/// Derive it (`#[derive(Labels)]`, feature `derive`) on a struct with named fields, each a
/// [`LabelValue`]. The field's name is the label's name; `#[label(name = "type")]` gives another. Fields
/// may borrow: a lookup then copies nothing. `()` is the empty set.
///
/// # Examples
/// ```
/// # #[cfg(feature = "derive")] {
/// use groundcrew_metrics::{Counter, Labels, Registry};
///
/// #[derive(Labels)]
/// struct Request<'a> {
///     method: &'a str,
///     status_code: u16,
/// }
///
/// let registry = Registry::new();
/// let requests = registry.counter_family::<Request<'_>>("requests_total", "Requests")?;
/// let method = String::from("GET");
/// requests.inc(&Request { method: &method, status_code: 200 });
/// assert!(registry.encode().contains(r#"requests_total{method="GET",status_code="200"} 1"#));
/// # }
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
pub trait Labels {
    /// The same set, borrowing for `'a`: lets a family of one lifetime be asked with any other.
    type With<'a>: Labels;

    /// The names of the labels, in order.
    const NAMES: &'static [&'static str];

    /// Shows every value to `visitor`, in the order of [`NAMES`](Self::NAMES).
    fn visit<V: LabelVisitor>(&self, visitor: &mut V);
}

/// Takes the values of a label set, one after the other.
pub trait LabelVisitor {
    /// Takes the next value.
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T);
}

/// The value of a label.
///
/// Derive it (`#[derive(LabelValue)]`, feature `derive`) on an enum without fields: a variant's value is
/// its name in snake case; `#[label(name = "...")]` gives another. Text, whole numbers and `bool` are
/// label values; `None` is the empty value, which is the same to Prometheus as no label.
///
/// # Examples
/// ```
/// use groundcrew_metrics::LabelValue;
///
/// struct Shard(u8);
///
/// impl LabelValue for Shard {
///     fn text(&self) -> impl AsRef<str> {
///         format!("shard-{}", self.0)
///     }
/// }
/// assert_eq!(Shard(7).text().as_ref(), "shard-7");
/// ```
pub trait LabelValue {
    /// The value as text. Any text is allowed; it is escaped when it is exposed.
    fn text(&self) -> impl AsRef<str>;
}

impl Labels for () {
    type With<'a> = ();
    const NAMES: &'static [&'static str] = &[];

    fn visit<V: LabelVisitor>(&self, _visitor: &mut V) {}
}

macro_rules! text {
    ($($text:ty),+) => {$(
        impl LabelValue for $text {
            fn text(&self) -> impl AsRef<str> {
                AsRef::<str>::as_ref(self)
            }
        }
    )+};
}

text!(str, String, Box<str>, Arc<str>, Cow<'_, str>);

impl<T: LabelValue + ?Sized> LabelValue for &T {
    fn text(&self) -> impl AsRef<str> {
        T::text(self)
    }
}

impl LabelValue for bool {
    fn text(&self) -> impl AsRef<str> {
        if *self { "true" } else { "false" }
    }
}

impl<T: LabelValue> LabelValue for Option<T> {
    fn text(&self) -> impl AsRef<str> {
        OrEmpty(self.as_ref().map(T::text))
    }
}

struct OrEmpty<T>(Option<T>);

impl<T: AsRef<str>> AsRef<str> for OrEmpty<T> {
    fn as_ref(&self) -> &str {
        self.0.as_ref().map_or("", T::as_ref)
    }
}

macro_rules! integer {
    ($($integer:ty),+) => {$(
        impl LabelValue for $integer {
            fn text(&self) -> impl AsRef<str> {
                Digits::new(u64::from(self.unsigned_abs()), *self < 0)
            }
        }
    )+};
}

macro_rules! unsigned {
    ($($integer:ty),+) => {$(
        impl LabelValue for $integer {
            fn text(&self) -> impl AsRef<str> {
                Digits::new(u64::from(*self), false)
            }
        }
    )+};
}

integer!(i8, i16, i32, i64);
unsigned!(u8, u16, u32, u64);

/// A whole number as text, on the stack.
struct Digits {
    bytes: [u8; Self::LEN],
    start: usize,
}

impl Digits {
    // A sign and the digits of the largest u64.
    const LEN: usize = 21;

    fn new(magnitude: u64, negative: bool) -> Self {
        let mut digits = Self {
            bytes: [b'0'; Self::LEN],
            start: Self::LEN,
        };
        let mut rest = magnitude;
        loop {
            digits.push(b'0' + u8::try_from(rest % 10).unwrap_or(0));
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if negative {
            digits.push(b'-');
        }
        digits
    }

    fn push(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(place) = self.bytes.get_mut(self.start) {
            *place = byte;
        }
    }
}

impl AsRef<str> for Digits {
    fn as_ref(&self) -> &str {
        let text = self.bytes.get(self.start..).unwrap_or_default();
        str::from_utf8(text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_they_print() {
        assert_eq!(u64::MAX.text().as_ref(), u64::MAX.to_string());
        assert_eq!(i64::MIN.text().as_ref(), i64::MIN.to_string());
        assert_eq!(0_u8.text().as_ref(), "0");
        assert_eq!((-128_i8).text().as_ref(), "-128");
        assert_eq!(true.text().as_ref(), "true");
        assert_eq!(Some("a").text().as_ref(), "a");
        assert_eq!(None::<u16>.text().as_ref(), "");
        assert_eq!(Cow::from("é").text().as_ref(), "é");
    }
}
