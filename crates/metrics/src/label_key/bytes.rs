//! Texts in blocks of sixteen bytes. Those as short as labels mostly are take neither a loop nor a call: the code around
//! would have to save the registers that these need, for every text.

/// Texts of so many bytes are looked at without a loop.
pub(super) const SHORT: usize = 48;

/// Whether both are the same, given that they are as long as each other, and [`SHORT`].
#[inline(always)]
pub(super) fn are_same_short(left: &[u8], right: &[u8]) -> bool {
    if right.len() > 32 {
        // It overlaps the last block.
        return left.first_chunk::<32>() == right.first_chunk()
            && left.last_chunk::<16>() == right.last_chunk();
    }
    if right.len() > 16 {
        return left.first_chunk::<16>() == right.first_chunk()
            && left.last_chunk::<16>() == right.last_chunk();
    }
    if let (Some((a, b)), Some((c, d))) = (ends::<8>(left), ends::<8>(right)) {
        return a == c && b == d;
    }
    word(left) == word(right)
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
