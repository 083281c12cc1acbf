use std::borrow::Cow;

use groundcrew_base::looks_placeholder;

use crate::{Field, Found, Loader};

impl Loader<'_> {
    /// Refuses a secret, or the elements of a list of them, that somebody still has to fill in.
    pub fn refuse_placeholder(&mut self, field: &'static Field, found: &Found) {
        let Found::Text(raw) = found else {
            return;
        };
        if !field.list {
            if looks_placeholder(&raw.text) {
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

    #[cold]
    fn placeholder(&mut self, field: &'static Field, found: &Found, element: Option<usize>) {
        self.broken_as(field, found, Cow::Borrowed("placeholder"), MESSAGE, element);
    }
}

const MESSAGE: &str = "is only a placeholder: fill in a value of its own";
