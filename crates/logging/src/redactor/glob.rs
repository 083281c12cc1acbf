/// A name as names are compared: lower case, without `_`, `-` and spaces.
pub(crate) fn normalized(name: &str) -> Box<[u8]> {
    let mut normalized = String::with_capacity(name.len());
    for letter in name.chars() {
        match u8::try_from(letter) {
            Ok(byte) if byte.is_ascii() => normalized.extend(normal(byte).map(char::from)),
            _ => normalized.extend(lower(letter)),
        }
    }
    normalized.into_bytes().into_boxed_slice()
}

/// A letter beyond ASCII as it is compared.
pub(crate) fn lower(letter: char) -> impl DoubleEndedIterator<Item = char> {
    // Of the two that Greek has, upper case knows one.
    let letter = if letter == 'ς' { 'σ' } else { letter };
    letter.to_lowercase()
}

/// A byte of a name as it is compared, nothing for one that does not count.
pub(crate) const fn normal(byte: u8) -> Option<u8> {
    match byte {
        b'_' | b'-' | b' ' => None,
        byte => Some(byte.to_ascii_lowercase()),
    }
}

/// Matches `*` greedily and goes back to the latest one only, which is enough and never exponential.
pub(crate) fn glob_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(byte) if text.get(t) == Some(byte) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star_p, star_t)) = star else {
                    return false;
                };
                star = Some((star_p, star_t + 1));
                p = star_p + 1;
                t = star_t + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|&byte| byte == b'*')
}
