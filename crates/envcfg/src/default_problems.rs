use std::borrow::Cow;

use crate::{
    Config, Describe, Loader, Problem, ProblemKind, Report, Tree, Vars, order, profile_name,
    secret_files::SecretFiles,
};

/// Holds every default of `C` against its field: those for all profiles, and those of each profile.
pub(crate) fn check<C: Config>() -> Result<(), Report> {
    let mut problems = of_profile::<C>("");
    let for_all = problems.len();
    for profile in profiles(C::TREE) {
        for mut problem in of_profile::<C>(profile) {
            let is_known = problems.get(..for_all).is_some_and(|all| all.contains(&problem));
            if !is_known {
                problem.message = format!("{} (the default in {profile})", problem.message);
                problems.push(problem);
            }
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    order::sort(&mut problems, &Describe::all::<C>());
    Err(Report::new(problems, Vec::new()))
}

/// The problems of the defaults in one profile: no variable is set, and none is missed.
fn of_profile<C: Config>(profile: &'static str) -> Vec<Problem> {
    let nothing = Vars::new();
    let files = SecretFiles::default();
    let mut loader = Loader::new::<C>(&nothing, &files, false);
    loader.every_group = true;
    loader.profile = Some(Cow::Borrowed(profile));
    drop(C::load_with(&mut loader, None));
    let Loader { mut problems, .. } = loader;
    problems.retain(|problem| matches!(problem.kind, ProblemKind::Rule | ProblemKind::Unreadable));
    problems
}

/// The profiles that have defaults of their own, in the order of declaration.
fn profiles(tree: &'static [Tree]) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    let named = tree.iter().flat_map(|entry| match entry {
        Tree::Field(field) => field.profile_defaults.iter().map(|default| default.0).collect(),
        Tree::Nested(_, below) | Tree::Given(_, below) => profiles(below),
    });
    for profile in named {
        if !found.iter().any(|known| profile_name::is(profile, known)) {
            found.push(profile);
        }
    }
    found
}
