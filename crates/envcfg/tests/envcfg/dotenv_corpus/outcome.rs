use std::collections::BTreeMap;

use groundcrew_envcfg::{Dotenv, EnvSource, Origin};
use serde::Deserialize;

use super::Case;

/// What a reader makes of a file.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Outcome {
    pub(super) vars: BTreeMap<String, String>,
    /// Where something is wrong, or that something is.
    pub(super) wrong: Vec<String>,
}

impl Outcome {
    pub(super) fn ours(case: &Case) -> Self {
        let file = Dotenv::text("", case.bytes());
        let file = if case.interpolated {
            file.interpolated()
        } else {
            file
        };
        let text = |name: &String| file.lookup(name).unwrap().into_parts().0.into_string().unwrap();
        let place = |origin: &Origin| match origin {
            Origin::File { line, column, .. } => format!("wrong at {line}:{column}"),
            other => other.to_string(),
        };
        Self {
            vars: file
                .names()
                .iter()
                .map(|name| (name.clone(), text(name)))
                .collect(),
            wrong: file
                .problems()
                .iter()
                .map(|problem| place(problem.origin().unwrap()))
                .collect(),
        }
    }

    pub(super) const fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Whether both read the same values and find the file right or wrong.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.vars == other.vars && self.is_right() == other.is_right()
    }

    /// How the table shows it.
    pub(super) fn cell(&self) -> String {
        let vars = self
            .vars
            .iter()
            .map(|(name, value)| code(&format!("{name}={value:?}")));
        let parts: Vec<_> = vars.chain(self.wrong.iter().cloned()).collect();
        if parts.is_empty() {
            String::from("nothing")
        } else {
            parts.join(", ")
        }
    }
}

/// `text` as code in a cell of a table.
pub(super) fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.is_empty() {
        String::from("(empty)")
    } else if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}
