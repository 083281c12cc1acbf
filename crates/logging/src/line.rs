use std::sync::Arc;

use crate::{
    chain::{Chain, EventNames},
    frame::Frame,
    pairs::{Pairs, Present},
    profile::{END, LevelPlace},
    template::Template,
};

/// A line whose event is encoded and that still lacks what follows.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) template: &'a Arc<Template>,
    pub(crate) pairs: &'a mut Pairs,
    pub(crate) present: Present,
    /// Where the fields begin.
    pub(crate) fields: usize,
    pub(crate) truncated: bool,
}

impl Line<'_> {
    /// Adds the fields of the spans and the rest, and ends the line.
    pub(crate) fn finish(mut self, chain: &mut Chain, level: tracing::Level, is_critical: bool) {
        let names = self.frame.names;
        self.truncated |= chain.is_cut;
        let end = self.add(chain);
        if !end.is_empty() {
            if self.truncated {
                let open = self.pairs.text.len() - end.len();
                self.pairs.text.insert_str(open, TRUNCATED);
            }
            return;
        }
        if self.truncated {
            self.pairs.text.push_str(TRUNCATED);
        }
        if names.nest.is_some() {
            self.close_nest();
        }
        if names.level == LevelPlace::End {
            self.pairs.text.push_str(names.level_pair(level, is_critical));
        }
        self.pairs.text.push_str(END);
    }

    /// Adds what follows the fields of the event; gives the end of the line if that is written already.
    fn add(&mut self, chain: &mut Chain) -> &'static str {
        let (frame, pairs) = (self.frame, &mut *self.pairs);
        let has_room = pairs.len() + chain.shown().len() <= frame.line_limit;
        if has_room && chain.is_free_of(frame, self.template) {
            let shown = chain.shown();
            pairs.text.push_str(&shown.text);
            if !shown.lifted.is_empty() {
                pairs.lifted.push_str(&shown.lifted);
            }
            return frame.names.end();
        }
        let names = EventNames {
            template: self.template,
            present: self.present,
        };
        self.truncated |= !chain.append(frame, &names, pairs);
        ""
    }

    /// Ends the object of the fields and adds what stands beside it.
    fn close_nest(&mut self) {
        let Pairs { text, lifted, .. } = &mut *self.pairs;
        if text.as_bytes().get(self.fields) == Some(&b',') {
            text.remove(self.fields);
        }
        text.push('}');
        text.push_str(lifted);
        text.push_str(&self.frame.resource);
    }
}

const TRUNCATED: &str = ",\"truncated\":true";
