use std::{collections::BTreeSet, fmt};

use super::{
    facts::{comments, facts, is_neutral},
    yaml,
};
use crate::FieldSpec;

/// The part of a compose file that gives a service its variables.
///
/// Every variable is taken from the environment of the caller or its `.env` file, else has its default; one that
/// is required and not set stops `docker compose` itself. A required secret is a file in `./secrets`, mounted by
/// `secrets` and named by `NAME_FILE`, so that it stands in no environment. Written after the
/// [Compose Specification](https://github.com/compose-spec/compose-spec/blob/main/spec.md); its
/// [interpolation](https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md) knows
/// `${NAME:-default}` and `${NAME:?message}`.
///
/// # Examples
/// ```
/// use groundcrew_envcfg::{Config, Secret};
///
/// #[derive(Config)]
/// struct Settings {
///     #[config(default = "info")]
///     log_level: String,
///     auth_secret: Secret,
/// }
///
/// let compose = Settings::docs().compose().service("lobby").to_string();
/// assert!(compose.contains("\n      LOG_LEVEL: \"${LOG_LEVEL:-info}\"\n"));
/// assert!(compose.ends_with("\
///       AUTH_SECRET_FILE: \"/run/secrets/auth_secret\"
///     secrets:
///       - auth_secret
/// secrets:
///   auth_secret:
///     file: ./secrets/auth_secret
/// "));
/// ```
#[derive(Clone, Debug)]
pub struct Compose {
    service: String,
    fields: Vec<FieldSpec>,
}

impl Compose {
    pub(super) fn new(fields: Vec<FieldSpec>) -> Self {
        Self {
            service: String::from("app"),
            fields,
        }
    }

    /// Gives the service another name than `app`.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = name.into();
        self
    }
}

impl fmt::Display for Compose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = yaml::name(&self.service);
        writeln!(f, "services:\n  {service}:\n    environment:")?;
        for spec in &self.fields {
            let description = spec.description.lines().map(str::to_owned);
            f.write_str(&comments("      ", description.chain(facts(spec))))?;
            writeln!(f, "      {}", variable(spec))?;
        }
        let files: BTreeSet<String> = self
            .fields
            .iter()
            .filter(|spec| by_file(spec))
            .map(file)
            .collect();
        if files.is_empty() {
            return Ok(());
        }
        f.write_str("    secrets:\n")?;
        for file in &files {
            writeln!(f, "      - {}", yaml::key(file))?;
        }
        f.write_str("secrets:\n")?;
        for file in &files {
            writeln!(f, "  {}:\n    file: ./secrets/{file}", yaml::key(file))?;
        }
        Ok(())
    }
}

fn variable(spec: &FieldSpec) -> String {
    let name = &spec.name;
    if by_file(spec) {
        let path = yaml::text(&format!("/run/secrets/{}", file(spec)));
        return format!("{}: {path}", yaml::key(&format!("{name}_FILE")));
    }
    // What interpolation would change is left to the program's own default.
    let default = spec
        .default
        .as_deref()
        .filter(|text| is_neutral(spec) && !text.contains(['$', '{', '}']))
        .unwrap_or_default();
    let value = match spec.must_be_set() {
        true => format!("${{{name}:?must be set}}"),
        false => format!("${{{name}:-{default}}}"),
    };
    format!("{}: {}", yaml::key(name), yaml::text(&value))
}

/// Whether it comes as a file: compose refuses to start a service when the file of a secret is not there, and so
/// only those that must be there do.
const fn by_file(spec: &FieldSpec) -> bool {
    spec.secret && spec.file && spec.must_be_set()
}

fn file(spec: &FieldSpec) -> String {
    spec.name.to_lowercase()
}
