use std::{cell::Cell, mem};

use groundcrew_base::MASK;

use super::{
    Redactor,
    action::{Action, kept},
    escape::BEGINS,
    nested::Nested,
    reading::Reading,
    scan::{Cut, Scan},
    union::{DEEPEST, Hidden, Mark, Span, Union},
    value::Quote,
};

/// Hides what is a secret in any reading of a text with escapes: `password&#61;x`, `password%3Dx`,
/// `%26quot%3Btoken%26quot%3B%3A%26quot%3Bx`.
///
/// The text is read as it stands, then with its escapes undone, and so on, level by level, so that a value ends where
/// that of its own level does. What any reading takes for a secret is hidden.
#[cold]
pub(super) fn hide_encoded(redactor: &Redactor, text: &str, out: &mut String) -> bool {
    let mut readings = SPARE.try_with(Cell::take).unwrap_or_default();
    readings.read(redactor, text);
    let is_hidden = readings.write(redactor, text, out);
    if readings.capacity() <= KEPT_BYTES {
        SPARE.try_with(|spare| spare.set(readings)).ok();
    }
    is_hidden
}

/// The readings of a text, of which the deepest one stays, and what they found.
struct Readings {
    last: Reading,
    next: Reading,
    found: Found,
}

/// What the readings found.
struct Found {
    marks: Vec<Mark>,
    nested: Nested,
}

impl Readings {
    const fn new() -> Self {
        Self {
            last: Reading::new(),
            next: Reading::new(),
            found: Found {
                marks: Vec::new(),
                nested: Nested::new(),
            },
        }
    }

    fn read(&mut self, redactor: &Redactor, text: &str) {
        self.found.marks.clear();
        self.found.nested.clear();
        self.last.set(text);
        self.found.look(&self.last, redactor, 0);
        for level in 1..=DEEPEST {
            let found = self.next.decode(&self.last, &BEGINS);
            let kinds = found.iter().filter(|&&found| found).count();
            if kinds == 0 {
                return;
            }
            if kinds > 1 && level <= APART {
                self.read_apart(redactor, level, found);
                self.next.decode(&self.last, &BEGINS);
            }
            self.found.look(&self.next, redactor, level);
            mem::swap(&mut self.last, &mut self.next);
        }
    }

    /// Reads escapes of one kind at a time: those of another kind may be parts of a value, whose quotes they do not end.
    fn read_apart(&mut self, redactor: &Redactor, level: usize, found: [bool; BEGINS.len()]) {
        for (begin, _) in BEGINS.iter().zip(found).filter(|(_, found)| *found) {
            self.next.decode(&self.last, &[*begin]);
            self.found.look(&self.next, redactor, level);
        }
    }

    /// Writes the text without what was found; says whether that was anything.
    fn write(&mut self, redactor: &Redactor, text: &str, out: &mut String) -> bool {
        out.clear();
        let part = |start, end| text.get(start..end).unwrap_or_default();
        let mut copied = 0;
        for hidden in Union::of(&mut self.found.marks) {
            let (quote_start, quote_end) = hidden.quote;
            let quote = part(quote_start, quote_end);
            out.push_str(part(copied, hidden.start));
            out.push_str(quote);
            push_shown(redactor, text, &self.last, &hidden, out);
            out.push_str(quote);
            copied = hidden.end;
        }
        out.push_str(part(copied, text.len()));
        copied > 0
    }

    const fn capacity(&self) -> usize {
        self.last.capacity() + self.next.capacity() + self.found.capacity()
    }
}

impl Default for Readings {
    fn default() -> Self {
        Self::new()
    }
}

impl Found {
    /// Notes down what a reading finds.
    fn look(&mut self, reading: &Reading, redactor: &Redactor, level: usize) {
        let scan = || Scan::new(redactor, reading.text()).through_escapes();
        let mut walk = scan();
        let mut restarts = 0;
        while let Some(mut cut) = walk.next() {
            if restarts < MOST_RESTARTS
                && let Some(end) = self.nested.end_of(reading, &cut)
            {
                restarts += 1;
                cut.end = end;
                walk = scan().starting_at(end);
            }
            self.nested.add(reading, &cut);
            self.marks.push(mark_of(reading, level, &cut));
        }
        self.nested.advance();
    }

    const fn capacity(&self) -> usize {
        self.marks.capacity() * size_of::<Mark>() + self.nested.capacity()
    }
}

fn mark_of(reading: &Reading, level: usize, cut: &Cut) -> Mark {
    let span_of = |(start, end)| (reading.original(start), reading.original(end));
    let (start, end) = span_of((cut.start, cut.end));
    Mark {
        level,
        span: Span {
            start,
            end,
            outside: span_of(outside(reading.text().as_bytes(), cut)),
            quote: span_of(cut.quote),
        },
        action: cut.action,
        is_shown: cut.is_shown,
    }
}

/// A value with the quotes around it, of which the last one may be cut off.
fn outside(text: &[u8], cut: &Cut) -> (usize, usize) {
    let opening = Quote::before(text, cut.start);
    let closing = Quote::at(text, cut.end);
    let is_cut_off = cut.end == text.len();
    let Some(opening) = opening.filter(|_| is_cut_off || closing == opening) else {
        return (cut.start, cut.end);
    };
    (cut.start - opening.len(), cut.end + closing.map_or(0, Quote::len))
}

/// Equal values show the same, however they are written: what counts is the deepest reading.
fn push_shown(redactor: &Redactor, text: &str, deepest: &Reading, hidden: &Hidden, out: &mut String) {
    let value = || deepest.between(hidden.start, hidden.end);
    match hidden.action {
        Action::Hash => redactor.apply(Action::Hash, value(), out),
        Action::KeepLast(most) => {
            let start = deepest.original_before(hidden.end, kept(value(), most).len());
            out.push_str(MASK);
            out.push_str(text.get(start.max(hidden.start)..hidden.end).unwrap_or_default());
        }
        action => redactor.apply(action, "", out),
    }
}

thread_local! {
    static SPARE: Cell<Readings> = const { Cell::new(Readings::new()) };
}

/// How many levels are read apart by kind. Deeper ones are not: an attacker could have each text read that often.
const APART: usize = 2;
/// How often a reading goes on behind a value that has no end in it, as each of them may reach to the end of the text.
const MOST_RESTARTS: usize = 4;
/// Buffers that one huge text has blown up are let go.
const KEPT_BYTES: usize = 256 * 1024;
