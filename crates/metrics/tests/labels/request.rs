//! A text and a number.

use groundcrew_metrics::{LabelVisitor, Labels};

pub(crate) struct Request<'a> {
    pub(crate) route: &'a str,
    pub(crate) status: u16,
}

impl Labels for Request<'_> {
    type With<'a> = Request<'a>;
    const NAMES: &'static [&'static str] = &["route", "status"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.route);
        visitor.value(&self.status);
    }
}
