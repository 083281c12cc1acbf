use std::fmt;

use super::{
    facts::{about, comments, is_neutral},
    resource_name::{is_key, subdomain},
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
/// runs in production; see [`Sources::allow_empty`](crate::Sources::allow_empty) for one that takes it as a value.
/// One that may be left out is a comment, and so is one whose default holds a password.
///
/// A variable whose name has other characters than letters and digits of ASCII, `-`, `_` and `.` can be no key of
/// either: it is a comment too, for the `env` of the container to set.
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

    /// Gives the resources another name than `app`, in the form that Kubernetes asks for: in lower case, at most 253
    /// characters, each that is no letter or digit of ASCII nor a dot as a hyphen, and no hyphen at the ends or
    /// beside a dot. `my_app` becomes `my-app`; of what has no letter and no digit nothing is left, and the name
    /// stays as it was.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        if let Some(name) = subdomain(&name.into()) {
            self.name = name;
        }
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
        let mut secrets = self.of(true);
        secrets.retain(|spec| is_key(&spec.name));
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
        let default = spec.default_value();
        let mut lines = about(spec, default);
        let is_key = is_key(&spec.name);
        if !is_key {
            lines.push(String::from(
                "no key can have this name: set it in `env` of the container",
            ));
        }
        out.push_str(&comments("  ", &lines));
        let set = is_key && (spec.must_be_set() || (default.is_some() && is_neutral(spec)));
        let mark = if set { "" } else { "# " };
        let (name, value) = (yaml::key(&spec.name), yaml::text(default.unwrap_or_default()));
        out.push_str(&format!("  {mark}{name}: {value}\n"));
        any |= set;
    }
    let none = if any { "" } else { " {}" };
    format!("{key}:{none}\n{out}")
}
