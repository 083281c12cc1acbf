use super::{
    Redactor,
    action::Action,
    bytes::at,
    card::{Digits, card_at},
    command::{Commands, may_be_bot, may_be_user},
    email::address_at,
    encoded::hide_encoded,
    escape::{escape_at, has_escape},
    hasher::hash_end,
    jwt::Jwts,
    kind::SecretKind,
    named::{Named, may_be_named, named_at},
    pem::Pems,
    scheme::Schemes,
    statement::of_password,
    token::token_at,
    trigger::{Form, Hit, Progress, Triggers},
    url::Urls,
    value::plain_end,
};

/// One walk through a text, from its beginning to its end, which comes by its secrets.
pub(crate) struct Scan<'a> {
    redactor: &'a Redactor,
    triggers: &'a Triggers,
    text: &'a str,
    /// What is behind is not written.
    end: usize,
    /// A place that has been found and not been looked at.
    first: Option<Hit>,
    progress: Progress,
    /// The end of the last secret.
    done: usize,
    /// What is behind an escape is not looked at: there is more than one way to read it.
    stops_at_escapes: bool,
    has_escapes: bool,
    commands: Commands,
    urls: Urls,
    jwts: Jwts,
    pems: Pems,
    schemes: Schemes,
}

/// A part of the text that is not shown.
pub(crate) struct Cut {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) action: Action,
    /// What stands around the value once it is replaced, empty for nothing.
    pub(crate) quote: (usize, usize),
    /// It is what the action has made of another text, and stays as it is.
    pub(crate) is_shown: bool,
    /// It is hidden because of its name.
    pub(crate) is_named: bool,
}

/// What a place turned out to be.
enum Found {
    Secret(Cut),
    /// Nothing up to there.
    NothingBefore(usize),
    Escape,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(redactor: &'a Redactor, text: &'a str) -> Self {
        Self {
            redactor,
            triggers: redactor.triggers(),
            text,
            end: text.len(),
            first: None,
            progress: Progress::default(),
            done: 0,
            stops_at_escapes: true,
            has_escapes: false,
            commands: Commands::default(),
            urls: Urls::default(),
            jwts: Jwts::default(),
            pems: Pems::default(),
            schemes: Schemes::default(),
        }
    }

    /// Goes on behind the first place that has been found.
    pub(crate) fn behind(mut self, first: Hit, progress: Progress) -> Self {
        self.first = Some(first);
        self.progress = progress;
        self
    }

    /// Goes on at a place, with nothing found before it.
    pub(crate) const fn starting_at(mut self, place: usize) -> Self {
        self.progress = Progress::at(place);
        self.done = place;
        self
    }

    /// Writes the text up to there alone.
    pub(crate) const fn up_to(mut self, end: usize) -> Self {
        self.end = end;
        self
    }

    /// Takes escapes for what they are.
    pub(crate) const fn through_escapes(mut self) -> Self {
        self.stops_at_escapes = false;
        self
    }

    /// Writes the text without its secrets; says whether there are any.
    #[inline(never)]
    pub(crate) fn hide(mut self, out: &mut String) -> bool {
        let text = self.text;
        let mut copied = 0;
        while let Some(cut) = self.next() {
            self.has_escapes = self.has_escapes || has_escape(text.as_bytes(), cut.start, cut.end);
            if self.has_escapes {
                break;
            }
            if cut.is_shown {
                continue;
            }
            if cut.start >= self.end {
                break;
            }
            if copied == 0 {
                out.clear();
            }
            out.push_str(text.get(copied..cut.start).unwrap_or_default());
            let quote = text.get(cut.quote.0..cut.quote.1).unwrap_or_default();
            out.push_str(quote);
            let secret = text.get(cut.start..cut.end).unwrap_or_default();
            self.redactor.apply(cut.action, secret, out);
            out.push_str(quote);
            copied = cut.end;
        }
        if self.has_escapes {
            return hide_encoded(self.redactor, text, self.end, out);
        }
        if copied > 0 {
            out.push_str(text.get(copied..self.end).unwrap_or_default());
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
                self.has_escapes |= self.stops_at_escapes && self.is_escape(last);
                return self.has_escapes.then_some(Found::Escape);
            }
            Form::Dashes => return self.block(last).or_else(|| self.named(form, last)),
            Form::TupleComma | Form::Quote | Form::TagEnd => return self.named(form, last),
            Form::Jwt => (SecretKind::Jwt, self.jwts.token_at(text, last)),
            Form::Scheme => (SecretKind::Authorization, self.schemes.credentials_at(text, last)),
            Form::Digits => match card_at(text, self.done, last) {
                Digits::Card(start, end) => (SecretKind::CardNumber, Some((start, end))),
                Digits::None(end) => return Some(Found::NothingBefore(end)),
            },
            Form::At => (SecretKind::Email, address_at(text, self.done, last)),
            Form::Token => (SecretKind::Token, token_at(text, last)),
        };
        self.secret(kind, place?)
    }

    /// Whether an escape begins before `last`, or there: an ampersand is found by itself.
    fn is_escape(&self, last: usize) -> bool {
        let text = self.text.as_bytes();
        let begin = if at(text, last) == b'&' { last } else { last - 1 };
        escape_at(text, begin).is_some()
    }

    /// The private key whose `--B` ends at `last`.
    fn block(&mut self, last: usize) -> Option<Found> {
        let text = self.text.as_bytes();
        let may_be_block = at(text, last) == b'B';
        let place = may_be_block.then(|| self.pems.block_at(text, last)).flatten()?;
        self.secret(SecretKind::PrivateKey, place)
    }

    /// A `:` or `=` is that of a URL or behind a name.
    #[inline]
    fn separator(&mut self, last: usize) -> Option<Found> {
        let text = self.text.as_bytes();
        let may_be = may_be_url(text, last)
            || may_be_named(&self.redactor.names, text, last)
            || (may_be_user(text, last) && (may_be_bot(text, last) || self.commands.may_be(text)));
        if may_be { self.separated(last) } else { None }
    }

    #[inline(never)]
    fn separated(&mut self, last: usize) -> Option<Found> {
        if let Some(place) = self.url(last) {
            return self.secret(SecretKind::UrlPassword, place);
        }
        self.named(Form::Separator, last).or_else(|| self.argument(last))
    }

    /// The password behind the colon of a user.
    fn argument(&mut self, colon: usize) -> Option<Found> {
        let text = self.text.as_bytes();
        self.redactor.action_of(SecretKind::Named)?;
        let may_be = may_be_user(text, colon);
        let value = may_be.then(|| self.commands.password_at(text, colon)).flatten()?;
        self.found(Cut {
            start: value.start,
            end: value.end,
            action: of_password(&self.redactor.names)?,
            quote: (0, 0),
            is_shown: false,
            is_named: true,
        })
    }

    fn url(&mut self, last: usize) -> Option<(usize, usize)> {
        let text = self.text.as_bytes();
        may_be_url(text, last)
            .then(|| self.urls.secret_at(text, last))
            .flatten()
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
            is_shown: false,
            is_named: true,
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
        let done = self.done;
        while let Some(hit) = triggers.next(near, &mut progress) {
            for form in triggers.forms(hit) {
                let found = match form {
                    Form::TupleComma | Form::Quote | Form::TagEnd => None,
                    Form::Dashes => self.block(hit.last),
                    Form::Separator => self
                        .url(hit.last)
                        .and_then(|place| self.secret(SecretKind::UrlPassword, place)),
                    _ => self.look_at(form, hit.last),
                };
                let behind = match found {
                    Some(Found::Secret(cut)) if cut.is_shown => cut.end,
                    Some(Found::Secret(cut)) if cut.start < end => {
                        last = last.max(cut.end);
                        // None that follows begins in this one.
                        self.done = self.done.max(cut.end);
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
        self.done = done;
        last
    }

    fn secret(&self, kind: SecretKind, (start, end): (usize, usize)) -> Option<Found> {
        let action = self.redactor.action_of(kind)?;
        self.found(Cut {
            start,
            end,
            action,
            quote: (0, 0),
            is_shown: false,
            is_named: false,
        })
    }

    /// What has been replaced before stays as it is.
    fn found(&self, mut cut: Cut) -> Option<Found> {
        let text = self.text.get(cut.start..cut.end)?;
        if cut.start < self.done {
            return None;
        }
        cut.is_shown = is_shown(text, cut.action);
        Some(Found::Secret(cut))
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
                Some(Found::Secret(cut)) if cut.is_shown => {
                    self.progress = Progress::at(cut.end.max(self.progress.place));
                    return Some(cut);
                }
                Some(Found::Secret(cut)) => {
                    self.progress = Progress::at(cut.end);
                    self.done = cut.end;
                    return Some(cut);
                }
                Some(Found::NothingBefore(place)) => {
                    self.progress = Progress::at(place.max(self.progress.place));
                }
                Some(Found::Escape) => return None,
                None => {}
            }
        }
    }
}

#[inline]
fn may_be_url(text: &[u8], sign: usize) -> bool {
    at(text, sign) == b':' && matches!(at(text, sign + 1), b'/' | b'\\')
}

/// How far behind its first byte a form may be found.
const LONGEST_FORM: usize = 16;

/// Whether a value is what the action shows of another one.
pub(super) fn is_shown(value: &str, action: Action) -> bool {
    if hash_end(value.as_bytes(), 0) == Some(value.len()) {
        return true;
    }
    let Some(rest) = value.strip_prefix(groundcrew_base::MASK) else {
        return false;
    };
    match action {
        Action::KeepLast(most) => rest.chars().count() <= usize::from(most),
        _ => rest.is_empty(),
    }
}
