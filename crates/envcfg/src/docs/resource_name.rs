//! The names that Kubernetes and compose take.

/// `name` as the name of a resource of Kubernetes: a DNS subdomain after
/// [RFC 1123](https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names).
///
/// `None` if nothing is left of it.
pub(super) fn subdomain(name: &str) -> Option<String> {
    let allowed = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
        '.' => '.',
        _ => '-',
    };
    let name: String = name.chars().map(allowed).take(LONGEST).collect();
    let labels = name.split('.').map(|label| label.trim_matches('-'));
    let labels: Vec<&str> = labels.filter(|label| !label.is_empty()).collect();
    (!labels.is_empty()).then(|| labels.join("."))
}

/// `name` as a name in a compose file: of a service or a secret. `None` if nothing is left of it.
pub(super) fn compose(name: &str) -> Option<String> {
    let allowed = |c: char| if is_plain(c) { c } else { '-' };
    let has_content = name.contains(|c: char| c.is_ascii_alphanumeric());
    has_content.then(|| name.chars().map(allowed).collect())
}

/// Whether a `ConfigMap` and a Secret can have it as a key.
pub(super) fn is_key(name: &str) -> bool {
    name.chars().all(is_plain) && name.len() <= LONGEST && !name.starts_with("..") && name != "."
}

/// Whether compose can read it between `${` and `}`.
pub(super) fn is_identifier(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._".contains(c)
}

const LONGEST: usize = 253;
