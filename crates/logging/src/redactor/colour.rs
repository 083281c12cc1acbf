//! The colours of a terminal, in which programs write names and values: the control sequences of ECMA-48, `ESC [ 1 ; 31 m` and
//! `ESC [ K`, and what terminfo sends around them, `ESC ( B` and shift in.

use super::bytes::{at, before, is_space, run, run_back};

/// Where the colours and the white space start that end before a place; the place itself if there is no colour.
#[cold]
pub(crate) fn colours_before(text: &[u8], end: usize) -> usize {
    let mut start = end;
    while let Some(colour) = colour_before(text, start) {
        start = run_back(text, colour, is_space);
    }
    start
}

/// Where a colour starts that ends before a place.
pub(crate) fn colour_before(text: &[u8], end: usize) -> Option<usize> {
    let last = end.checked_sub(1)?;
    let begin: &[u8] = match at(text, last) {
        SHIFT_IN => return Some(last),
        b'B' => b"\x1b(",
        b'm' | b'K' => b"\x1b[",
        _ => return None,
    };
    let parameters = match begin {
        b"\x1b[" => run_back(text, last, is_parameter),
        _ => last,
    };
    let start = parameters.checked_sub(begin.len())?;
    (text.get(start..parameters) == Some(begin)).then_some(start)
}

/// Where what is coloured starts, behind the colours and the white space at a place; the place itself if there is no colour.
pub(crate) fn behind_colours(text: &[u8], from: usize) -> usize {
    let mut end = from;
    loop {
        let start = run(text, end, is_space);
        end = match (at(text, start), at(text, start + 1)) {
            (SHIFT_IN, _) => start + 1,
            (ESCAPE, b'(') if at(text, start + 2) == b'B' => start + 3,
            (ESCAPE, b'[') => {
                let last = run(text, start + 2, is_parameter);
                if !matches!(at(text, last), b'm' | b'K') {
                    return end;
                }
                last + 1
            }
            _ => return end,
        };
    }
}

/// Whether the byte before a place ends a colour and is no part of a word.
pub(crate) fn ends_colour(text: &[u8], end: usize) -> bool {
    matches!(before(text, end), b'm' | b'K' | b'B') && colour_before(text, end).is_some()
}

const fn is_parameter(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b';' | b':')
}

const ESCAPE: u8 = 0x1b;
/// What ends another set of letters.
pub(super) const SHIFT_IN: u8 = 0x0f;
