//! Two texts.

use groundcrew_metrics::{LabelVisitor, Labels};

pub(crate) struct Pair<'a> {
    pub(crate) first: &'a str,
    pub(crate) second: &'a str,
}

impl Labels for Pair<'_> {
    type With<'a> = Pair<'a>;
    const NAMES: &'static [&'static str] = &["first", "second"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.first);
        visitor.value(self.second);
    }
}
