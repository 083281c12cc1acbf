use crate::{FieldSpec, Problem, ProblemKind};

/// Puts the problems in the order in which their fields are declared: first those of the sources themselves,
/// and those of a whole struct after its last field.
pub(crate) fn sort(problems: &mut [Problem], schema: &[FieldSpec]) {
    problems.sort_by_cached_key(|problem| match problem.kind {
        ProblemKind::Syntax => 0,
        ProblemKind::File if problem.path.is_empty() => 0,
        _ => 1 + position(&problem.path, schema),
    });
}

fn position(path: &str, schema: &[FieldSpec]) -> usize {
    let exact = schema.iter().position(|spec| spec.path == path);
    let within = || schema.iter().rposition(|spec| is_below(&spec.path, path));
    exact.or_else(within).unwrap_or(schema.len())
}

fn is_below(path: &str, whole: &str) -> bool {
    path.strip_prefix(whole).is_some_and(|rest| rest.starts_with('.'))
}
