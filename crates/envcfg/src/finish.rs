use std::{borrow::Cow, path::Path};

use crate::{
    EnvSource, FieldSpec, Origin, Problem, ProblemKind, Warning,
    excerpt::Excerpt,
    fix::Fix,
    scrub::{About, Secrets},
    shown::Shown,
    suggest::Slips,
    variable::read_secret,
};

/// Adds what needs the whole schema: suggestions, fixes, lines of files, and a last look that no secret is in
/// any words.
pub(crate) fn complete(
    problems: &mut [Problem],
    warnings: &mut Vec<Warning>,
    schema: &[FieldSpec],
    source: &dyn EnvSource,
) {
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

    let secrets = secrets(schema, source);
    for problem in problems {
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

/// Letters that move the cursor or start a line have no place in a message.
fn one_line(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for c in message.chars() {
        if c.is_control() {
            out.extend(c.escape_debug());
        } else {
            out.push(c);
        }
    }
    out
}

/// Every secret that the source gives to the schema.
pub(crate) fn secrets(schema: &[FieldSpec], source: &dyn EnvSource) -> Secrets {
    let mut secrets = Secrets::default();
    let text = |name: &str| {
        let (text, origin) = source.lookup(name)?.into_parts();
        Some((text.into_string().ok()?, origin))
    };
    for spec in schema {
        for name in spec.value_names() {
            match text(name) {
                Some((text, origin)) if spec.secret || origin.is_secret() => secrets.add(&text),
                Some((text, _)) => secrets.add_credentials(&text),
                None => {}
            }
        }
        let pointer = text(&format!("{}_FILE", spec.name)).filter(|_| spec.file);
        if let Some(Ok(content)) = pointer.map(|(path, _)| read_secret(Path::new(&path))) {
            secrets.add(&content);
        }
    }
    secrets
}
