use std::borrow::Cow;

use groundcrew_base::looks_placeholder;

use crate::{Field, Found, Loader, consequence::Broken};

impl Loader<'_> {
    /// Refuses a secret, or the elements of a list of them, that somebody still has to fill in.
    pub fn refuse_placeholder(&mut self, field: &'static Field, found: &Found<'_>) {
        let Found::Text(raw) = found else {
            return;
        };
        if !field.list {
            if looks_placeholder(raw.text()) {
                self.placeholder(field, found, None);
            }
            return;
        }
        for (index, leaf) in raw.leaf(field).elements().enumerate() {
            if looks_placeholder(leaf.text) {
                self.placeholder(field, found, Some(index));
            }
        }
    }

    /// Does so for a text that only the prefixes before its name may make a secret.
    #[inline]
    pub fn refuse_placeholder_below(&mut self, field: &'static Field, found: &Found<'_>) {
        if !self.prefix.is_empty() {
            self.refuse_placeholder(field, found);
        }
    }

    /// Whether it is a secret is asked only now: the name, with every prefix, is that of one or not.
    #[cold]
    fn placeholder(&mut self, field: &'static Field, found: &Found<'_>, element: Option<usize>) {
        if !field.is_secret(&self.variable(field.name)) {
            return;
        }
        let rule = Cow::Borrowed("placeholder");
        let mut problem = self.broken_rule(field, found, rule, element, |_, _| {
            String::from("is only a placeholder: fill in a value of its own")
        });
        problem.broken = Broken::Placeholder;
        self.push(field, problem);
    }
}
