use std::collections::BTreeMap;

use metrics::Key;

use crate::{
    LabelVisitor, Labels, exposition::escape_label, label_key::Draft, limits::OTHER, name, table::Table,
};

/// A label set of a macro, sorted, so that the order in which labels were given makes no other series.
pub(super) struct DynamicLabels<'a>(BTreeMap<String, &'a str>);

impl<'a> DynamicLabels<'a> {
    pub(super) fn of(key: &'a Key) -> Self {
        let labels = key.labels();
        Self(
            labels
                .map(|label| (label_name(label.key()), label.value()))
                .collect(),
        )
    }

    pub(super) fn are_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a value is the name of the overflow.
    pub(super) fn have_other(&self) -> bool {
        self.0.values().any(|value| *value == OTHER)
    }

    /// Puts the name of the overflow in place of the values that `replace` says.
    pub(super) fn replace(&mut self, replace: impl Fn(&str, &str) -> bool) {
        for (name, value) in &mut self.0 {
            if replace(name, value) {
                *value = OTHER;
            }
        }
    }

    /// The same names, with the overflow as the value of each.
    pub(super) fn all_other(&self) -> DynamicLabels<'_> {
        DynamicLabels(self.0.keys().map(|name| (name.clone(), OTHER)).collect())
    }

    /// As they are exposed.
    pub(super) fn rendered(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            escape_label(&mut text, name, value);
        }
        text
    }
}

/// A valid name; what Prometheus uses itself gets a prefix, as it does there.
fn label_name(given: &str) -> String {
    let valid = name::valid_label(given);
    if name::is_label(&valid) {
        valid
    } else {
        format!("exported_{valid}")
    }
}

/// A text as the key of a table.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Text<'_> {
    /// None for a text that is too long to be a key.
    pub(super) fn draft<C>(&self, table: &Table<C>) -> Option<Draft> {
        Draft::new(&[], self, table.hash(self))
    }
}

impl Labels for Text<'_> {
    type With<'a> = ();
    const NAMES: &'static [&'static str] = &[];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.0);
    }
}
