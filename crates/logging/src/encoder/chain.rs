use std::{error::Error as StdError, fmt::Write as _, mem};

use tracing::field::Field;

use super::{Encoder, SHORT_VALUE};
use crate::{error_chain::sources, pairs::Part, profile::ChainForm, start::Start};

/// The sources of an error.
impl Encoder<'_> {
    pub(super) fn chain(&mut self, field: &Field, error: &(dyn StdError + 'static)) {
        if error.source().is_none() {
            return;
        }
        let Some(template) = self.template(field) else {
            return;
        };
        if !self.has_room(field, Part::Chain, template.chain.prefix.len()) {
            return;
        }
        let start = self.out.text.len();
        self.out.text.push_str(&template.chain.prefix);
        match self.frame.names.chain_form {
            ChainForm::Array => self.chain_array(error),
            ChainForm::Text => self.chain_text(error),
        }
        self.close(field, Part::Chain, start, false);
    }

    fn chain_array(&mut self, error: &(dyn StdError + 'static)) {
        self.out.text.push('[');
        let mut text = mem::take(self.text);
        for (at, source) in sources(error).enumerate() {
            if self.out.len() + SHORT_VALUE > self.frame.long_limit {
                self.truncated = true;
                break;
            }
            if at > 0 {
                self.out.text.push(',');
            }
            write!(Start::of(&mut text, self.frame.limit), "{source}").ok();
            self.clean_value(&text);
        }
        *self.text = text;
        self.out.text.push(']');
    }

    fn chain_text(&mut self, error: &(dyn StdError + 'static)) {
        let mut text = mem::take(self.text);
        let mut start = Start::of(&mut text, self.frame.limit);
        write!(start, "{error}").ok();
        for source in sources(error) {
            write!(start, "\ncaused by: {source}").ok();
        }
        self.clean_value(&text);
        *self.text = text;
    }

    fn clean_value(&mut self, text: &str) {
        self.with_clean(text, self.frame.limit, Self::value);
    }
}
