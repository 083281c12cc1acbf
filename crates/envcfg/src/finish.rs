use std::path::Path;

use crate::{
    EnvSource, FieldSpec, Origin, Problem, ProblemKind, Warning,
    excerpt::Excerpt,
    fix::fix,
    raw::read_secret,
    scrub::{About, Secrets},
    shown::Shown,
    suggest::Slips,
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
        clean(problem, &secrets, schema);
        let spec = schema.iter().find(|spec| spec.path == problem.path);
        let Some(spec) = spec.filter(|_| !problem.path.is_empty()) else {
            continue;
        };
        problem.fix = fix(problem, spec, source);
        problem.excerpt = Excerpt::of(problem, spec, source);
    }
}

/// Says which variable a wrong line sets, if the schema knows it: any other text may be part of a secret.
fn name_suspect(problem: &mut Problem, schema: &[FieldSpec]) {
    let is_known = |suspect: &String| {
        let mut names = schema
            .iter()
            .flat_map(|spec| [&spec.name].into_iter().chain(&spec.aliases));
        names.any(|name| name == suspect)
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
        Shown::Text(_) | Shown::NotUnicode { .. } => secrets.add_credentials(text),
    }
    secrets.clean(message, About::Value).into_owned()
}

/// Takes secrets out of what neither the schema nor this crate wrote.
fn clean(problem: &mut Problem, secrets: &Secrets, schema: &[FieldSpec]) {
    let is_foreign = match problem.kind {
        ProblemKind::Check | ProblemKind::Service | ProblemKind::Syntax => true,
        ProblemKind::Missing
        | ProblemKind::NotUnicode
        | ProblemKind::Unreadable
        | ProblemKind::Rule
        | ProblemKind::Conflict
        | ProblemKind::File => false,
    };
    if is_foreign {
        problem.message = secrets.clean(&problem.message, About::Anything).into_owned();
        if let Some(Origin::Named(name)) = &mut problem.origin {
            *name = secrets.clean(name, About::Anything).into_owned().into();
        }
    }
    if let Some(rule) = problem
        .rule
        .as_mut()
        .filter(|rule| matches!(rule, std::borrow::Cow::Owned(_)))
    {
        *rule = secrets.clean(rule, About::Anything).into_owned().into();
    }
    let is_known = |name: &str| {
        schema
            .iter()
            .any(|spec| spec.path == problem.path || spec.name == name)
    };
    if let Some(name) = problem.variable.as_deref().filter(|name| !is_known(name)) {
        problem.variable = Some(secrets.clean(name, About::Anything).into_owned());
    }
    if let Some(Shown::Text(text)) = &problem.shown
        && secrets.stand_in(text)
    {
        problem.shown = Some(Shown::Secret {
            chars: text.chars().count(),
        });
    }
    problem.message = one_line(&problem.message);
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
        for name in [&spec.name].into_iter().chain(&spec.aliases) {
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
