//! What is wrong only because something else is: it counts for nothing, so that k mistakes are k problems.

use crate::{
    Problem, ProblemKind,
    placeholder::{self, PLACEHOLDER},
    problem::Follows,
};

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
    if placeholder::is_one(cause) {
        let is_part = cause.element.is_none() || cause.element == problem.element;
        return is_part && problem.rule() != Some(PLACEHOLDER);
    }
    let implied = (cause.rule(), problem.rule());
    cause.element == problem.element
        && IMPLIED
            .iter()
            .any(|(one, other)| implied == (Some(one), Some(other)))
}

/// Rules of ours, behind those of the `validator` vocabulary that are broken first.
const IMPLIED: [(&str, &str); 2] = [("length", "min_entropy"), ("url", "scheme")];
