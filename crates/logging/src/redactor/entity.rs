use super::bytes::{at, run};

/// The sign with the name at a place, behind which a semicolon stands, and where that ends.
pub(super) fn named(text: &[u8], place: usize) -> Option<(u8, usize)> {
    let near = text.get(..text.len().min(place + LONGEST))?;
    let end = run(near, place, |byte| byte.is_ascii_alphanumeric());
    if at(text, end) != b';' {
        return None;
    }
    let name = near.get(place..end)?;
    let (_, sign) = NAMES.iter().find(|(known, _)| known.as_bytes() == name)?;
    Some((*sign, end + 1))
}

const LONGEST: usize = "DiacriticalGrave".len();

/// All names that HTML has for ASCII, the most usual ones first, and those of signs that look like a space or a dash.
const NAMES: [(&str, u8); 58] = [
    ("quot", b'"'),
    ("amp", b'&'),
    ("lt", b'<'),
    ("gt", b'>'),
    ("apos", b'\''),
    ("nbsp", b' '),
    ("equals", b'='),
    ("colon", b':'),
    ("semi", b';'),
    ("comma", b','),
    ("period", b'.'),
    ("sol", b'/'),
    ("bsol", b'\\'),
    ("commat", b'@'),
    ("percnt", b'%'),
    ("num", b'#'),
    ("plus", b'+'),
    ("lowbar", b'_'),
    ("UnderBar", b'_'),
    ("dash", b'-'),
    ("hyphen", b'-'),
    ("lpar", b'('),
    ("rpar", b')'),
    ("lsqb", b'['),
    ("lbrack", b'['),
    ("rsqb", b']'),
    ("rbrack", b']'),
    ("lcub", b'{'),
    ("lbrace", b'{'),
    ("rcub", b'}'),
    ("rbrace", b'}'),
    ("verbar", b'|'),
    ("vert", b'|'),
    ("VerticalLine", b'|'),
    ("excl", b'!'),
    ("quest", b'?'),
    ("dollar", b'$'),
    ("ast", b'*'),
    ("midast", b'*'),
    ("Hat", b'^'),
    ("grave", b'`'),
    ("DiacriticalGrave", b'`'),
    ("Tab", b'\t'),
    ("NewLine", b'\n'),
    ("NonBreakingSpace", b' '),
    ("QUOT", b'"'),
    ("AMP", b'&'),
    ("LT", b'<'),
    ("GT", b'>'),
    ("ensp", b' '),
    ("emsp", b' '),
    ("numsp", b' '),
    ("puncsp", b' '),
    ("thinsp", b' '),
    ("hairsp", b' '),
    ("ndash", b'-'),
    ("mdash", b'-'),
    ("minus", b'-'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_with_its_semicolon_only() {
        for (name, sign) in NAMES {
            assert_eq!(
                named(format!("{name};x").as_bytes(), 0),
                Some((sign, name.len() + 1)),
                "{name}"
            );
            assert_eq!(named(format!("{name}x;").as_bytes(), 0), None, "{name}");
            assert_eq!(named(name.as_bytes(), 0), None, "{name}");
        }
    }
}
