/// A checksum of some bytes, 16 at a step: damage goes unnoticed once in 2^64 times. It defends against no forger.
pub(super) fn checksum(seed: u64, bytes: &[u8]) -> u64 {
    let mut sum = seed ^ FIRST;
    let mut steps = bytes.chunks_exact(2 * WORD);
    for step in &mut steps {
        let (left, right) = step.split_at(WORD);
        sum = fold(word(left) ^ FIRST, word(right) ^ sum);
    }
    let mut rest = [0; 2 * WORD];
    let left = steps.remainder();
    for (to, from) in rest.iter_mut().zip(left) {
        *to = *from;
    }
    let (left, right) = rest.split_at(WORD);
    sum = fold(word(left) ^ FIRST, word(right) ^ sum);
    fold(sum ^ SECOND, bytes.len() as u64 ^ FIRST)
}

/// The same of some words.
pub(super) fn checksum_of(words: &[u64]) -> u64 {
    let step = |sum, word: &u64| fold(sum ^ FIRST, word ^ SECOND);
    words.iter().fold(words.len() as u64, step)
}

/// A word for a small number that shows when it is damaged.
pub(super) fn sealed(number: u64) -> u64 {
    let number = number & NUMBER;
    number | fold(number ^ FIRST, SECOND) << NUMBER.count_ones()
}

/// The number of a word that [`sealed`] has made.
pub(super) fn unsealed(word: u64) -> Option<u64> {
    (sealed(word) == word).then_some(word & NUMBER)
}

fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    let halves = (product as u64, (product >> u64::BITS) as u64);
    halves.0 ^ halves.1
}

fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |word| u64::from_ne_bytes(*word))
}

const WORD: usize = size_of::<u64>();
/// Odd numbers with bits all over.
const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND: u64 = 0xd1b5_4a32_d192_ed03;
/// The bits of a sealed number; the others seal it.
const NUMBER: u64 = (1 << 48) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_and_the_length_count() {
        for len in 0..70 {
            let bytes: Vec<u8> = (0..len).collect();
            let sum = checksum(7, &bytes);
            assert_ne!(sum, checksum(8, &bytes));
            assert_ne!(sum, checksum(7, &[bytes.as_slice(), &[0]].concat()));
            for bit in 0..8 * bytes.len() {
                let mut damaged = bytes.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert_ne!(sum, checksum(7, &damaged), "{len} {bit}");
            }
        }
    }

    #[test]
    fn a_sealed_number_is_found_again_and_any_other_word_is_none() {
        for number in [0, 1, 77, NUMBER] {
            assert_eq!(unsealed(sealed(number)), Some(number));
            for bit in 0..64 {
                assert_eq!(unsealed(sealed(number) ^ 1 << bit), None, "{number} {bit}");
            }
        }
        for word in [0, 5, u64::MAX] {
            assert_eq!(unsealed(word), None);
        }
    }
}
