use super::{
    bytes::{at, backslashes, before, is_quote, is_space, run, run_back},
    value::{Value, is_nothing, value_at},
};

/// Finds the value on the lines behind a name that are deeper than its own: `password:\n  x`, `password: |\n  x\n  y`.
///
/// The name starts at `name`, with its quote; `from` is behind its colon.
pub(crate) fn block_at(text: &[u8], name: usize, from: usize) -> Option<Value> {
    let Header { tag, end, is_literal } = Header::at(text, from);
    let feed = Feed::at(text, end)?;
    let outer = feed.depth_before(text, name);
    let mut line = feed.end(text, end)?;
    let mut value: Option<Value> = None;
    loop {
        let start = run(text, line, is_space);
        let end = feed.line_end(text, start);
        if start < end {
            let is_item = at(text, start) == b'-' && is_space(at(text, start + 1));
            let is_inside = start - line > outer || (is_item && !is_literal && start - line == outer);
            if !is_inside {
                break;
            }
            if value.is_none() && tag.is_none() && !is_literal && opens(text, start) {
                return value_at(text, start, false, None);
            }
            value
                .get_or_insert_with(|| Value {
                    start: tag.unwrap_or(start),
                    end,
                    is_quoted: true,
                })
                .end = end;
        }
        let Some(next) = feed.end(text, end) else { break };
        line = next;
    }
    value.filter(|value| !text.get(value.start..value.end).is_none_or(is_nothing))
}

/// What may stand between a colon and the end of its line where the value is on the next ones.
struct Header {
    /// Where tags and anchors start, which may be the value as well.
    tag: Option<usize>,
    end: usize,
    /// There is the sign of a block of lines, `|` or `>`.
    is_literal: bool,
}

impl Header {
    fn at(text: &[u8], from: usize) -> Self {
        let mut end = run(text, from, is_space);
        let tag = matches!(at(text, end), b'!' | b'&').then_some(end);
        for sign in [b'!', b'&'] {
            let near = text.get(..text.len().min(end + LONGEST_TAG)).unwrap_or_default();
            if at(text, end) == sign {
                end = run(near, end, |byte| byte.is_ascii_graphic() && byte != b'\\');
                end = run(text, end, is_space);
            }
        }
        let is_literal = matches!(at(text, end), b'|' | b'>');
        if is_literal {
            end = run(text, end + 1, |byte| {
                byte.is_ascii_digit() || matches!(byte, b'+' | b'-')
            });
            end = run(text, end, is_space);
            if at(text, end) == b'#' {
                end = run(text, end, |byte| !matches!(byte, b'\n' | b'\r' | b'\\'));
            }
        }
        Self { tag, end, is_literal }
    }
}

/// Whether a value starts here that has an end of its own.
fn opens(text: &[u8], place: usize) -> bool {
    let sign = run(text, place, |byte| byte == b'\\');
    is_quote(at(text, sign)) || (sign == place && matches!(at(text, place), b'{' | b'['))
}

/// A line feed as a text has it: itself, or `\n` with so many backslashes.
#[derive(Clone, Copy)]
struct Feed {
    backslashes: usize,
}

impl Feed {
    /// The one at a place, where a carriage return may stand before it.
    fn at(text: &[u8], place: usize) -> Option<Self> {
        if matches!(at(text, place), b'\n' | b'\r') {
            return Some(Self { backslashes: 0 });
        }
        let backslashes = run(text, place, |byte| byte == b'\\') - place;
        let is_feed = backslashes > 0 && matches!(at(text, place + backslashes), b'n' | b'r');
        is_feed.then_some(Self { backslashes })
    }

    /// What is behind a line feed of this kind that starts at a place.
    fn end(self, text: &[u8], place: usize) -> Option<usize> {
        let behind = |sign| {
            move |place: usize| {
                let end = place + self.backslashes;
                let slashes = run(text.get(..end.min(text.len()))?, place, |byte| byte == b'\\');
                let is_sign = slashes == end
                    && at(text, end) == if self.backslashes == 0 { sign } else { letter(sign) };
                is_sign.then_some(end + 1)
            }
        };
        let place = behind(b'\r')(place).unwrap_or(place);
        behind(b'\n')(place)
    }

    /// Where a line ends, or the quoted text that it is in.
    fn line_end(self, text: &[u8], from: usize) -> usize {
        if self.backslashes == 0 {
            return run(text, from, |byte| !matches!(byte, b'\n' | b'\r'));
        }
        let mut place = from;
        loop {
            place = run(text, place, |byte| !matches!(byte, b'\\' | b'"' | b'\n'));
            let sign = run(text, place, |byte| byte == b'\\');
            let slashes = sign - place;
            match at(text, sign) {
                0 | b'\n' => return place,
                b'"' if slashes < self.backslashes => return place,
                b'n' | b'r' if slashes == self.backslashes => return place,
                _ => place = sign + 1,
            }
        }
    }

    /// How deep the line of a place is: its white space, and that of lists.
    fn depth_before(self, text: &[u8], place: usize) -> usize {
        let line = self.line_start(text, place);
        let mut start = line;
        while start < place
            && (is_space(at(text, start)) || (at(text, start) == b'-' && is_space(at(text, start + 1))))
        {
            start += 1;
        }
        start - line
    }

    fn line_start(self, text: &[u8], place: usize) -> usize {
        if self.backslashes == 0 {
            return run_back(text, place, |byte| byte != b'\n');
        }
        let mut start = place;
        loop {
            start = run_back(text, start, |byte| !matches!(byte, b'\\' | b'"' | b'\n'));
            let is_feed =
                matches!(at(text, start), b'n' | b'r') && backslashes(text, start) == self.backslashes;
            match before(text, start) {
                b'\\' if is_feed => return start + 1,
                b'\\' => start -= backslashes(text, start),
                b'"' if backslashes(text, start - 1) >= self.backslashes => start -= 1,
                _ => return start,
            }
        }
    }
}

const LONGEST_TAG: usize = 64;

const fn letter(sign: u8) -> u8 {
    if sign == b'\r' { b'r' } else { b'n' }
}
