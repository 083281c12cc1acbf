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

    /// For each label all of its values ([`LabelValue::VALUES`]), none for one that is open.
    ///
    /// When every label has its values here, and there are no more than 256 sets of them, all series are there from
    /// the start, at 0, and are found by [`position`](Self::position) instead of a search.
    const VALUES: &'static [&'static [&'static str]] = &[];

    /// The most values that each label may have in a family, in the order of [`NAMES`](Self::NAMES), 0 for no limit:
    /// what `#[label(max = 500)]` says. See [`FamilyBuilder::max_values`](crate::FamilyBuilder::max_values).
    const MAX_VALUES: &'static [usize] = &[];

    /// Shows every value to `visitor`, in the order of [`NAMES`](Self::NAMES).
    ///
    /// It is called several times for one lookup and shows the same values each time.
    fn visit<V: LabelVisitor>(&self, visitor: &mut V);

    /// The number of this set among all that [`VALUES`](Self::VALUES) has, the last label changing fastest.
    fn position(&self) -> usize {
        usize::MAX
    }
}

/// Takes the values of a label set, one after the other.
pub trait LabelVisitor {
    /// Takes the next value.
    fn value<T: LabelValue + ?Sized>(&mut self, value: &T);
}

/// Takes what tells one value of a label from another; see [`LabelValue::key`].
pub trait LabelKey {
    /// Takes a text.
    fn text(&mut self, text: &str);

    /// Takes a few bytes.
    fn bytes<const N: usize>(&mut self, bytes: [u8; N]);
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
    /// All values there can be, when they are few and known; the derive gives them. Empty: any text.
    const VALUES: &'static [&'static str] = &[];

    /// The value as text. Any text is allowed; it is escaped when it is exposed.
    fn text(&self) -> impl AsRef<str>;

    /// The number of this value among [`VALUES`](Self::VALUES), `usize::MAX` for one that is not among them.
    ///
    /// Default: it is looked for by its text. The derive gives it without a search.
    fn index(&self) -> usize {
        if Self::VALUES.is_empty() {
            return usize::MAX;
        }
        let text = self.text();
        let mut values = Self::VALUES.iter();
        values
            .position(|value| *value == text.as_ref())
            .unwrap_or(usize::MAX)
    }

    /// Gives what tells this value from others: two values have the same key exactly when they have the same text.
    ///
    /// A lookup hashes and compares it, so numbers need not become text. Default: the index of a value that has one,
    /// else the text.
    #[inline(always)]
    fn key<K: LabelKey>(&self, key: &mut K) {
        let index = self.index();
        let is_known = index < Self::VALUES.len();
        let [low, high, ..] = index.to_le_bytes();
        // All ones are no index, and so tell that a text follows.
        match Self::VALUES.len() {
            1..=255 if is_known => key.bytes([low]),
            256..=65_535 if is_known => key.bytes([low, high]),
            1..=255 => unknown(key, [u8::MAX], self.text().as_ref()),
            256..=65_535 => unknown(key, [u8::MAX; 2], self.text().as_ref()),
            _ => key.text(self.text().as_ref()),
        }
    }
}

/// A value that is not among those that its type has.
#[cold]
fn unknown<K: LabelKey, const N: usize>(key: &mut K, mark: [u8; N], text: &str) {
    key.bytes(mark);
    key.text(text);
}

impl Labels for () {
    type With<'a> = ();
    const NAMES: &'static [&'static str] = &[];

    fn visit<V: LabelVisitor>(&self, _visitor: &mut V) {}
}

macro_rules! text {
    ($($text:ty),+) => {$(
        impl LabelValue for $text {
            #[inline]
            fn text(&self) -> impl AsRef<str> {
                AsRef::<str>::as_ref(self)
            }
        }
    )+};
}

text!(str, String, Box<str>, Arc<str>, Cow<'_, str>);

impl<T: LabelValue + ?Sized> LabelValue for &T {
    const VALUES: &'static [&'static str] = T::VALUES;

    fn text(&self) -> impl AsRef<str> {
        T::text(self)
    }

    #[inline]
    fn index(&self) -> usize {
        T::index(self)
    }

    #[inline(always)]
    fn key<K: LabelKey>(&self, key: &mut K) {
        T::key(self, key);
    }
}

impl LabelValue for bool {
    const VALUES: &'static [&'static str] = &["false", "true"];

    fn text(&self) -> impl AsRef<str> {
        if *self { "true" } else { "false" }
    }

    #[inline]
    fn index(&self) -> usize {
        usize::from(*self)
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

            #[inline]
            fn key<K: LabelKey>(&self, key: &mut K) {
                key.bytes(self.to_le_bytes());
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

            #[inline]
            fn key<K: LabelKey>(&self, key: &mut K) {
                key.bytes(self.to_le_bytes());
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
