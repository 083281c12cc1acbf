//! Looks at text byte by byte. What is not there is 0, which is part of nothing that is looked for.
//!
//! Every loop over a text is in here, so that a test can count their steps.

/// The byte at a place, 0 outside of the text.
#[inline]
pub(crate) fn at(text: &[u8], place: usize) -> u8 {
    text.get(place).copied().unwrap_or_default()
}

/// The byte before a place.
#[inline]
pub(crate) fn before(text: &[u8], place: usize) -> u8 {
    place.checked_sub(1).map_or(0, |before| at(text, before))
}

/// Whether these bytes stand at a place.
#[inline]
pub(crate) fn is_at(text: &[u8], place: usize, what: &[u8]) -> bool {
    text.get(place..).is_some_and(|rest| rest.starts_with(what))
}

/// Whether these letters, in any case, end before a place.
#[inline]
pub(crate) fn ends_in(text: &[u8], place: usize, what: &[u8]) -> bool {
    let start = place.checked_sub(what.len());
    let end = start.and_then(|start| text.get(start..place));
    end.is_some_and(|end| end.eq_ignore_ascii_case(what))
}

/// Where the run of such bytes ends that starts at a place.
#[inline]
pub(crate) fn run(text: &[u8], from: usize, is_part: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let length = rest.iter().position(|&byte| !is_part(byte));
    let length = length.unwrap_or(rest.len());
    steps::count(length + 1);
    from + length
}

/// Where the run of such bytes starts that ends before a place.
#[inline]
pub(crate) fn run_back(text: &[u8], end: usize, is_part: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(..end).unwrap_or_default();
    let start = rest.iter().rposition(|&byte| !is_part(byte));
    let start = start.map_or(0, |last| last + 1);
    steps::count(end - start + 1);
    start
}

/// The next place of a byte.
pub(crate) fn find(text: &[u8], from: usize, byte: u8) -> Option<usize> {
    let rest = text.get(from..)?;
    let found = memchr::memchr(byte, rest);
    steps::count(found.unwrap_or(rest.len()) + 1);
    Some(from + found?)
}

/// The next place of some bytes.
pub(crate) fn find_all(text: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let rest = text.get(from..)?;
    let found = memchr::memmem::find(rest, what);
    steps::count(found.unwrap_or(rest.len()) + 1);
    Some(from + found?)
}

/// Whether a word may begin here: behind a sign or a letter that is not ASCII, and behind the escapes of a line
/// feed (`\n`) and of URLs (`%20`), which end in letters.
pub(crate) fn begins_word(text: &[u8], place: usize) -> bool {
    let byte = before(text, place);
    if !byte.is_ascii_alphanumeric() {
        return true;
    }
    let second = before(text, place.saturating_sub(1));
    let third = before(text, place.saturating_sub(2));
    is_escape(second, byte) || (third == b'%' && second.is_ascii_hexdigit() && byte.is_ascii_hexdigit())
}

/// Whether two bytes are an escaped line feed, carriage return or tab.
pub(crate) const fn is_escape(first: u8, second: u8) -> bool {
    first == b'\\' && matches!(second, b'n' | b'r' | b't')
}

/// Where white space starts that ends before a place, also as escapes, and with it some other signs.
pub(crate) fn blank_before(text: &[u8], end: usize, others: &[u8]) -> usize {
    let mut start = end;
    loop {
        start = run_back(text, start, |byte| {
            byte.is_ascii_whitespace() || others.contains(&byte)
        });
        let slash = start.saturating_sub(2);
        if !is_escape(at(text, slash), before(text, start)) {
            return start;
        }
        start = run_back(text, slash, |byte| byte == b'\\');
    }
}

/// The same for white space that starts at a place.
pub(crate) fn blank_behind(text: &[u8], from: usize, others: &[u8]) -> usize {
    let mut end = from;
    loop {
        end = run(text, end, |byte| {
            byte.is_ascii_whitespace() || others.contains(&byte)
        });
        let letter = run(text, end, |byte| byte == b'\\');
        if letter == end || !is_escape(b'\\', at(text, letter)) {
            return end;
        }
        end = letter + 1;
    }
}

/// How many backslashes stand before a place.
pub(crate) fn backslashes(text: &[u8], place: usize) -> usize {
    place - run_back(text, place, |byte| byte == b'\\')
}

#[inline]
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// White space, also as a form writes it: `ALTER+USER+bob+PASSWORD+'x'`.
#[inline]
pub(crate) const fn is_form_space(byte: u8) -> bool {
    is_space(byte) || byte == b'+'
}

#[inline]
pub(crate) const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

pub(crate) mod steps {
    #[cfg(test)]
    thread_local! {
        static COUNT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    #[cfg(test)]
    pub(crate) fn count(steps: usize) {
        COUNT.set(COUNT.get() + steps);
    }

    #[cfg(not(test))]
    pub(crate) const fn count(_: usize) {}

    /// How many steps `work` takes.
    #[cfg(test)]
    pub(crate) fn of(work: impl FnOnce()) -> usize {
        COUNT.set(0);
        work();
        COUNT.get()
    }
}
