use std::collections::HashMap;

use super::{bytes::steps, kind::SecretKind};

/// Finds the places of a text where a secret may be: reads every byte once, whatever the number of forms.
///
/// Each form is a row of classes of bytes, and every place in a row is a bit. The state says which rows have
/// matched up to which place ("shift-and"); a byte moves all bits on by one and keeps those whose class it is in.
/// The states that come up are few, so what a byte makes of each stands in a table: nearly all of a text takes one
/// look-up a byte.
pub(crate) struct Triggers {
    /// The places whose class a byte is in.
    classes: Box<[u64; 256]>,
    starts: u64,
    ends: u64,
    /// The form of which a bit is the last place.
    forms: [Option<Form>; 64],
    table: Table,
}

/// The numbers of states, in the upper byte. A state in which a form ends has none: [`FOUND`] stands for all of
/// them and never leaves itself.
struct Table {
    next: Box<[u16; 1 << 16]>,
    /// The state of each number.
    states: Vec<u64>,
}

/// What a place that was found may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `:` or `=`.
    Separator,
    /// `",` as in `("password", "x")`.
    TupleComma,
    /// ` "` and `("`, as in `PASSWORD 'x'` and `Password("x")`.
    Quote,
    /// `>` as in `<password>x</password>`.
    TagEnd,
    /// `--p` as in `--password x`, or of `-----BEGIN`.
    Dashes,
    /// A JWT's `eyJ`.
    Jwt,
    /// The end of `bearer ` and `basic `.
    Scheme,
    /// Seven signs of a card number.
    Digits,
    At,
    Token,
    /// `%` and a digit, a backslash and `u` or `x`, `&`: what may be the escape of a sign.
    Escape,
}

/// How far the reading of a text has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) place: usize,
    state: u64,
}

impl Progress {
    /// From here on, with nothing before.
    pub(crate) const fn at(place: usize) -> Self {
        Self { place, state: 0 }
    }
}

impl Triggers {
    /// Of the kinds that are to be found.
    pub(crate) fn new(finds: impl Fn(SecretKind) -> bool) -> Self {
        let mut triggers = Self {
            classes: Box::new([0; 256]),
            starts: 0,
            ends: 0,
            forms: [None; 64],
            table: Table::default(),
        };
        let mut next = 0;
        for (form, kinds, row) in ROWS {
            if kinds.iter().any(|&kind| finds(kind)) {
                next = triggers.add(*form, row, next);
            }
        }
        if triggers.ends != 0 {
            triggers.table = Table::new(&triggers);
        }
        triggers
    }

    fn add(&mut self, form: Form, row: &[&[u8]], first: u32) -> u32 {
        let mut bit = 1 << first;
        self.starts |= bit;
        for (n, class) in row.iter().enumerate() {
            if n > 0 {
                bit <<= 1;
            }
            for (byte, places) in (u8::MIN..=u8::MAX).zip(self.classes.iter_mut()) {
                if in_class(class, byte) {
                    *places |= bit;
                }
            }
        }
        self.ends |= bit;
        let last = bit.trailing_zeros();
        if let Some(slot) = self.forms.get_mut(last as usize) {
            *slot = Some(form);
        }
        last + 1
    }

    /// The next place that may be something; `progress` stands behind it then, else at the end of the text.
    #[inline]
    pub(crate) fn next(&self, text: &[u8], progress: &mut Progress) -> Option<Hit> {
        if self.ends == 0 {
            return None;
        }
        if progress.state != 0
            && let Some(hit) = self.find(text, progress, |state| state == 0)
        {
            return Some(hit);
        }
        // At the start of a text, or where no row has begun.
        let (chunks, tail) = text.get(progress.place..)?.as_chunks::<CHUNK>();
        let mut number = 0;
        for chunk in chunks {
            let before = number;
            number = self.table.walk(number, chunk);
            if number == FOUND {
                return self.find_again(text, before, progress);
            }
            progress.place += CHUNK;
        }
        if self.table.walk(number, tail) == FOUND {
            return self.find_again(text, number, progress);
        }
        progress.place = text.len();
        None
    }

    /// Finds the place that the table has passed by.
    #[inline]
    fn find_again(&self, text: &[u8], mut number: u16, progress: &mut Progress) -> Option<Hit> {
        let mut rest = text.get(progress.place..)?.iter();
        let last = loop {
            let &byte = rest.next()?;
            let after = self.table.step(number, byte);
            if after == FOUND {
                break byte;
            }
            number = after;
        };
        let last_place = text.len() - rest.len() - 1;
        let before = self.table.states.get(usize::from(number >> 8));
        let state = self.step(before.copied().unwrap_or_default(), last);
        progress.place = last_place + 1;
        progress.state = state & !self.ends;
        match state & self.ends {
            // The state has no number.
            0 => self.find(text, progress, |_| false),
            ends => Some(Hit {
                last: last_place,
                ends,
            }),
        }
    }

    /// Goes on byte by byte until a form ends, or `stops`.
    #[cold]
    fn find(&self, text: &[u8], progress: &mut Progress, stops: impl Fn(u64) -> bool) -> Option<Hit> {
        for &byte in text.get(progress.place..)? {
            let state = self.step(progress.state, byte);
            progress.place += 1;
            let ends = state & self.ends;
            // The end of a form begins none.
            progress.state = state & !self.ends;
            if ends != 0 {
                return Some(Hit {
                    last: progress.place - 1,
                    ends,
                });
            }
            if stops(progress.state) {
                break;
            }
        }
        None
    }

    #[inline]
    fn step(&self, state: u64, byte: u8) -> u64 {
        let classes = self.classes.get(usize::from(byte)).copied().unwrap_or_default();
        ((state << 1) | self.starts) & classes
    }

    /// What a place may be.
    pub(crate) fn forms(&self, hit: Hit) -> impl Iterator<Item = Form> {
        let mut ends = hit.ends;
        std::iter::from_fn(move || {
            let form = self
                .forms
                .get(ends.trailing_zeros() as usize)
                .copied()
                .flatten()?;
            ends &= ends - 1;
            Some(form)
        })
    }
}

impl Table {
    fn new(triggers: &Triggers) -> Self {
        let mut next = Box::new([FOUND; 1 << 16]);
        let mut states = vec![0];
        let mut numbers = HashMap::from([(0, 0)]);
        let mut number = 0;
        while let Some(&state) = states.get(number) {
            steps::count(STATE_STEPS);
            for byte in u8::MIN..=u8::MAX {
                let after = triggers.step(state, byte);
                if after & triggers.ends != 0 {
                    continue;
                }
                let free = states.len();
                let after = *numbers.entry(after).or_insert_with(|| {
                    states.push(after);
                    free
                });
                // What has no number is looked at byte by byte.
                let after = u16::try_from(after << 8).unwrap_or(FOUND);
                if let Some(slot) = next.get_mut((number << 8) | usize::from(byte)) {
                    *slot = after;
                }
            }
            number += 1;
        }
        Self { next, states }
    }

    /// The state behind some bytes.
    #[inline]
    fn walk(&self, number: u16, bytes: &[u8]) -> u16 {
        bytes.iter().fold(number, |number, &byte| self.step(number, byte))
    }

    #[inline]
    fn step(&self, number: u16, byte: u8) -> u16 {
        let place = usize::from(number | u16::from(byte));
        self.next.get(place).copied().unwrap_or(FOUND)
    }
}

impl Default for Table {
    fn default() -> Self {
        Self {
            next: Box::new([0; 1 << 16]),
            states: Vec::new(),
        }
    }
}

/// A place where something was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    /// The last byte of it.
    pub(crate) last: usize,
    ends: u64,
}

/// A class is a list of bytes and of ranges `a-z`; a `-` at its start is itself.
const fn in_class(class: &[u8], byte: u8) -> bool {
    match class {
        [first, b'-', last, rest @ ..] => (*first <= byte && byte <= *last) || in_class(rest, byte),
        [first, rest @ ..] => *first == byte || in_class(rest, byte),
        [] => false,
    }
}

macro_rules! rows {
    ($($form:ident $kinds:tt: $($class:literal)*;)*) => {
        &[$((Form::$form, &rows!(@ $kinds), &[$($class),*])),*]
    };
    (@ ($($kind:ident)*)) => { [$(SecretKind::$kind),*] };
}

type Row = (Form, &'static [SecretKind], &'static [&'static [u8]]);

/// Together at most 64 classes.
const ROWS: &[Row] = rows! {
    Separator (Named UrlPassword): b":=";
    TupleComma (Named): b"\"'" b",";
    Quote (Named): b" (\t\n" b"'\"\\";
    TagEnd (Named): b">";
    Dashes (Named PrivateKey): b"-" b"-" b"a-zA-Z\x80-\xff";
    Jwt (Jwt): b"e" b"yw" b"JIAo0k";
    Scheme (Authorization): b"rR" b"eE" b"rR" b" \t%+";
    Scheme (Authorization): b"iI" b"cC" b" \t%+";
    Digits (CardNumber): b"0-9" b"0-9" b"0-9" b"0-9" b"-0-9 .+\xc2\xe2" b"0-9\x80\x88\xa0" b"0-9\x80-\xaf";
    At (Email): b"@";
    Escape (Named UrlPassword Jwt Authorization PrivateKey CardNumber Token Email): b"%\\" b"0-7uUxcCeE";
    Escape (Named UrlPassword Jwt Authorization PrivateKey CardNumber Token Email): b"&";
    Token (Token): b"hp" b"pousrm" b"_";
    Token (Token): b"p" b"a" b"t" b"_-";
    Token (Token): b"srP" b"kX" b"_-";
    Token (Token): b"x" b"oa" b"xp";
    Token (Token): b"Ay1d" b"KSBCITap/o" b"ICzA2/ip" b"-AaT90i_";
    Token (Token): b"h" b"f" b"_";
    Token (Token): b"v" b"sbr" b".";
    Token (Token): b"S" b"G" b".";
    Token (Token): b"sl" b"es" b"ca" b"_";
    Token (Token): b"g" b"l" b"acdfiprs" b"bgmopt";
};

/// The number of all states in which a form ends.
const FOUND: u16 = 0xff00;
const CHUNK: usize = 16;
/// What the row of a state takes, for tests.
const STATE_STEPS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, Form)> {
        let triggers = Triggers::new(|_| true);
        let mut progress = Progress::default();
        let mut found = Vec::new();
        while let Some(hit) = triggers.next(text.as_bytes(), &mut progress) {
            found.extend(triggers.forms(hit).map(|form| (hit.last, form)));
        }
        assert_eq!(progress.place, text.len());
        found
    }

    #[test]
    fn the_rows_fit_into_the_state() {
        let classes: usize = ROWS.iter().map(|(_, _, row)| row.len()).sum();

        assert!(classes <= 64, "{classes}");
        let states = Triggers::new(|_| true).table.states.len();
        assert!(states <= 255, "{states}");
    }

    #[test]
    fn every_form_is_found_at_every_place_of_a_chunk() {
        for padding in 0..20 {
            let padding = "x ".repeat(padding);
            let start = padding.len();
            for (text, last, form) in [
                ("a:b", 1, Form::Separator),
                ("a=b", 1, Form::Separator),
                ("<a>b", 2, Form::TagEnd),
                ("ab 'c", 3, Form::Quote),
                ("Pw(\"c", 3, Form::Quote),
                ("--pass", 2, Form::Dashes),
                ("-----BEGIN", 5, Form::Dashes),
                ("eyJh", 2, Form::Jwt),
                ("BEARER x", 6, Form::Scheme),
                ("Basic x", 5, Form::Scheme),
                ("411111", 99, Form::Digits),
                ("4111111", 6, Form::Digits),
                ("4111-111", 6, Form::Digits),
                ("a@b", 1, Form::At),
                ("gho_x", 3, Form::Token),
                ("a%3Db", 2, Form::Escape),
                ("4111.111", 6, Form::Digits),
                ("4111+111", 6, Form::Digits),
                ("4111\u{a0}111", 6, Form::Digits),
                ("4111\u{2011}111", 6, Form::Digits),
                ("AKIAX", 3, Form::Token),
                ("glpat-", 5, Form::Token),
            ] {
                let found = found(&format!("{padding}{text}"));

                let expected = (last < 99).then_some((start + last, form));
                assert_eq!(found.first().copied(), expected, "{padding}{text}");
            }
        }
    }

    #[test]
    fn ordinary_texts_are_no_place_to_look_at() {
        for text in [
            "hand dealt",
            "the player has left the table, 3 of 9 seats are taken",
            "550e8400-e29b-41d4-a716-44665f440c00",
            "192.168.100.200",
            "/api/v1/tables/17/hands",
            "4bf92f3577b34da6a3ce929d0e0e4736",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
