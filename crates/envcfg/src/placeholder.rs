use std::borrow::Cow;

use groundcrew_base::looks_placeholder;

use crate::{Field, Found, Loader, Problem};

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

    #[cold]
    fn placeholder(&mut self, field: &'static Field, found: &Found<'_>, element: Option<usize>) {
        self.broken_as(field, found, Cow::Borrowed(PLACEHOLDER), MESSAGE, element);
    }
}

/// Whether `problem` is that of a placeholder, and not of an author's rule with the same code.
pub(crate) fn is_one(problem: &Problem) -> bool {
    problem.rule() == Some(PLACEHOLDER) && problem.message == MESSAGE
}

/// What the rule is called.
pub(crate) const PLACEHOLDER: &str = "placeholder";

const MESSAGE: &str = "is only a placeholder: fill in a value of its own";
