use super::bytes::{at, before, begins_word, ends_in, is_at, run, run_back};

/// What the digits around a place are.
pub(crate) enum Digits {
    /// A card number; more digits may follow behind its end.
    Card(usize, usize),
    /// Nothing, up to here.
    None(usize),
}

/// Looks at the digits and groups of digits around `last`, from `from` on.
pub(crate) fn card_at(text: &[u8], from: usize, last: usize) -> Digits {
    let behind = text.get(from..=last).unwrap_or_default();
    let start = from + run_back(behind, behind.len(), is_of_number);
    let is_iban = is_iban(text, start);
    let mut place = start;
    while is_of_number(at(text, place)) {
        let digits = run(text, place, |byte| byte.is_ascii_digit());
        if digits == place {
            place += 1;
            continue;
        }
        // `%20` and other escapes of URLs.
        if before(text, place) == b'%' && digits > place + 2 {
            place += 2;
            continue;
        }
        if let Some(end) = card_end(text, place, digits).filter(|_| !is_iban) {
            return Digits::Card(place, end);
        }
        place = digits;
    }
    Digits::None(place)
}

/// Whether this is the number of a card.
pub(crate) fn is_card_number(number: u64) -> bool {
    let mut digits = Number::default();
    let mut divisor = 10_u64.pow(18);
    let mut rest = number;
    while divisor > 0 {
        let digit = rest / divisor;
        rest %= divisor;
        divisor /= 10;
        if digit != 0 || digits.length > 0 {
            // A quotient by the next power of ten; more than 19 digits give a first one above nine.
            digits.push(u8::try_from(digit).unwrap_or(u8::MAX));
        }
    }
    digits.is_card()
}

/// Where the card number ends that starts with the digits from `start` to `end`.
fn card_end(text: &[u8], start: usize, end: usize) -> Option<usize> {
    let length = end - start;
    if (length != GROUP && !(SHORTEST..=LONGEST).contains(&length)) || is_inside(text, start, end) {
        return None;
    }
    let mut number = Number::default();
    number.extend(text, start, end);
    if length != GROUP {
        let is_phone = before(text, start) == b'+' && number.length <= LONGEST_PHONE;
        return (number.is_card() && !is_phone && !goes_on(text, end)).then_some(end);
    }
    let separator = separator_at(text, end)?;
    let mut groups = [GROUP, 0, 0, 0, 0];
    let mut ends = end;
    let mut card = None;
    for n in 1..groups.len() {
        if !is_at(text, ends, separator) {
            break;
        }
        let start = ends + separator.len();
        let digits = run(text, start, |byte| byte.is_ascii_digit());
        let length = digits - start;
        if length == 0 || length > LONGEST_GROUP {
            break;
        }
        if let Some(group) = groups.get_mut(n) {
            *group = length;
        }
        number.extend(text, start, digits);
        ends = digits;
        let is_sum = separator == b"+" && at(text, ends) == b'=';
        if FORMS.contains(&groups) && number.is_card() && !goes_on(text, ends) && !is_sum {
            card = Some(ends);
        }
    }
    card
}

/// Whether the digits belong to what stands before: a word, a fraction.
fn is_inside(text: &[u8], start: usize, end: usize) -> bool {
    let byte = before(text, start);
    let is_fraction = byte == b'.' && before(text, start - 1).is_ascii_digit();
    is_fraction || !(begins_word(text, start) || is_track(text, start, end) || is_behind_word(text, start))
}

/// Whether this is the first track of a magnetic stripe: `%B4111111111111111^DOE/JOHN^2512...`.
fn is_track(text: &[u8], start: usize, end: usize) -> bool {
    let is_format = at(text, end) == b'^' && before(text, start).eq_ignore_ascii_case(&b'B');
    is_format && begins_word(text, start - 1)
}

/// Whether the word before the digits says what they are: `card4111111111111111`.
fn is_behind_word(text: &[u8], start: usize) -> bool {
    // The last letters of all of them.
    if !matches!(
        before(text, start) | 0x20,
        b'd' | b'n' | b'a' | b'x' | b'o' | b'r'
    ) {
        return false;
    }
    let is_word = |word: &&[u8]| ends_in(text, start, word) && begins_word(text, start - word.len());
    WORDS.iter().any(is_word)
}

/// Whether what follows belongs to the digits.
fn goes_on(text: &[u8], end: usize) -> bool {
    let byte = at(text, end);
    byte.is_ascii_alphanumeric() || (byte == b'.' && at(text, end + 1).is_ascii_digit())
}

/// Whether these are the digits of `DE89 3704 ...`, or those behind `GB29 NWBK`.
fn is_iban(text: &[u8], start: usize) -> bool {
    let country = |a: u8, b: u8| a.is_ascii_uppercase() && b.is_ascii_uppercase();
    match text.get(..start).unwrap_or_default() {
        [.., a, b] if at(text, start) != b' ' => country(*a, *b) && at(text, start + 2) == b' ',
        [.., a, b, c, d, b' ', e, f, g, h] => {
            let is_bank = [e, f, g, h].iter().all(|byte| byte.is_ascii_uppercase());
            country(*a, *b) && c.is_ascii_digit() && d.is_ascii_digit() && is_bank
        }
        _ => false,
    }
}

/// The digits of what may be a card number.
#[derive(Default)]
struct Number {
    digits: [u8; LONGEST],
    length: usize,
}

impl Number {
    fn push(&mut self, digit: u8) {
        if let Some(slot) = self.digits.get_mut(self.length) {
            *slot = digit;
        }
        self.length += 1;
    }

    fn extend(&mut self, text: &[u8], start: usize, end: usize) {
        let end = end.min(start + LONGEST + 1);
        for byte in text.get(start..end).unwrap_or_default() {
            self.push(byte - b'0');
        }
    }

    fn is_card(&self) -> bool {
        let digits = self.digits.get(..self.length).unwrap_or_default();
        is_issued(digits) && passes_luhn(digits)
    }
}

fn passes_luhn(digits: &[u8]) -> bool {
    let digits = digits.iter().rev().enumerate();
    let sum = digits.fold(0_u32, |sum, (n, &digit)| {
        let doubled = u32::from(digit) * 2;
        let doubled = if doubled > 9 { doubled - 9 } else { doubled };
        sum + if n % 2 == 0 { u32::from(digit) } else { doubled }
    });
    sum % 10 == 0
}

/// Whether an issuer has cards of this length that begin like this.
fn is_issued(digits: &[u8]) -> bool {
    let [a, b, c, d, ..] = *digits else { return false };
    let first = u32::from(a) * 1000 + u32::from(b) * 100 + u32::from(c) * 10 + u32::from(d);
    let issuers = ISSUERS.iter();
    issuers
        .filter(|(from, to, _)| (*from..=*to).contains(&first))
        .any(|(_, _, lengths)| lengths.contains(&digits.len()))
}

/// What stands at a place between two groups of digits.
fn separator_at(text: &[u8], place: usize) -> Option<&'static [u8]> {
    let known = SEPARATORS.iter().map(|separator| separator.as_bytes());
    known.into_iter().find(|separator| is_at(text, place, separator))
}

/// Whether this is a digit or of one of the [`SEPARATORS`].
const fn is_of_number(byte: u8) -> bool {
    // Beyond ASCII, UTF-8 of the separators.
    byte.is_ascii_digit()
        || matches!(
            byte,
            b' ' | b'-' | b'.' | b'+' | 0x80..=0x94 | 0xa0 | 0xaf | 0xc2 | 0xe2
        )
}

/// Those of forms and of typesetters too: spaces that are narrow or break no line, dashes.
const SEPARATORS: [&str; 18] = [
    " ", "-", ".", "+", "\u{a0}", "\u{2002}", "\u{2003}", "\u{2007}", "\u{2008}", "\u{2009}", "\u{200a}",
    "\u{202f}", "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2212}",
];
const SHORTEST: usize = 13;
const LONGEST: usize = 19;
const LONGEST_PHONE: usize = 15;
const GROUP: usize = 4;
const LONGEST_GROUP: usize = 6;
const WORDS: [&[u8]; 7] = [
    b"card",
    b"pan",
    b"visa",
    b"mastercard",
    b"amex",
    b"cardno",
    b"cardnumber",
];
/// How cards print their numbers.
const FORMS: [[usize; 5]; 4] = [[4, 4, 4, 4, 0], [4, 4, 4, 4, 3], [4, 6, 5, 0, 0], [4, 6, 4, 0, 0]];

/// The first four digits of the cards of an issuer, and how many digits they have.
const ISSUERS: [(u32, u32, &[usize]); 25] = [
    // Visa
    (4000, 4999, &[13, 16, 19]),
    // American Express
    (3400, 3499, &[15]),
    (3700, 3799, &[15]),
    // Diners Club
    (3000, 3059, &[14, 16, 19]),
    (3095, 3095, &[14, 16, 19]),
    (3600, 3699, &[14, 16, 19]),
    (3800, 3999, &[14, 16, 19]),
    // JCB
    (3528, 3589, &[16, 17, 18, 19]),
    // Mastercard
    (2221, 2720, &[16]),
    (5100, 5599, &[16]),
    // Mir
    (2200, 2204, &[16]),
    // RuPay
    (5080, 5089, &[16]),
    (8100, 8299, &[16]),
    // Troy
    (9792, 9792, &[16]),
    // Maestro
    (5018, 5018, MAESTRO),
    (5020, 5020, MAESTRO),
    (5038, 5038, MAESTRO),
    (5893, 5893, MAESTRO),
    (6304, 6304, MAESTRO),
    (6759, 6759, MAESTRO),
    (6761, 6763, MAESTRO),
    // RuPay and Discover
    (6000, 6099, &[16, 19]),
    // UnionPay
    (6200, 6299, &[16, 17, 18, 19]),
    // Discover
    (6440, 6499, &[16, 19]),
    (6500, 6599, &[16, 19]),
];
const MAESTRO: &[usize] = &[13, 14, 15, 16, 17, 18, 19];
