/// A password or key that no other server has, of letters and digits alone: it needs no quoting anywhere.
pub(crate) fn generate() -> String {
    const LENGTH: usize = 32;
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(LENGTH)
        .collect()
}
