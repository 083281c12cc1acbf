use crate::{FieldSpec, Problem};

/// The mistakes of a source itself, such as lines of a dotenv file: a variable may not be what it was meant to be.
#[derive(Default)]
pub(super) struct Torn {
    /// The variables that the wrong lines seem to set.
    suspects: Vec<String>,
    /// Whether there is a mistake that may be about any variable.
    anywhere: bool,
}

impl Torn {
    pub(super) fn of(problems: &[Problem]) -> Self {
        let mut torn = Self::default();
        for problem in problems {
            match &problem.suspect {
                Some(suspect) => torn.suspects.push(suspect.clone()),
                None => torn.anywhere = true,
            }
        }
        torn
    }

    /// Whether one of these fields may be meant, under this prefix.
    pub(super) fn touches(&self, prefix: &str, fields: fn() -> Vec<FieldSpec>) -> bool {
        let is_suspect = |name: &str| {
            let mut suspects = self.suspects.iter();
            suspects.any(|suspect| suspect.strip_prefix(prefix) == Some(name))
        };
        self.anywhere
            || (!self.suspects.is_empty()
                && fields()
                    .iter()
                    .any(|spec| spec.names().any(|name| is_suspect(&name))))
    }
}
