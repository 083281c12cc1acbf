//! The values that `verdicts` tries, and how each is written in the environment.

use groundcrew_envcfg::Secret;
use proptest::{option, prelude::*, sample::select};

/// A value as it is written in the environment; `None` is not set.
pub(crate) trait Shown {
    fn shown(&self) -> Option<String>;
}

macro_rules! shown {
    ($($ty:ty)*) => {$(
        impl Shown for $ty {
            fn shown(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )*};
}

shown!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 String std::net::IpAddr);
shown!(std::borrow::Cow<'static, str>);

impl Shown for Secret {
    fn shown(&self) -> Option<String> {
        Some(self.expose().clone())
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> Option<String> {
        self.as_ref()?.shown()
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn shown(&self) -> Option<String> {
        let texts: Option<Vec<String>> = self.iter().map(Shown::shown).collect();
        Some(texts?.join(","))
    }
}

/// The number if it fits the type, else the end of the type that is nearer.
pub(crate) fn fit<T: TryFrom<i64> + TryFrom<u8>>(number: i64) -> T {
    let most = || T::try_from(127_u8).ok();
    let least = || T::try_from(0_u8).ok();
    let nearest = || if number > 0 { most() } else { least() };
    T::try_from(number)
        .ok()
        .or_else(nearest)
        .expect("0 and 127 fit every type")
}

#[derive(Clone, Debug)]
pub(crate) struct Values {
    pub(crate) texts: Vec<String>,
    pub(crate) maybes: Vec<Option<String>>,
    pub(crate) numbers: Vec<i64>,
    pub(crate) floats: Vec<f64>,
}

pub(crate) fn values() -> impl Strategy<Value = Values> {
    let numbers = prop_oneof![
        select(vec![-11, -10, -9, 0, 9, 10, 11, 12, 20, 21, 49, 50, 99, 100, 101]),
        -300_i64..300,
        any::<i64>(),
    ];
    let floats = prop_oneof![
        select(vec![
            -1.0,
            -0.0,
            0.0,
            0.5,
            1.0,
            1.0 + f64::EPSILON,
            f64::MIN_POSITIVE,
            -f64::MIN_POSITIVE
        ]),
        any::<f64>().prop_filter("finite as either type", |number| number.abs() < 1e30),
    ];
    (
        proptest::collection::vec(text(), 23..=29),
        proptest::collection::vec(option::weighted(0.8, text()), 17..=19),
        proptest::collection::vec(numbers, 29..=31),
        proptest::collection::vec(floats, 3),
    )
        .prop_map(|(texts, maybes, numbers, floats)| Values {
            texts,
            maybes,
            numbers,
            floats,
        })
}

/// Texts that are right for some rule, nearly right, or anything; none is empty, which would be unset.
fn text() -> impl Strategy<Value = String> {
    let chosen = select(vec![
        "a",
        "ab",
        "abc",
        "abcd",
        "abcde",
        "abcdef",
        "äöü",
        "日本語",
        "日本語日本語",
        "e\u{301}e\u{301}",
        "🦀🦀🦀🦀",
        "A",
        "-",
        "a-b",
        "a b",
        "a\n",
        "a\u{7}",
        "\u{9f}",
        "\u{200b}",
        "b",
        "xxx",
        "ß",
        "1.2.3.4",
        "1.2.3",
        "256.1.1.1",
        "::1",
        "2001:db8::1",
        "::ffff:1.2.3.4",
        "1.2.3.4 ",
        "[::1]",
        "01.2.3.4",
        "https://a.example",
        "https://",
        "http:a",
        "data:x",
        "localhost:3000",
        "//a",
        "mailto:a@b",
        "https://a b",
        "://x",
        "a@b",
        "a@b.example",
        "a@",
        "@b",
        "a b@c",
        "a@[1.2.3.4]",
        "a@bücher.example",
        "a@b..c",
        "ä@b.example",
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111111111111112",
        "378282246310005",
        "0",
        " ",
        " a ",
    ])
    .prop_map(str::to_owned);
    prop_oneof![3 => chosen, 1 => "[a-z-]{1,7}", 1 => "\\PC{1,9}", 1 => any::<char>().prop_map(String::from)]
}
