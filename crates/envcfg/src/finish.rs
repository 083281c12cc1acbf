use std::borrow::Cow;

use crate::{
    EnvSource, FieldSpec, Origin, Problem, ProblemKind, Warning, dotenv,
    excerpt::Excerpt,
    fix::Fix,
    one_line::one_line,
    scrub::{About, Secrets},
    secret_files::SecretFiles,
    shown::Shown,
    suggest::Slips,
};

/// What a load reads: a source that says the same again, and files.
pub(crate) type Read<'r> = (&'r dyn EnvSource, &'r SecretFiles);

/// Adds what needs the whole schema: suggestions, fixes, lines of files, and a last look that no secret is in
/// any words.
pub(crate) fn complete(
    problems: &mut [Problem],
    warnings: &mut Vec<Warning>,
    schema: &[FieldSpec],
    read: Read<'_>,
) {
    let (source, _) = read;
    let slips = Slips::new(schema, source);
    for problem in problems
        .iter_mut()
        .filter(|problem| problem.kind == ProblemKind::Missing)
    {
        let suggestion = problem.variable().and_then(|variable| slips.of(variable));
        problem.suggestion = suggestion.map(str::to_owned);
    }
    let is_said = |spec: &FieldSpec| {
        problems
            .iter()
            .any(|problem| problem.variable() == Some(&spec.name))
    };
    warnings.extend(slips.warnings(|spec| !is_said(spec)));

    let secrets = secrets(schema, problems, read);
    for problem in problems {
        withhold_refusal(problem, schema);
        name_suspect(problem, schema);
        clean_words(problem, &secrets, schema);
        hide_value(problem, &secrets, source);
        // The parts of a preflight may have a field of the same name beside the whole.
        let mut specs = schema.iter().filter(|spec| spec.path == problem.path);
        let is_its = |spec: &&FieldSpec| problem.variable.as_deref() == Some(&*spec.name);
        let spec = specs.clone().find(is_its).or_else(|| specs.next());
        let Some(spec) = spec.filter(|_| !problem.path.is_empty()) else {
            continue;
        };
        problem.fix = Fix::of(problem, spec, source);
        problem.excerpt = Excerpt::of(problem, spec, source, &secrets);
    }
}

/// Takes out what a line says about a variable that is not set, if only the schema tells that it may be a secret.
fn withhold_refusal(problem: &mut Problem, schema: &[FieldSpec]) {
    let Some(refused) = problem.refused.take() else {
        return;
    };
    let is_named = |name: String| name == refused || problem.suspect.as_ref() == Some(&name);
    if schema
        .iter()
        .any(|spec| spec.secret && spec.names().any(is_named))
    {
        dotenv::WITHHELD.clone_into(&mut problem.message);
    }
}

/// Says which variable a wrong line sets, if the schema knows it: any other text may be part of a secret.
fn name_suspect(problem: &mut Problem, schema: &[FieldSpec]) {
    let is_known = |suspect: &String| {
        let mut names = schema.iter().flat_map(FieldSpec::names);
        names.any(|name| name == *suspect)
    };
    if problem.variable.is_none() {
        problem.variable = problem.suspect.take().filter(is_known);
    }
}

/// `message`, which somebody else wrote about the value `text`, as a report may show it.
pub(crate) fn without(message: &str, text: &str, shown: &Shown) -> String {
    // serde likes to end with the value, which the report shows already.
    let message = message.strip_suffix(&format!(": {text:?}")).unwrap_or(message);
    let mut secrets = Secrets::default();
    match shown {
        Shown::Secret { .. } => secrets.add(text),
        Shown::Text { .. } | Shown::NotUnicode { .. } => secrets.add_credentials(text),
    }
    secrets.clean(message, About::Value).into_owned()
}

/// Takes secrets out of what neither the schema nor this crate wrote.
fn clean_words(problem: &mut Problem, secrets: &Secrets, schema: &[FieldSpec]) {
    let cleaned = |words: &str| secrets.clean(words, About::Anything).into_owned();
    if problem.is_foreign {
        problem.message = cleaned(&problem.message);
    }
    if let Some(Origin::Named(name)) = &mut problem.origin {
        *name = cleaned(name).into();
    }
    if let Some(Cow::Owned(rule)) = &mut problem.rule {
        *rule = cleaned(rule);
    }
    let is_known = |name: &str| {
        schema
            .iter()
            .any(|spec| spec.path == problem.path || spec.name == name)
    };
    if let Some(name) = problem.variable.as_deref().filter(|name| !is_known(name)) {
        problem.variable = Some(cleaned(name));
    }
    problem.message = one_line(&problem.message);
}

/// Hides a value that is no secret itself but gives one away: judged as it was set, since what is shown is shortened.
fn hide_value(problem: &mut Problem, secrets: &Secrets, source: &dyn EnvSource) {
    let Some(shown) = &mut problem.shown else {
        return;
    };
    let whole = problem
        .variable
        .as_deref()
        .and_then(|variable| source.lookup(variable)?.into_parts().0.into_string().ok())
        .unwrap_or_default();
    let part = shown.text().is_some_and(|text| secrets.stand_in(text));
    if part || secrets.stand_in(&whole) {
        shown.hide();
        if problem.is_foreign {
            problem.message = without(&problem.message, &whole, shown);
        }
    }
}

/// Every secret that the load took or may have taken: of variables, of files and of defaults.
pub(crate) fn secrets(schema: &[FieldSpec], problems: &[Problem], read: Read<'_>) -> Secrets {
    let (source, files) = read;
    let mut secrets = Secrets::default();
    for spec in schema {
        let mut add = |text: &str, is_secret: bool| match is_secret {
            true => secrets.add(text),
            false => secrets.add_credentials(text),
        };
        let mut is_set = false;
        for name in spec.value_names() {
            let Some(value) = source.lookup(name).filter(|value| !value.is_empty()) else {
                continue;
            };
            is_set = true;
            let (text, origin) = value.into_parts();
            if let Some(text) = text.to_str() {
                add(text, spec.secret || origin.is_secret());
            }
        }
        // A default may stand in for a value that is wrong.
        if !is_set || problems.iter().any(|problem| problem.path == spec.path) {
            spec.withheld.for_each(|text| add(text, spec.secret));
        }
    }
    files.for_each(|text| secrets.add(text));
    secrets
}
