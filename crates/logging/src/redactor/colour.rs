//! The colours of a terminal, in which programs write names and values: Select Graphic Rendition of ECMA-48, `ESC [ 1 ; 31 m`.

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
    let last = end.checked_sub(1).filter(|&last| at(text, last) == b'm')?;
    let parameters = run_back(text, last, is_parameter);
    let start = parameters.checked_sub(b"\x1b[".len())?;
    (at(text, start) == ESCAPE && at(text, start + 1) == b'[').then_some(start)
}

/// Where what is coloured starts, behind the colours and the white space at a place; the place itself if there is no colour.
pub(crate) fn behind_colours(text: &[u8], from: usize) -> usize {
    let mut end = from;
    loop {
        let start = run(text, end, is_space);
        if at(text, start) != ESCAPE || at(text, start + 1) != b'[' {
            return end;
        }
        let last = run(text, start + 2, is_parameter);
        if at(text, last) != b'm' {
            return end;
        }
        end = last + 1;
    }
}

/// Whether the byte before a place ends a colour and is no part of a word.
pub(crate) fn ends_colour(text: &[u8], end: usize) -> bool {
    before(text, end) == b'm' && colour_before(text, end).is_some()
}

const fn is_parameter(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b';' | b':')
}

const ESCAPE: u8 = 0x1b;
