//! Texts in blocks of sixteen bytes. Those as short as labels mostly are take neither a loop nor a call: the code around
//! would have to save the registers that these need, for every text.

/// Texts of so many bytes are looked at without a loop.
pub(super) const SHORT: usize = 48;

/// Whether both are the same, given that they are as long as each other, and [`SHORT`].
#[inline(always)]
pub(super) fn are_same_short(left: &[u8], right: &[u8]) -> bool {
    // All blocks are compared at once: one branch for them. The last one overlaps those before it.
    let ends_differ = || {
        let first = differs(left.first_chunk(), right.first_chunk());
        first | differs(left.last_chunk(), right.last_chunk())
    };
    if right.len() > 32 {
        return ends_differ() | differs(second(left), second(right)) == 0;
    }
    if right.len() > 16 {
        return ends_differ() == 0;
    }
    if let (Some((a, b)), Some((c, d))) = (ends::<8>(left), ends::<8>(right)) {
        return a == c && b == d;
    }
    word(left) == word(right)
}

/// The bits in which two blocks that are there are not the same.
#[inline(always)]
fn differs(left: Option<&[u8; 16]>, right: Option<&[u8; 16]>) -> u128 {
    match (left, right) {
        (Some(left), Some(right)) => u128::from_le_bytes(*left) ^ u128::from_le_bytes(*right),
        _ => u128::MAX,
    }
}

/// The second sixteen bytes.
#[inline(always)]
pub(super) fn second(bytes: &[u8]) -> Option<&[u8; 16]> {
    bytes.first_chunk::<32>()?.last_chunk()
}

/// The first and the last so many bytes, which may be the same.
#[inline(always)]
pub(super) fn ends<const N: usize>(bytes: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
    Some((bytes.first_chunk()?, bytes.last_chunk()?))
}

/// At most seven bytes as one number.
#[inline(always)]
pub(super) fn word(bytes: &[u8]) -> u64 {
    if let Some((first, last)) = ends(bytes) {
        return u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    }
    let [a, b, c] = match *bytes {
        [a, b, c] => [a, b, c],
        [a, b] => [a, b, 0],
        [a] => [a, 0, 0],
        _ => [0; 3],
    };
    u64::from(u32::from_le_bytes([a, b, c, 0]))
}
