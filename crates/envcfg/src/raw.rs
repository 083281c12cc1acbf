use std::{borrow::Cow, fmt};

use zeroize::Zeroize;

use crate::{Field, Leaf, Loader, Origin, Variable};

/// The text for a field, on its way into the value.
#[doc(hidden)]
pub struct Raw<'s> {
    text: Cow<'s, str>,
    given: Given,
}

/// How the text came to the field.
enum Given {
    /// By the name of the field. Where from the source tells, if anybody asks.
    Name,
    Default,
    Known(Box<(Cow<'static, str>, Origin)>),
}

impl<'s> Raw<'s> {
    pub(crate) const fn by_name(text: Cow<'s, str>) -> Self {
        Self {
            text,
            given: Given::Name,
        }
    }

    /// The text of a default, as if it had been set.
    pub(crate) const fn default(text: &'static str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            given: Given::Default,
        }
    }

    #[must_use]
    pub fn leaf(&self, field: &'static Field) -> Leaf<'_> {
        Leaf {
            text: &self.text,
            unit: field.unit,
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl From<Variable> for Raw<'_> {
    fn from(variable: Variable) -> Self {
        Self {
            text: Cow::Owned(variable.text),
            given: Given::Known(Box::new((variable.name, variable.origin))),
        }
    }
}

/// A text that nobody else holds may be a secret.
impl Drop for Raw<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.text {
            text.zeroize();
        }
    }
}

impl fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw")
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

impl Loader<'_> {
    /// All that a report says about the text.
    #[cold]
    pub(crate) fn given(&self, field: &'static Field, raw: &Raw<'_>) -> Variable {
        let (name, origin) = match &raw.given {
            Given::Known(place) => (place.0.clone(), place.1.clone()),
            Given::Default => (self.variable(field.name), Origin::Default),
            Given::Name => {
                let name = self.variable(field.name);
                let origin = self.source.lookup(&name).map(|value| value.into_parts().1);
                (name, origin.unwrap_or(Origin::Environment))
            }
        };
        Variable {
            name,
            text: raw.text().to_owned(),
            origin,
        }
    }
}
