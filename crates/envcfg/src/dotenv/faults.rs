use std::path::Path;

use super::{mistake::Mistake, parser::Fault};
use crate::{Origin, Problem};

/// The problems of one file, of which a bounded number is kept.
#[derive(Debug)]
pub(super) struct Faults<'p> {
    path: &'p Path,
    problems: Vec<Problem>,
    /// The first that is not kept, and how many are not.
    more: Option<(Origin, usize)>,
}

impl<'p> Faults<'p> {
    pub(super) const fn new(path: &'p Path) -> Self {
        Self {
            path,
            problems: Vec::new(),
            more: None,
        }
    }

    pub(super) fn push(&mut self, fault: Fault) {
        let origin = Origin::File {
            path: self.path.to_owned(),
            line: fault.place.line,
            column: fault.place.column,
        };
        match &mut self.more {
            Some((_, count)) => *count += 1,
            None if self.problems.len() >= MAX_PROBLEMS => self.more = Some((origin, 1)),
            None => {
                let mut problem = Problem::syntax(origin, fault.mistake.to_string());
                problem.suspect = fault.variable;
                if let Mistake::ReferenceRefused(refusal) = fault.mistake {
                    problem.refused = refusal.words.and(Some(refusal.variable));
                }
                self.problems.push(problem);
            }
        }
    }

    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        if let Some((origin, count)) = self.more {
            let message = format!("{count} more mistakes from here on: is this a dotenv file?");
            self.problems.push(Problem::syntax(origin, message));
        }
        self.problems
    }
}

/// More than anybody reads.
const MAX_PROBLEMS: usize = 1000;
