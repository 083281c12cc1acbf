use std::{cell::Cell, mem, ops::Range};

use groundcrew_base::MASK;

use super::{
    Redactor,
    action::{Action, kept},
    bytes::{at, before},
    escape::BEGINS,
    nested::Nested,
    reading::Reading,
    scan::{Cut, Scan},
    union::{DEEPEST, Hidden, Mark, Span, Union},
    value::{Quote, plain_end},
};

/// Hides what is a secret in any reading of a text with escapes: `password&#61;x`, `password%3Dx`,
/// `%26quot%3Btoken%26quot%3B%3A%26quot%3Bx`.
///
/// The text is read as it stands, then with its escapes undone, and so on, level by level, so that a value ends where
/// that of its own level does. What any reading takes for a secret is hidden.
///
/// What is behind `end` is not written.
#[cold]
pub(super) fn hide_encoded(redactor: &Redactor, text: &str, end: usize, out: &mut String) -> bool {
    let mut readings = SPARE.try_with(Cell::take).unwrap_or_default();
    readings.read(redactor, text);
    let is_hidden = readings.write(redactor, text, end, out);
    if readings.capacity() <= KEPT_BYTES {
        SPARE.try_with(|spare| spare.set(readings)).ok();
    }
    is_hidden
}

/// The readings of a text, and what they found.
struct Readings {
    /// The text as it stands.
    plain: Reading,
    /// That with its escapes undone once.
    first: Reading,
    last: Reading,
    next: Reading,
    /// That with all escapes undone.
    deepest: Reading,
    found: Found,
}

/// What the readings found.
struct Found {
    marks: Vec<Mark>,
    nested: Nested,
    readings: usize,
}

impl Readings {
    const fn new() -> Self {
        Self {
            plain: Reading::new(),
            first: Reading::new(),
            last: Reading::new(),
            next: Reading::new(),
            deepest: Reading::new(),
            found: Found {
                marks: Vec::new(),
                nested: Nested::new(),
                readings: 0,
            },
        }
    }

    fn read(&mut self, redactor: &Redactor, text: &str) {
        self.found.marks.clear();
        self.found.nested.clear();
        self.found.readings = 0;
        self.plain.set(text);
        self.found.look(&self.plain, &self.plain, redactor, 0);
        self.found.nested.keep();
        let kinds = self.undo_all(redactor);
        for below in [0, 1] {
            for some in SOME {
                self.undo_some(redactor, some, &kinds.below(below), below);
            }
        }
    }

    /// Reads deeper and deeper with all escapes undone; tells the kinds of them at each level.
    fn undo_all(&mut self, redactor: &Redactor) -> Kinds {
        let mut kinds = Kinds::default();
        self.deepest.copy(&self.plain);
        for (level, kinds) in (1..).zip(&mut kinds.0) {
            *kinds = self.next.decode(&self.deepest, &BEGINS);
            if *kinds == NONE {
                break;
            }
            self.found.look(&self.plain, &self.next, redactor, level);
            if self.next.without_gaps(&mut self.last) {
                self.found.look_for_forms(&self.last, redactor, level);
            }
            mem::swap(&mut self.deepest, &mut self.next);
            if level == 1 {
                self.first.copy(&self.deepest);
            }
        }
        kinds
    }

    /// Reads the text, or what is below its escapes, deeper with those escapes undone that begin with `some` signs: others may
    /// be parts of a value, whose quotes they do not end.
    fn undo_some(&mut self, redactor: &Redactor, some: &[u8], kinds: &Kinds, below: usize) {
        if !kinds.is_more_than(some) {
            return;
        }
        self.found.nested.go_back();
        self.last.copy(if below == 0 { &self.plain } else { &self.first });
        for level in below + 1..=APART {
            if self.found.readings >= MOST_READINGS || self.next.decode(&self.last, some) == NONE {
                break;
            }
            if kinds.has_others(level - below, some) {
                self.found.look(&self.plain, &self.next, redactor, level);
            }
            mem::swap(&mut self.last, &mut self.next);
        }
        self.found.drop_twins();
    }

    /// Writes the text without what was found; says whether that was anything.
    fn write(&mut self, redactor: &Redactor, text: &str, end: usize, out: &mut String) -> bool {
        out.clear();
        let part = |start, end| text.get(start..end).unwrap_or_default();
        let mut copied = 0;
        for hidden in Union::of(&mut self.found.marks).take_while(|hidden| hidden.start < end) {
            let (quote_start, quote_end) = hidden.quote;
            let quote = part(quote_start, quote_end);
            out.push_str(part(copied, hidden.start));
            out.push_str(quote);
            push_shown(redactor, text, &self.deepest, &hidden, out);
            out.push_str(quote);
            copied = hidden.end;
        }
        out.push_str(part(copied, end));
        copied > 0
    }

    fn capacity(&self) -> usize {
        let readings = [&self.plain, &self.first, &self.last, &self.next, &self.deepest];
        readings.iter().map(|reading| reading.capacity()).sum::<usize>() + self.found.capacity()
    }
}

impl Default for Readings {
    fn default() -> Self {
        Self::new()
    }
}

/// The kinds of escapes that were undone at each level, in the order of [`BEGINS`].
#[derive(Default)]
struct Kinds([[bool; BEGINS.len()]; DEEPEST]);

impl Kinds {
    /// Those behind so many levels.
    fn below(&self, level: usize) -> Self {
        let mut kinds = Self::default();
        let rest = self.0.iter().skip(level);
        kinds
            .0
            .iter_mut()
            .zip(rest)
            .for_each(|(kinds, known)| *kinds = *known);
        kinds
    }

    /// Whether there are all of these and another one.
    fn is_more_than(&self, some: &[u8]) -> bool {
        let is_there = |n: usize| self.0.iter().any(|level| level.get(n) == Some(&true));
        let mut known = BEGINS.iter().enumerate();
        let has_all = known
            .clone()
            .all(|(n, begin)| !some.contains(begin) || is_there(n));
        has_all && known.any(|(n, begin)| !some.contains(begin) && is_there(n))
    }

    /// Whether others were undone up to a level.
    fn has_others(&self, level: usize, some: &[u8]) -> bool {
        let mut found = self
            .0
            .iter()
            .take(level)
            .flat_map(|level| BEGINS.iter().zip(level));
        found.any(|(begin, &is_there)| is_there && !some.contains(begin))
    }
}

impl Found {
    /// Notes down what a reading finds.
    fn look(&mut self, plain: &Reading, reading: &Reading, redactor: &Redactor, level: usize) {
        self.readings += 1;
        let scan = || Scan::new(redactor, reading.text()).through_escapes();
        let mut walk = scan();
        let mut restarts = 0;
        let mut pairs = Pairs::default();
        while let Some(mut cut) = walk.next() {
            if restarts < MOST_RESTARTS
                && let Some(end) = self.nested.end_of(reading, &cut)
            {
                restarts += 1;
                cut.end = end;
                walk = scan().starting_at(end);
            }
            self.nested.add(reading, &cut);
            let mut mark = mark_of(reading, level, &cut);
            pairs.add_end(&mut mark, plain, reading, &cut);
            self.marks.push(mark);
        }
        self.nested.advance();
    }

    /// Notes down the secrets alone that are known by their form, as the password of a URL.
    fn look_for_forms(&mut self, reading: &Reading, redactor: &Redactor, level: usize) {
        let scan = Scan::new(redactor, reading.text()).through_escapes();
        let cuts = scan.filter(|cut| !cut.is_named);
        self.marks.extend(cuts.map(|cut| mark_of(reading, level, &cut)));
    }

    /// Drops what was found at one level before.
    fn drop_twins(&mut self) {
        self.marks.sort_unstable_by_key(|mark| (mark.level, mark.span));
        self.marks.dedup();
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

/// The values of forms in the text as it stands.
#[derive(Default)]
struct Pairs {
    /// Where the last one was that was walked through: those that a reading finds in it end where it does.
    last: Range<usize>,
}

impl Pairs {
    /// Has a value whose `=` is no escape reach to its end in the text as it stands: only the name has escapes, and those of the
    /// value are parts of it, as in `user%5Bpassword%5D=a%26b&c=d`.
    fn add_end(&mut self, mark: &mut Mark, plain: &Reading, reading: &Reading, cut: &Cut) {
        let Some(sign) = cut.start.checked_sub(1) else {
            return;
        };
        let is_bare = cut.is_named && at(reading.text().as_bytes(), sign) == b'=';
        let text = plain.text().as_bytes();
        let start = mark.span.start;
        if !is_bare || before(text, start) != b'=' {
            return;
        }
        if !self.last.contains(&start) {
            self.last = start..plain_end(text, start);
        }
        let Span { end, outside, .. } = &mut mark.span;
        *end = self.last.end.max(*end);
        outside.1 = self.last.end.max(outside.1);
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

/// The signs that some kinds of escapes begin with.
const SOME: [&[u8]; 6] = [b"%", b"\\", b"&", b"%\\", b"%&", b"\\&"];
const NONE: [bool; BEGINS.len()] = [false; BEGINS.len()];
/// How many levels are read of some kinds. Deeper ones are not: an attacker could have each text read that often.
const APART: usize = 3;
/// How many readings there are at most: three kinds of escapes at every level would have more, but no text that is not made for it.
const MOST_READINGS: usize = 24;
/// How often a reading goes on behind a value that has no end in it, as each of them may reach to the end of the text.
const MOST_RESTARTS: usize = 4;
/// Buffers that one huge text has blown up are let go.
const KEPT_BYTES: usize = 256 * 1024;
