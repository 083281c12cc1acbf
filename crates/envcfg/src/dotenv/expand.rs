use groundcrew_base::{looks_secret, redact};

use super::{
    mistake::{Mistake, Refusal},
    parser::{Assignment, Quote, is_name, starts_name},
};

/// What a reference to a variable finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Referred {
    Text(String),
    Unset,
    NotUnicode,
    /// Its own line is wrong, which is reported there.
    Wrong,
}

/// Turns the text between the quotes into the value: line breaks, escapes and, if asked for, references.
#[derive(Debug)]
pub(super) struct Expand<'t, L> {
    /// Of the variable that gets the value.
    name: &'t str,
    raw: &'t [u8],
    quote: Quote,
    at: usize,
    value: Vec<u8>,
    /// Looks a reference up; without it `$` is a character like any other.
    refer: Option<L>,
    /// How many more bytes references may put in.
    room: &'t mut usize,
    faults: Vec<(Mistake, usize)>,
    is_wrong: bool,
}

impl<'t, L: Fn(&str) -> Referred> Expand<'t, L> {
    pub(super) const fn new(assignment: &Assignment<'t>, refer: Option<L>, room: &'t mut usize) -> Self {
        Self {
            name: assignment.name,
            raw: assignment.raw,
            quote: assignment.quote,
            at: 0,
            value: Vec::new(),
            refer,
            room,
            faults: Vec::new(),
            is_wrong: false,
        }
    }

    /// The value, or every mistake with its offset in the raw text: none if only what it refers to is wrong.
    pub(super) fn run(mut self) -> Result<String, Vec<(Mistake, usize)>> {
        if let Err(error) = str::from_utf8(self.raw) {
            return Err(vec![(Mistake::NotUnicode, error.valid_up_to())]);
        }
        self.value.reserve(self.raw.len());
        while let Some(byte) = self.peek(0) {
            self.step(byte);
        }
        if self.is_wrong {
            return Err(self.faults);
        }
        String::from_utf8(self.value).map_err(|_| self.faults)
    }

    fn step(&mut self, byte: u8) {
        match byte {
            b'\\' => self.escape(),
            b'$' if self.refers() && self.peek(1) == Some(b'{') => self.reference(),
            b'\r' => {
                self.put(b'\n', 1);
                self.at += usize::from(self.peek(0) == Some(b'\n'));
            }
            0 => {
                self.wrong(Mistake::Nul, self.at);
                self.at += 1;
            }
            other => self.put(other, 1),
        }
    }

    fn escape(&mut self) {
        let escaped = match (self.quote, self.peek(1)) {
            (Quote::Double, Some(b'n')) => Some(b'\n'),
            (Quote::Double, Some(b'r')) => Some(b'\r'),
            (Quote::Double, Some(b't')) => Some(b'\t'),
            (Quote::Double, Some(byte @ (b'"' | b'\\' | b'$' | b'`'))) => Some(byte),
            (Quote::None, Some(b'$')) if self.refers() => Some(b'$'),
            _ => None,
        };
        match escaped {
            Some(byte) => self.put(byte, 2),
            None => self.put(b'\\', 1),
        }
    }

    /// Reads `${NAME}`, `${NAME:-default}` or `${NAME:?message}`.
    fn reference(&mut self) {
        let start = self.at;
        self.at += 2;
        let name = self.take(|byte| is_name(byte) && byte != b'-');
        if !name.as_bytes().first().copied().is_some_and(starts_name) {
            return self.wrong(Mistake::ReferenceName, start);
        }
        let form = (self.peek(0), self.peek(1));
        match form {
            (Some(b'}'), _) => {
                self.at += 1;
                self.insert(name, None, start);
            }
            (Some(b':'), Some(operator @ (b'-' | b'?'))) => {
                self.at += 2;
                let word = self.take_word();
                match (self.peek(0), self.peek(1)) {
                    (Some(b'}'), _) => {
                        self.at += 1;
                        self.insert(name, Some((operator, word)), start);
                    }
                    (Some(_), _) => self.wrong(Mistake::ReferenceNested, self.at),
                    (None, _) => self.wrong(Mistake::ReferenceOpen, start),
                }
            }
            (Some(_), _) => self.wrong(Mistake::ReferenceForm, self.at),
            (None, _) => self.wrong(Mistake::ReferenceOpen, start),
        }
    }

    fn insert(&mut self, name: &str, otherwise: Option<(u8, &str)>, start: usize) {
        let found = self.refer.as_ref().map_or(Referred::Unset, |refer| refer(name));
        match (found, otherwise) {
            (Referred::Text(text), _) => self.put_text(&text, start),
            (Referred::Wrong, _) => self.is_wrong = true,
            (Referred::NotUnicode, _) => self.wrong(Mistake::ReferenceNotUnicode, start),
            (Referred::Unset, Some((b'-', default))) => self.put_text(default, start),
            (Referred::Unset, Some((_, message))) => {
                let is_secret = looks_secret(self.name) || looks_secret(name);
                let refusal = Refusal {
                    variable: name.to_owned(),
                    words: (!is_secret).then(|| redact(message).into_owned()),
                };
                self.wrong(Mistake::ReferenceRefused(refusal), start);
            }
            (Referred::Unset, None) => self.wrong(Mistake::ReferenceUnset, start),
        }
    }

    fn put_text(&mut self, text: &str, start: usize) {
        match self.room.checked_sub(text.len()) {
            Some(left) => {
                *self.room = left;
                self.value.extend_from_slice(text.as_bytes());
            }
            None => self.wrong(Mistake::Expansion, start),
        }
    }

    fn put(&mut self, byte: u8, read: usize) {
        self.value.push(byte);
        self.at += read;
    }

    fn wrong(&mut self, mistake: Mistake, offset: usize) {
        self.faults.push((mistake, offset));
        self.is_wrong = true;
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> &'t str {
        let rest = self.raw.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| wanted(**byte)).count();
        self.at += length;
        str::from_utf8(rest.get(..length).unwrap_or_default()).unwrap_or_default()
    }

    /// Takes what is before `}` or another reference.
    fn take_word(&mut self) -> &'t str {
        let rest = self.raw.get(self.at..).unwrap_or_default();
        let is_end = |(at, byte): (usize, &u8)| match byte {
            b'}' => true,
            b'$' => rest.get(at + 1) == Some(&b'{'),
            _ => false,
        };
        let length = rest.iter().enumerate().position(is_end).unwrap_or(rest.len());
        self.at += length;
        str::from_utf8(rest.get(..length).unwrap_or_default()).unwrap_or_default()
    }

    fn refers(&self) -> bool {
        self.refer.is_some() && self.quote != Quote::Single
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.raw.get(self.at + ahead).copied()
    }
}
