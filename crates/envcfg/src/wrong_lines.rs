use std::path::PathBuf;

use crate::{EnvSource, Origin, Problem, Value, Warning};

/// A source some of whose lines are wrong: what they should have set is neither missing nor to be left at a default.
pub(crate) struct WrongLines<'s> {
    source: &'s dyn EnvSource,
    names: Vec<String>,
}

impl<'s> WrongLines<'s> {
    pub(crate) fn new(source: &'s dyn EnvSource, problems: &[Problem]) -> Self {
        let suspects = problems.iter().filter_map(|problem| problem.suspect.clone());
        Self {
            source,
            names: suspects.collect(),
        }
    }

    /// Whether `value` stands for one that is on a wrong line.
    pub(crate) fn is_for(value: &Value) -> bool {
        matches!(value.origin(), Origin::Named(name) if name == MARK) && value.unreadable_reason() == Some("")
    }
}

impl EnvSource for WrongLines<'_> {
    fn lookup(&self, name: &str) -> Option<Value> {
        let value = self.source.lookup(name).filter(|value| !value.is_empty());
        let wrong = || Value::unreadable("", Origin::named(MARK));
        value.or_else(|| self.names.iter().any(|wrong| wrong == name).then(wrong))
    }

    fn names(&self) -> Vec<String> {
        self.source.names()
    }

    fn problems(&self) -> Vec<Problem> {
        self.source.problems()
    }

    fn warnings(&self) -> Vec<Warning> {
        self.source.warnings()
    }

    fn files(&self) -> Vec<PathBuf> {
        self.source.files()
    }
}

/// No source that a person names is called so.
const MARK: &str = "\0a wrong line";
