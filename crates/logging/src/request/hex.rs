/// Lower-case hexadecimal digits; `D` is twice `N`.
pub(super) fn hex<const N: usize, const D: usize>(bytes: [u8; N]) -> [u8; D] {
    let mut digits = [b'0'; D];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        if let [high, low] = pair {
            *high = digit(byte >> 4);
            *low = digit(byte & 0xf);
        }
    }
    digits
}

/// The value of exactly `digits`, all of them lower-case hexadecimal.
pub(super) fn value(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0_u128, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value.checked_mul(16)? | u128::from(digit))
    })
}

const fn digit(value: u8) -> u8 {
    match value {
        0..10 => b'0' + value,
        _ => b'a' + value - 10,
    }
}
