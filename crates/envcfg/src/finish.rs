use groundcrew_base::redact;

use crate::{
    EnvSource, FieldSpec, Problem, ProblemKind,
    shown::{Shown, safe},
};

/// Adds what needs the whole schema: suggestions, and a last look that no secret is in any message.
pub(crate) fn complete(problems: &mut [Problem], schema: &[FieldSpec], source: &dyn EnvSource) {
    if problems
        .iter()
        .any(|problem| problem.kind == ProblemKind::Missing)
    {
        suggest(problems, schema, source);
    }
    let secrets = secrets(schema, source);
    for problem in problems {
        for secret in &secrets {
            if problem.message.contains(secret.as_str()) {
                problem.message = problem.message.replace(secret.as_str(), "<secret>");
            }
        }
    }
}

/// `message` with `text` in the form in which a report may show it.
pub(crate) fn without(message: &str, text: &str, shown: &Shown) -> String {
    // serde likes to end with the value, which the report shows already.
    let message = message.strip_suffix(&format!(": {text:?}")).unwrap_or(message);
    let plain = matches!(shown, Shown::Text(_)) && safe(text) == text;
    if plain || text.len() < TELLING {
        return redact(message).into_owned();
    }
    redact(&message.replace(text, &shown.to_string())).into_owned()
}

fn secrets(schema: &[FieldSpec], source: &dyn EnvSource) -> Vec<String> {
    let secret = schema.iter().filter(|spec| spec.secret);
    let names = secret.flat_map(|spec| [&spec.name].into_iter().chain(&spec.aliases));
    let values = names.filter_map(|name| source.lookup(name)?.into_parts().0.into_string().ok());
    values.filter(|text| text.len() >= TELLING).collect()
}

fn suggest(problems: &mut [Problem], schema: &[FieldSpec], source: &dyn EnvSource) {
    let mut unused = source.names();
    unused.sort_unstable();
    unused.retain(|name| !schema.iter().any(|spec| reads(spec, name)));
    for problem in problems
        .iter_mut()
        .filter(|problem| problem.kind == ProblemKind::Missing)
    {
        problem.suggestion = problem
            .variable
            .as_deref()
            .and_then(|variable| nearest(variable, &unused));
    }
}

fn reads(spec: &FieldSpec, name: &str) -> bool {
    let by_file = || spec.file && name.strip_suffix("_FILE") == Some(&spec.name);
    spec.name == name || spec.aliases.iter().any(|alias| alias == name) || by_file()
}

/// The name in `unused` that one or two slips of the finger turn into `wanted`.
fn nearest(wanted: &str, unused: &[String]) -> Option<String> {
    let most = match wanted.len() {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    let scored = unused
        .iter()
        .filter(|name| name.len().abs_diff(wanted.len()) <= most)
        .map(|name| {
            (
                strsim::damerau_levenshtein(&name.to_ascii_uppercase(), wanted),
                name,
            )
        });
    let (_, name) = scored.filter(|(distance, _)| *distance <= most).min()?;
    Some(name.clone())
}

/// A shorter text is in too many words to tell a leak from a coincidence.
const TELLING: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_within_two_slips_is_suggested() {
        let names = [
            "DATABASE_SSL",
            "DATABSE_URL",
            "PORT2",
            "RDIS_ULR",
            "TERM",
            "redis_host",
        ]
        .map(String::from);

        assert_eq!(nearest("DATABASE_URL", &names).as_deref(), Some("DATABSE_URL"));
        assert_eq!(nearest("REDIS_URL", &names).as_deref(), Some("RDIS_ULR"));
        assert_eq!(nearest("REDIS_HOST", &names).as_deref(), Some("redis_host"));
        assert_eq!(nearest("TEAM", &names).as_deref(), Some("TERM"));
        assert_eq!(nearest("AUTH_SECRET", &names), None);
        assert_eq!(nearest("TZ", &names), None);
    }
}
