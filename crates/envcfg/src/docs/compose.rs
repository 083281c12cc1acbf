use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{
    facts::{about, comments, is_neutral},
    resource_name::{compose, is_identifier},
    yaml,
};
use crate::FieldSpec;

/// The part of a compose file that gives a service its variables.
///
/// Every variable is taken from the environment of the caller or its `.env` file, else has its default; one that
/// is required and not set stops `docker compose` itself. One with neither is not there unless the caller has it,
/// and so is one whose default holds a password, depends on the profile or cannot be written. A required secret is
/// a file in `./secrets`, mounted by `secrets` and named by `NAME_FILE`, so that it stands in no environment; of two
/// whose names differ in case alone, the file of the second has a number behind its name. Written after the
/// [Compose Specification](https://github.com/compose-spec/compose-spec/blob/main/spec.md); its
/// [interpolation](https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md) knows
/// `${NAME:-default}` and `${NAME:?message}`, for names of letters and digits of ASCII and `_`; variables with
/// other names are passed on.
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

    /// Gives the service another name than `app`, in the form that compose asks for: each character that is no
    /// letter or digit of ASCII, `-`, `_` or `.` as a hyphen, so that `A B` becomes `A-B`. What has no letter and no
    /// digit leaves the name as it was.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        if let Some(name) = compose(&name.into()) {
            self.service = name;
        }
        self
    }
}

impl fmt::Display for Compose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = yaml::name(&self.service);
        writeln!(f, "services:\n  {service}:\n    environment:")?;
        let files = files(&self.fields);
        for spec in &self.fields {
            let default = default(spec);
            f.write_str(&comments("      ", &about(spec, default)))?;
            let variable = match files.get(spec.name.as_str()) {
                Some(file) => mounted(spec, file),
                None => passed_on(spec, default),
            };
            writeln!(f, "      {variable}")?;
        }
        if files.is_empty() {
            return Ok(());
        }
        let files: BTreeSet<&String> = files.values().collect();
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

fn mounted(spec: &FieldSpec, file: &str) -> String {
    let path = yaml::text(&format!("/run/secrets/{file}"));
    format!("{}: {path}", yaml::key(&format!("{}_FILE", spec.name)))
}

/// The variable as the caller has it, else with `default`; else it is not there.
fn passed_on(spec: &FieldSpec, default: Option<&str>) -> String {
    let name = &spec.name;
    let otherwise = match (spec.must_be_set(), default) {
        (true, _) => Some(String::from("?must be set")),
        (false, default) => default.map(|text| format!("-{text}")),
    };
    let value = otherwise
        .filter(|_| is_identifier(name))
        .map(|otherwise| format!(" {}", yaml::text(&format!("${{{name}:{otherwise}}}"))));
    format!("{}:{}", yaml::key(name), value.unwrap_or_default())
}

/// The default that can stand in the file: what interpolation would change is left to the program's own.
fn default(spec: &FieldSpec) -> Option<&str> {
    let changes = |c: char| "${}".contains(c) || c.is_control();
    spec.default_value()
        .filter(|text| is_neutral(spec) && is_identifier(&spec.name) && !text.contains(changes))
}

/// The file of each variable that comes as one. Compose refuses to start a service when the file of a secret is not
/// there, and so only those that must be there do.
fn files(fields: &[FieldSpec]) -> BTreeMap<&str, String> {
    let mut taken = BTreeSet::new();
    let by_file = fields
        .iter()
        .filter(|spec| spec.secret && spec.file && spec.must_be_set());
    by_file
        .map(|spec| {
            let name = compose(&spec.name).unwrap_or_else(|| String::from("secret"));
            (spec.name.as_str(), free(&name.to_ascii_lowercase(), &mut taken))
        })
        .collect()
}

/// `name`, with a number behind it if it is taken.
fn free(name: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2_u32..).map(|number| format!("{name}-{number}"));
    let mut names = [name.to_owned()].into_iter().chain(numbered);
    names.find(|name| taken.insert(name.clone())).unwrap_or_default()
}
