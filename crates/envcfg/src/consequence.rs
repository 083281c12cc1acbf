//! What is wrong only because something else is: it counts for nothing, so that k mistakes are k problems.

use crate::{Problem, ProblemKind, RuleKind, problem::Follows};

/// What a broken rule asks of the value, whatever code its author gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// That it is no placeholder.
    Placeholder,
    Length,
    MinEntropy,
    Url,
    Scheme,
    /// What implies no other and is implied by none.
    Other,
}

impl From<&RuleKind> for Broken {
    fn from(kind: &RuleKind) -> Self {
        match kind {
            RuleKind::Length { .. } => Self::Length,
            RuleKind::MinEntropy(_) => Self::MinEntropy,
            RuleKind::Url => Self::Url,
            RuleKind::Scheme(_) => Self::Scheme,
            _ => Self::Other,
        }
    }
}

/// Takes out every problem that another one has brought about.
pub(crate) fn take_out(problems: &mut Vec<Problem>, profile_is_wrong: bool) {
    let is_own = |problem: &Problem| match problem.follows {
        Follows::Line => false,
        Follows::Profile if profile_is_wrong => false,
        Follows::Profile | Follows::Nothing => !problems.iter().any(|cause| brings(cause, problem)),
    };
    let own: Vec<bool> = problems.iter().map(is_own).collect();
    let mut own = own.into_iter();
    problems.retain(|_| own.next().unwrap_or(true));
}

/// Whether `cause` says of the same value all there is to say.
///
/// Every rule that a value breaks is a mistake of its own, as it is to the `validator` crate; but what is only a
/// placeholder need not be long, what is too short cannot be hard to guess, and what is no URL has no scheme.
fn brings(cause: &Problem, problem: &Problem) -> bool {
    let are_rules = cause.kind == ProblemKind::Rule && problem.kind == ProblemKind::Rule;
    if !are_rules || cause.path != problem.path {
        return false;
    }
    let same_part = cause.element == problem.element;
    match (cause.broken, problem.broken) {
        (Broken::Placeholder, Broken::Placeholder) => false,
        (Broken::Placeholder, _) => cause.element.is_none() || same_part,
        (Broken::Length, Broken::MinEntropy) | (Broken::Url, Broken::Scheme) => same_part,
        _ => false,
    }
}
