use groundcrew_base::parse_flag;
use syn::Type;

use crate::shape::{is, is_number};

/// What `text` should have been but is not, for a type whose texts are known at compile time.
pub(crate) fn misread(ty: &Type, text: &str) -> Option<String> {
    let text = text.trim();
    if is(ty, &["bool"]) {
        return parse_flag(text)
            .is_none()
            .then(|| String::from("`true` or `false`"));
    }
    if is(ty, &["char"]) {
        return (text.chars().count() > 1).then(|| String::from("one character"));
    }
    if !is_number(ty) {
        return None;
    }
    if is(ty, &["f32"]) {
        let read = text.parse::<f32>().is_ok_and(f32::is_finite);
        return (!read).then(|| String::from("a number that fits `f32`"));
    }
    if is(ty, &["f64"]) {
        let read = text.parse::<f64>().is_ok_and(f64::is_finite);
        return (!read).then(|| String::from("a number"));
    }
    let (name, read) = INTEGERS.iter().find(|(name, _)| is(ty, &[name]))?;
    (!read(text)).then(|| format!("a number that fits `{name}`"))
}

macro_rules! integers {
    ($($ty:ty),*) => {
        [$((stringify!($ty), |text| text.parse::<$ty>().is_ok())),*]
    };
}

type Reads = fn(&str) -> bool;

const INTEGERS: [(&str, Reads); 12] =
    integers!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);
