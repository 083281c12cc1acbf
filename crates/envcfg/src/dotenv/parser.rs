use super::{
    mistake::Mistake,
    places::{Place, Places},
};

/// Splits the text of a dotenv file into assignments, and goes on after a mistake.
///
/// A byte is looked at a bounded number of times, whatever the text: what is scanned again after a quote that does
/// not close cannot be scanned by another such quote of the same kind.
#[derive(Debug)]
pub(super) struct Parser<'t> {
    bytes: &'t [u8],
    at: usize,
    places: Places<'t>,
    #[cfg(test)]
    pub(super) visited: usize,
}

/// `NAME=value` as it stands in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Assignment<'t> {
    pub(super) name: &'t str,
    /// The value between its quotes, with escapes and references as they are.
    pub(super) raw: &'t [u8],
    /// Where `raw` starts, in bytes.
    pub(super) offset: usize,
    pub(super) quote: Quote,
    /// Where the value starts, with its quote.
    pub(super) place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    None,
    Single,
    Double,
}

/// A mistake, its place, and the variable if its name could be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) mistake: Mistake,
    pub(super) place: Place,
    pub(super) variable: Option<String>,
}

impl<'t> Parser<'t> {
    pub(super) fn new(bytes: &'t [u8]) -> Self {
        let start = if bytes.starts_with(BOM) { BOM.len() } else { 0 };
        Self {
            bytes,
            at: start,
            places: Places::new(bytes, start),
            #[cfg(test)]
            visited: 0,
        }
    }

    /// The next assignment, or what is wrong in its place.
    pub(super) fn next(&mut self) -> Option<Result<Assignment<'t>, Fault>> {
        loop {
            self.skip(is_space);
            match self.peek()? {
                b'#' => self.skip(not_break),
                _ => return Some(self.assignment()),
            }
        }
    }

    /// A fault at `offset`, which is not before the value that was read last.
    pub(super) fn fault(&mut self, mistake: Mistake, offset: usize, variable: Option<&str>) -> Fault {
        Fault {
            mistake,
            place: self.places.of(offset),
            variable: variable.map(str::to_owned),
        }
    }

    fn assignment(&mut self) -> Result<Assignment<'t>, Fault> {
        let name = match self.name() {
            Ok(name) => name,
            Err((mistake, offset, name)) => {
                let fault = self.fault(mistake, offset, name);
                self.skip_statement();
                return Err(fault);
            }
        };
        self.skip(is_blank);
        let start = self.at;
        let (quote, end) = match self.peek() {
            Some(b'"') => (Quote::Double, self.quoted(b'"')),
            Some(b'\'') => (Quote::Single, self.quoted(b'\'')),
            _ => (Quote::None, Ok(self.unquoted())),
        };
        let place = self.places.of(start);
        let end = end.map_err(|(mistake, offset)| self.fault(mistake, offset, Some(name)))?;
        let offset = start + usize::from(quote != Quote::None);
        Ok(Assignment {
            name,
            raw: self.slice(offset, end),
            offset,
            quote,
            place,
        })
    }

    /// Reads up to the `=`, and the `=`.
    fn name(&mut self) -> Result<&'t str, (Mistake, usize, Option<&'t str>)> {
        let mut start = self.at;
        self.skip(is_name);
        if self.slice(start, self.at) == b"export" && self.peek().is_some_and(is_blank) {
            let end = self.at;
            self.skip(is_blank);
            if self.peek() == Some(b'=') {
                self.at = end;
            } else {
                start = self.at;
                self.skip(is_name);
            }
        }
        let name = self.slice(start, self.at);
        if !name.first().copied().is_some_and(starts_name) {
            return Err((Mistake::Name, start, None));
        }
        let name = str::from_utf8(name).unwrap_or_default();
        self.skip(is_blank);
        if self.peek() != Some(b'=') {
            return Err((Mistake::Equals, self.at, Some(name)));
        }
        self.at += 1;
        Ok(name)
    }

    /// Reads to the end of the line or to a comment; gives where the value ends.
    fn unquoted(&mut self) -> usize {
        let start = self.at;
        let mut end = start;
        while let Some(byte) = self.peek().filter(|byte| not_break(*byte)) {
            let after_blank = self
                .at
                .checked_sub(1)
                .and_then(|at| self.byte(at))
                .is_some_and(is_blank);
            if byte == b'#' && after_blank {
                self.skip(not_break);
                break;
            }
            self.at += 1;
            if !is_blank(byte) {
                end = self.at;
            }
        }
        self.visit(start);
        end
    }

    /// Reads a quoted value and the rest of its line; gives where the text between the quotes ends.
    fn quoted(&mut self, quote: u8) -> Result<usize, (Mistake, usize)> {
        let open = self.at;
        let Some(close) = self.closing(quote) else {
            self.skip(not_break);
            return Err((Mistake::Unclosed, open));
        };
        let first_line_ends = open + self.length(open, not_break);
        self.at = close + 1;
        self.skip(is_blank);
        let rest = self.at;
        let apart = rest > close + 1;
        let ends = match self.peek() {
            None | Some(b'\n' | b'\r') => true,
            Some(byte) => byte == b'#' && apart,
        };
        if !ends && first_line_ends < close && self.opens_another(close) {
            self.at = first_line_ends;
            return Err((Mistake::Unclosed, open));
        }
        self.skip(not_break);
        if ends {
            Ok(close)
        } else {
            Err((Mistake::AfterQuote, rest))
        }
    }

    /// Where the quote at the current place is closed.
    fn closing(&mut self, quote: u8) -> Option<usize> {
        let start = self.at;
        self.at += 1;
        let mut close = None;
        while let Some(byte) = self.peek() {
            if byte == quote {
                close = Some(self.at);
                break;
            }
            self.at += if byte == b'\\' && quote == b'"' { 2 } else { 1 };
        }
        self.visit(start);
        self.at = start;
        close
    }

    /// Whether the quote at `offset` stands where the value of another assignment starts.
    fn opens_another(&self, offset: usize) -> bool {
        let before = self.slice(0, offset);
        let line = before
            .iter()
            .rposition(|byte| !not_break(*byte))
            .map_or(0, |at| at + 1);
        let line = before.get(line..).unwrap_or_default().trim_ascii();
        let Some(name) = line.strip_suffix(b"=").map(<[u8]>::trim_ascii_end) else {
            return false;
        };
        let name = match name.strip_prefix(b"export") {
            Some(rest) if rest.first().copied().is_some_and(is_blank) => rest.trim_ascii_start(),
            _ => name,
        };
        name.first().copied().is_some_and(starts_name) && name.iter().copied().all(is_name)
    }

    /// Goes to the end of a line that is wrong, with the quoted value that starts on it.
    fn skip_statement(&mut self) {
        self.skip(|byte| not_break(byte) && byte != b'=');
        if self.peek() == Some(b'=') {
            self.at += 1;
            self.skip(is_blank);
        }
        if let Some(quote @ (b'"' | b'\'')) = self.peek() {
            // One mistake is reported once.
            drop(self.quoted(quote));
        } else {
            self.skip(not_break);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.byte(self.at)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn slice(&self, start: usize, end: usize) -> &'t [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) {
        let start = self.at;
        self.at += self.length(start, wanted);
        self.visit(start);
    }

    fn length(&self, start: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        rest.iter().take_while(|byte| wanted(**byte)).count()
    }

    #[cfg(test)]
    fn visit(&mut self, start: usize) {
        self.visited += self.at.abs_diff(start) + 1;
    }

    #[cfg(not(test))]
    #[expect(
        clippy::unused_self,
        clippy::needless_pass_by_ref_mut,
        reason = "counts in tests"
    )]
    const fn visit(&mut self, _start: usize) {}
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

const fn not_break(byte: u8) -> bool {
    !matches!(byte, b'\n' | b'\r')
}

pub(super) const fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

pub(super) const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

#[cfg(test)]
mod tests;
