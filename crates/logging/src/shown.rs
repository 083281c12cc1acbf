use std::fmt::{self, Write as _};

/// The text of a value; one whose own formatting fails is shown as far as it came, where `format!` would panic.
pub(crate) fn shown(value: fmt::Arguments<'_>) -> String {
    let mut text = String::new();
    text.write_fmt(value).ok();
    text
}
