use super::{
    Redactor,
    action::Action,
    bytes::{at, is_at},
    card::{Digits, card_at},
    email::address_at,
    encoded::hide_encoded,
    hasher::HASH_MARK,
    jwt::Jwts,
    kind::SecretKind,
    named::{Named, named_at},
    pem::Pems,
    percent::escape_at,
    scheme::credentials_at,
    signs::sign_at,
    token::token_at,
    trigger::{Form, Hit, Progress, Triggers},
    url::Urls,
    value::{Quote, plain_end},
};

/// One walk through a text, from its beginning to its end, which comes by its secrets.
pub(crate) struct Scan<'a> {
    redactor: &'a Redactor,
    triggers: &'a Triggers,
    text: &'a str,
    /// A place that has been found and not been looked at.
    first: Option<Hit>,
    progress: Progress,
    /// The end of the last secret.
    done: usize,
    has_percent: bool,
    /// Signs that are written as their numbers or names.
    has_signs: bool,
    urls: Urls,
    jwts: Jwts,
    pems: Pems,
}

/// A part of the text that is not shown.
pub(crate) struct Cut {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) action: Action,
    /// What stands around the value once it is replaced.
    pub(crate) quote: Option<Quote>,
}

/// What a place turned out to be.
enum Found {
    Secret(Cut),
    /// Nothing up to there.
    NothingBefore(usize),
}

impl<'a> Scan<'a> {
    pub(crate) fn new(redactor: &'a Redactor, text: &'a str) -> Self {
        Self {
            redactor,
            triggers: redactor.triggers(),
            text,
            first: None,
            progress: Progress::default(),
            done: 0,
            has_percent: false,
            has_signs: false,
            urls: Urls::default(),
            jwts: Jwts::default(),
            pems: Pems::default(),
        }
    }

    /// Goes on behind the first place that has been found.
    pub(crate) fn behind(mut self, first: Hit, progress: Progress) -> Self {
        self.first = Some(first);
        self.progress = progress;
        self
    }

    /// Writes the text without its secrets; says whether there are any.
    #[inline(never)]
    pub(crate) fn hide(mut self, out: &mut String) -> bool {
        let text = self.text;
        let mut copied = 0;
        while let Some(cut) = self.next() {
            if copied == 0 {
                out.clear();
            }
            out.push_str(text.get(copied..cut.start).unwrap_or_default());
            push_quote(cut.quote, out);
            let secret = text.get(cut.start..cut.end).unwrap_or_default();
            self.redactor.apply(cut.action, secret, out);
            push_quote(cut.quote, out);
            copied = cut.end;
        }
        if copied > 0 {
            out.push_str(text.get(copied..).unwrap_or_default());
        }
        if self.has_percent || self.has_signs {
            let has = (self.has_signs, self.has_percent);
            return hide_encoded(self.redactor, text, copied > 0, has, out);
        }
        copied > 0
    }

    fn look(&mut self, hit: Hit) -> Option<Found> {
        let triggers = self.triggers;
        let mut forms = triggers.forms(hit);
        forms.find_map(|form| self.look_at(form, hit.last))
    }

    fn look_at(&mut self, form: Form, last: usize) -> Option<Found> {
        let text = self.text.as_bytes();
        let (kind, place) = match form {
            Form::Separator => return self.separator(last),
            Form::Escape => {
                self.has_percent |= escape_at(text, last - 1, 1).is_some();
                self.has_signs |= sign_at(text, last - 1).is_some();
                return None;
            }
            Form::Dashes
                if at(text, last) == b'B'
                    && let Some(place) = self.pems.block_at(text, last) =>
            {
                (SecretKind::PrivateKey, Some(place))
            }
            Form::TupleComma | Form::Quote | Form::TagEnd | Form::Dashes => return self.named(form, last),
            Form::Jwt => (SecretKind::Jwt, self.jwts.token_at(text, last)),
            Form::Scheme => (SecretKind::Authorization, credentials_at(text, last)),
            Form::Digits => match card_at(text, self.done, last) {
                Digits::Card(start, end) => (SecretKind::CardNumber, Some((start, end))),
                Digits::None(end) => return Some(Found::NothingBefore(end)),
            },
            Form::At => (SecretKind::Email, address_at(text, self.done, last)),
            Form::Token => (SecretKind::Token, token_at(text, last)),
        };
        self.secret(kind, place?)
    }

    /// A `:` or `=` is that of a URL or behind a name.
    fn separator(&mut self, last: usize) -> Option<Found> {
        match self.url(last) {
            Some(place) => self.secret(SecretKind::UrlPassword, place),
            None => self.named(Form::Separator, last),
        }
    }

    fn url(&mut self, last: usize) -> Option<(usize, usize)> {
        let text = self.text.as_bytes();
        let may_be_url = at(text, last) == b':' && matches!(at(text, last + 1), b'/' | b'\\');
        may_be_url.then(|| self.urls.secret_at(text, last)).flatten()
    }

    fn named(&mut self, form: Form, last: usize) -> Option<Found> {
        self.redactor.action_of(SecretKind::Named)?;
        let Named { value, action, quote } =
            named_at(&self.redactor.names, self.text.as_bytes(), form, last)?;
        let end = if value.is_quoted {
            value.end
        } else {
            self.end_of_value(value.start, value.end)
        };
        self.found(Cut {
            start: value.start,
            end,
            action,
            quote,
        })
    }

    /// Where a value of one word ends whose secret goes on: `card_number: 4111 1111 1111 1111`.
    fn end_of_value(&mut self, start: usize, end: usize) -> usize {
        let (mut start, mut end) = (start, end);
        loop {
            let last = self.end_of_secrets(start, end);
            if last == end {
                return end;
            }
            start = last;
            end = plain_end(self.text.as_bytes(), last);
        }
    }

    /// Where the last secret ends that begins in between, no earlier than at `end`.
    fn end_of_secrets(&mut self, start: usize, end: usize) -> usize {
        let triggers = self.triggers;
        let text = self.text.as_bytes();
        let near = text.get(..text.len().min(end + LONGEST_FORM)).unwrap_or_default();
        let mut progress = Progress::at(start);
        let mut last = end;
        while let Some(hit) = triggers.next(near, &mut progress) {
            for form in triggers.forms(hit) {
                let found = match form {
                    Form::TupleComma | Form::Quote | Form::TagEnd => None,
                    Form::Separator => self
                        .url(hit.last)
                        .and_then(|place| self.secret(SecretKind::UrlPassword, place)),
                    _ => self.look_at(form, hit.last),
                };
                let behind = match found {
                    Some(Found::Secret(cut)) if cut.start < end => {
                        last = last.max(cut.end);
                        cut.end
                    }
                    Some(Found::NothingBefore(place)) => place,
                    _ => continue,
                };
                if behind > progress.place {
                    progress = Progress::at(behind);
                }
            }
        }
        last
    }

    fn secret(&self, kind: SecretKind, (start, end): (usize, usize)) -> Option<Found> {
        let action = self.redactor.action_of(kind)?;
        self.found(Cut {
            start,
            end,
            action,
            quote: None,
        })
    }

    /// What has been replaced before stays as it is.
    fn found(&self, cut: Cut) -> Option<Found> {
        let text = self.text.get(cut.start..cut.end)?;
        if cut.start < self.done {
            return None;
        }
        Some(if is_shown(text, cut.action) {
            Found::NothingBefore(cut.end)
        } else {
            Found::Secret(cut)
        })
    }
}

impl Iterator for Scan<'_> {
    type Item = Cut;

    fn next(&mut self) -> Option<Cut> {
        let text = self.text.as_bytes();
        loop {
            let first = self.first.take();
            let hit = first.or_else(|| self.triggers.next(text, &mut self.progress))?;
            match self.look(hit) {
                Some(Found::Secret(cut)) => {
                    self.progress = Progress::at(cut.end);
                    self.done = cut.end;
                    return Some(cut);
                }
                Some(Found::NothingBefore(place)) => {
                    self.progress = Progress::at(place.max(self.progress.place));
                }
                None => {}
            }
        }
    }
}

fn push_quote(quote: Option<Quote>, out: &mut String) {
    if let Some(quote) = quote {
        out.extend((0..quote.backslashes).map(|_| '\\'));
        out.push(char::from(quote.sign));
    }
}

/// How far behind its first byte a form may be found.
const LONGEST_FORM: usize = 16;

/// Whether a value is what the action shows of another one.
fn is_shown(value: &str, action: Action) -> bool {
    let bytes = value.as_bytes();
    if is_at(bytes, 0, HASH_MARK.as_bytes()) {
        let hash = value.get(HASH_MARK.len()..).unwrap_or_default();
        return hash.len() == 16 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    }
    let Some(rest) = value.strip_prefix(groundcrew_base::MASK) else {
        return false;
    };
    match action {
        Action::KeepLast(most) => rest.chars().count() <= usize::from(most),
        _ => rest.is_empty(),
    }
}
