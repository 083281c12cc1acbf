use std::fmt;

use super::{
    facts::{comments, facts, is_neutral},
    yaml,
};
use crate::FieldSpec;

/// Resources for Kubernetes: a `ConfigMap` with the defaults, a Secret to fill in, and how a container takes both.
///
/// `Display` gives the `ConfigMap` and the Secret as one file for `kubectl apply`. The fields are those of
/// [ConfigMap](https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/config-map-v1/),
/// [Secret](https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/) and
/// [EnvVar](https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables)
/// in version `v1` of the API.
///
/// A variable that must be filled in is an empty text: a load takes that as missing, so that no placeholder ever
/// runs in production. One that may be left out is a comment.
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
/// let kubernetes = Settings::docs().kubernetes().named("lobby");
/// assert_eq!(kubernetes.config_map(), "\
/// apiVersion: v1
/// kind: ConfigMap
/// metadata:
///   name: lobby
/// data:
///   LOG_LEVEL: \"info\"
/// ");
/// assert!(kubernetes.secret().ends_with("\n  AUTH_SECRET: \"\"\n"));
/// assert!(kubernetes.container().contains("        name: lobby\n        key: AUTH_SECRET\n"));
/// ```
#[derive(Clone, Debug)]
pub struct Kubernetes {
    name: String,
    fields: Vec<FieldSpec>,
}

impl Kubernetes {
    pub(super) fn new(fields: Vec<FieldSpec>) -> Self {
        Self {
            name: String::from("app"),
            fields,
        }
    }

    /// Gives the resources another name than `app`.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The `ConfigMap` with every variable that is no secret and its default.
    #[must_use]
    pub fn config_map(&self) -> String {
        let mut out = self.head("ConfigMap", "");
        out.push_str(&entries("data", &self.of(false)));
        out
    }

    /// The Secret with every variable that is one, without values.
    #[must_use]
    pub fn secret(&self) -> String {
        let mut out = self.head("Secret", "type: Opaque\n");
        out.push_str(&entries("stringData", &self.of(true)));
        out
    }

    /// The part of a container that takes the whole `ConfigMap`, and of the Secret each variable by name: a pod
    /// whose Secret lacks a required one does not start, and its events say which.
    #[must_use]
    pub fn container(&self) -> String {
        let name = yaml::name(&self.name);
        let mut out = format!("envFrom:\n  - configMapRef:\n      name: {name}\n");
        let secrets = self.of(true);
        if secrets.is_empty() {
            return out;
        }
        out.push_str("env:\n");
        for spec in secrets {
            let key = yaml::key(&spec.name);
            out.push_str(&format!("  - name: {key}\n    valueFrom:\n      secretKeyRef:\n"));
            out.push_str(&format!("        name: {name}\n        key: {key}\n"));
            if !spec.must_be_set() {
                out.push_str("        optional: true\n");
            }
        }
        out
    }

    /// The variables that are secrets, or those that are none.
    fn of(&self, secret: bool) -> Vec<&FieldSpec> {
        self.fields.iter().filter(|spec| spec.secret == secret).collect()
    }

    fn head(&self, kind: &str, more: &str) -> String {
        let name = yaml::name(&self.name);
        format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n{more}")
    }
}

impl fmt::Display for Kubernetes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}---\n{}", self.config_map(), self.secret())
    }
}

fn entries(key: &str, fields: &[&FieldSpec]) -> String {
    let (mut out, mut any) = (String::new(), false);
    for spec in fields {
        let description = spec.description.lines().map(str::to_owned);
        out.push_str(&comments("  ", description.chain(facts(spec))));
        let default = spec.default.as_deref();
        let set = spec.must_be_set() || (default.is_some() && is_neutral(spec));
        let mark = if set { "" } else { "# " };
        let (name, value) = (yaml::key(&spec.name), yaml::text(default.unwrap_or_default()));
        out.push_str(&format!("  {mark}{name}: {value}\n"));
        any |= set;
    }
    let none = if any { "" } else { " {}" };
    format!("{key}:{none}\n{out}")
}
