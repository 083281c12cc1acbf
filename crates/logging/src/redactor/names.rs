use std::{array, fmt};

use super::{
    action::Action,
    bytes::{at, before, is_escape, is_space, run_back, steps},
    colour::ends_colour,
    glob::{glob_matches, lower, normal, normalized},
    harmless::is_question,
    letters::Letters,
    prose::ends_in_pass,
    usual::USUAL,
};

/// Which names hide their values, and how. The last rule that matches decides.
#[derive(Clone, Default)]
pub(crate) struct Names {
    rules: Vec<Rule>,
    /// Which rules a name with these last bytes may match, the last byte first.
    ends: Option<Box<[[u64; 256]; ENDS]>>,
    letters: Letters,
}

#[derive(Clone)]
struct Rule {
    pattern: Box<[u8]>,
    /// Nothing where the value is shown.
    action: Option<Action>,
    /// It is one of the [`USUAL`]: a number behind the name is no part of it.
    numbered: bool,
    /// What the pattern ends with is a word of the name: `db_pass` and no `compass`.
    is_word: bool,
}

impl Names {
    pub(crate) fn usual() -> Self {
        let mut names = Self::default();
        for name in USUAL {
            names.add(name, Some(Action::Mask), true);
        }
        names.add("*pass", Some(Action::Mask), true);
        if let Some(rule) = names.rules.last_mut() {
            rule.is_word = true;
        }
        names
    }

    pub(crate) fn push(&mut self, pattern: &str, action: Option<Action>) {
        self.add(pattern, action, false);
    }

    fn add(&mut self, pattern: &str, action: Option<Action>, numbered: bool) {
        let bit = 1 << (self.rules.len() % 64);
        self.letters.add(pattern);
        let pattern = normalized(pattern);
        let ends = self.ends.get_or_insert_with(|| Box::new([[0; 256]; ENDS]));
        let mut literal = pattern.iter().rev().take_while(|&&byte| byte != b'*');
        let mut is_unknown = false;
        for end in ends.iter_mut() {
            match literal.next().filter(|_| !is_unknown) {
                // A letter of another case has other bytes, and may have more.
                Some(128..) => {
                    end.iter_mut().skip(128).for_each(|bits| *bits |= bit);
                    is_unknown = true;
                }
                Some(&byte) => end
                    .iter_mut()
                    .skip(usize::from(byte))
                    .take(1)
                    .for_each(|bits| *bits |= bit),
                // What stands before is unknown, or not part of the name.
                None => end.iter_mut().for_each(|bits| *bits |= bit),
            }
        }
        self.rules.push(Rule {
            pattern,
            action,
            numbered,
            is_word: false,
        });
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(crate) fn hashes(&self) -> bool {
        self.rules.iter().any(|rule| rule.action == Some(Action::Hash))
    }

    /// What to do with the value of a field.
    pub(crate) fn action(&self, name: &str) -> Option<Action> {
        self.rule(name)?.action
    }

    /// Whether a field is hidden by a usual name, and asks whether there is such a secret.
    pub(crate) fn asks(&self, name: &str) -> bool {
        is_question(name.as_bytes()) && self.rule(name).is_some_and(|rule| rule.numbered)
    }

    /// The same of a name that ends before `end`, inside of a text.
    pub(crate) fn asks_before(&self, text: &[u8], end: usize) -> bool {
        let found = self.rule_before(text, end);
        found.is_some_and(|(start, rule)| rule.numbered && text.get(start..end).is_some_and(is_question))
    }

    fn rule(&self, name: &str) -> Option<&Rule> {
        let whole = normalized(name);
        let last = whole
            .iter()
            .rposition(|&byte| byte == b'.')
            .map_or(0, |dot| dot + 1);
        self.decide(&whole, &[0, last], u64::MAX, name.as_bytes())
    }

    /// What to do with a value whose name ends before `end`, inside of a text; the place where the name starts.
    #[inline]
    pub(crate) fn action_before(&self, text: &[u8], end: usize) -> Option<(usize, Action)> {
        let (start, rule) = self.rule_before(text, end)?;
        Some((start, rule.action?))
    }

    #[inline]
    fn rule_before(&self, text: &[u8], end: usize) -> Option<(usize, &Rule)> {
        let candidates = self.candidates(text, end);
        if candidates == 0 {
            return None;
        }
        self.rule_of(text, end, candidates)
    }

    /// Whether there may be a name that ends before `end`.
    #[inline]
    pub(crate) fn may_end(&self, text: &[u8], end: usize) -> bool {
        self.candidates(text, end) != 0
    }

    /// The rules that may match a name that ends before `end`, with a number behind it or none.
    #[inline]
    fn candidates(&self, text: &[u8], end: usize) -> u64 {
        let candidates = self.candidates_before(text, end);
        if before(text, end).is_ascii_digit() {
            let end = run_back(text, end, |byte| byte.is_ascii_digit());
            return candidates | self.candidates_before(text, end);
        }
        candidates
    }

    #[inline(never)]
    fn rule_of(&self, text: &[u8], end: usize, candidates: u64) -> Option<(usize, &Rule)> {
        let name = NameInText::before(text, end, &self.letters);
        let starts = name.starts.get(..name.words).unwrap_or_default();
        let written = text.get(..end)?;
        let rule = self.decide(name.tail.get(name.from..)?, starts, candidates, written)?;
        Some((name.start, rule))
    }

    /// A quick look at the last bytes, which is enough for nearly every name.
    #[inline]
    fn candidates_before(&self, text: &[u8], end: usize) -> u64 {
        let Some(ends) = &self.ends else { return 0 };
        let mut place = end;
        let mut bits = u64::MAX;
        for of_byte in ends.iter() {
            let mut byte = before(text, place);
            while matches!(byte, b'_' | b'-' | b' ') {
                steps::count(1);
                place -= 1;
                byte = before(text, place);
            }
            bits &= of_byte
                .get(usize::from(byte.to_ascii_lowercase()))
                .copied()
                .unwrap_or_default();
            if bits == 0 {
                break;
            }
            place = place.saturating_sub(1);
        }
        bits
    }

    /// The last of the rules `candidates`, which stand for one in 64 each, that matches the name from
    /// one of these places on.
    fn decide(&self, name: &[u8], starts: &[usize], candidates: u64, written: &[u8]) -> Option<&Rule> {
        let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let plain = name.get(..name.len() - digits).unwrap_or_default();
        let matches = |rule: &Rule| {
            starts.iter().any(|&start| {
                let is_name = |name: &[u8]| {
                    let name = name.get(start..).unwrap_or_default();
                    !name.is_empty() && glob_matches(&rule.pattern, name)
                };
                is_name(name) || (rule.numbered && digits > 0 && is_name(plain))
            })
        };
        for rules in self.rules.chunks(64).rev() {
            let mut bits = candidates;
            while let Some(last) = bits.checked_ilog2() {
                bits ^= 1 << last;
                if let Some(rule) = rules.get(last as usize)
                    && matches(rule)
                    && (!rule.is_word || ends_in_pass(written))
                {
                    return Some(rule);
                }
            }
        }
        None
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.rules.iter();
        f.debug_map()
            .entries(rules.map(|rule| (String::from_utf8_lossy(&rule.pattern), rule.action)))
            .finish()
    }
}

/// A name as it stands before a separator, with up to two words more: `api key: ...`.
struct NameInText {
    /// The normalized words, at the end of the array.
    tail: [u8; LONGEST],
    from: usize,
    /// Where the single word starts in the text.
    start: usize,
    /// Where the word, its last dotted part, its part in ASCII and the words before it may start, counted from `from`.
    starts: [usize; STARTS],
    words: usize,
}

impl NameInText {
    fn before(text: &[u8], end: usize, letters: &Letters) -> Self {
        let mut name = Self {
            tail: array::from_fn(|_| 0),
            from: LONGEST,
            start: end,
            starts: [0; STARTS],
            words: 0,
        };
        let mut place = name.take_word(text, end, letters);
        name.start = place;
        for _ in 1..WORDS {
            let gap = before(text, place);
            if !is_space(gap) || !ends_name(text, place - 1, letters) {
                break;
            }
            place = name.take_word(text, place - 1, letters);
        }
        let from = name.from;
        for start in &mut name.starts {
            *start = start.saturating_sub(from);
        }
        name
    }

    /// Takes the word that ends before `end` and says where it starts.
    fn take_word(&mut self, text: &[u8], end: usize, letters: &Letters) -> usize {
        let mut place = end;
        let is_first = self.words == 0;
        let (mut has_dot, mut is_ascii) = (false, true);
        while self.from > 0 {
            let byte = before(text, place);
            if !byte.is_ascii() {
                let Some(letter) = letters.before(text, place) else {
                    break;
                };
                if is_ascii && is_first && place < end {
                    self.add_start();
                }
                is_ascii = false;
                lower(letter).rev().for_each(|letter| self.push(letter));
                place -= letter.len_utf8();
                continue;
            }
            if !is_of_name(byte) {
                break;
            }
            // The `n` of `\n` may be the first letter of the name, or none of it, and so is the `m` that ends a colour.
            if is_escape(before(text, place - 1), byte) || ends_colour(text, place) {
                self.add_start();
            }
            if byte == b'.' && is_first && !has_dot {
                self.add_start();
                has_dot = true;
            }
            if let Some(byte) = normal(byte) {
                self.push(char::from(byte));
            }
            place -= 1;
        }
        steps::count(end - place);
        self.add_start();
        place
    }

    fn push(&mut self, letter: char) {
        for &byte in letter.encode_utf8(&mut [0; 4]).as_bytes().iter().rev() {
            self.from = self.from.saturating_sub(1);
            if let Some(slot) = self.tail.get_mut(self.from) {
                *slot = byte;
            }
        }
    }

    fn add_start(&mut self) {
        if let Some(start) = self.starts.get_mut(self.words) {
            *start = self.from;
            self.words += 1;
        }
    }
}

/// Whether a name may end before a place.
fn ends_name(text: &[u8], place: usize, letters: &Letters) -> bool {
    is_of_name(before(text, place)) || letters.before(text, place).is_some()
}

/// What names are made of. One that goes on before is cut there.
pub(crate) const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$')
}

/// Whether a name that ends before `end` is that of an HTTP header whose value has spaces.
pub(crate) fn is_header(text: &[u8], end: usize) -> bool {
    HEADERS.iter().any(|name| super::bytes::ends_in(text, end, name)) && at(text, end) != b'='
}

/// How many of the last bytes are looked at before anything else.
const ENDS: usize = 4;
/// Of a longer name in a text, the end is looked at.
const LONGEST: usize = 64;
/// How many words a name in a text may have.
const WORDS: usize = 3;
const STARTS: usize = WORDS + 3;
const HEADERS: [&[u8]; 2] = [b"authorization", b"cookie"];
