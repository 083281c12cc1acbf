use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
};

use serde::Deserialize;
use serde_json::Value;

use super::Mode;
use crate::{
    Error, cargo,
    ledger::Outcome,
    metadata::{BRAND, Metadata, Package},
    process,
};

/// Which foreign crates' types stand in public signatures: only those of the allow-list.
///
/// Read from rustdoc's JSON, which a stable toolchain writes when told to treat it as unstable; a wrapper tells
/// rustdoc alone, so that nothing else is built differently.
pub(super) fn check(metadata: &Metadata, _: Mode) -> Result<Outcome, Error> {
    document()?;
    let mut problems = Vec::new();
    for package in metadata.packages.iter().filter(|package| is_published(package)) {
        let path = cargo::target()
            .join("doc")
            .join(format!("{}.json", package.name.replace('-', "_")));
        let json = fs::read(&path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        let api: Api = serde_json::from_slice(&json).map_err(|source| Error::Json { path, source })?;
        for (foreign, places) in api.foreign_crates() {
            if !is_allowed(&package.name, &foreign) {
                let places: Vec<_> = places.into_iter().take(3).collect();
                problems.push(format!(
                    "{}: a type of {foreign} in {}",
                    package.name,
                    places.join(", ")
                ));
            }
        }
    }
    Ok(Outcome::of(&problems))
}

fn is_published(package: &Package) -> bool {
    package.has_library() && package.name.starts_with(BRAND) && package.name != "groundcrew-testkit"
}

/// Documents the whole workspace, as the step `rustdoc` does: other selections would build dependencies again.
fn document() -> Result<(), Error> {
    let mut command = cargo::cargo("doc");
    command
        .args(["--workspace", "--no-deps", "--all-features", "--quiet"])
        .env("RUSTDOC", wrapper()?)
        .env(
            "RUSTDOCFLAGS",
            "-Z unstable-options --output-format json --cap-lints allow",
        );
    process::run(&mut command)
}

fn wrapper() -> Result<PathBuf, Error> {
    let path = cargo::target().join("tools/rustdoc-json");
    let write = || {
        fs::create_dir_all(cargo::target().join("tools"))?;
        fs::write(&path, WRAPPER)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
    };
    write().map_err(|source| Error::Write {
        path: path.clone(),
        source,
    })?;
    Ok(path)
}

fn is_allowed(package: &str, foreign: &str) -> bool {
    let of_package = |(of, foreigns): &(&str, &[&str])| *of == package && foreigns.contains(&foreign);
    foreign.starts_with(BRAND) || ALLOWED.contains(&foreign) || ALLOWED_IN.iter().any(of_package)
}

/// The part of rustdoc's JSON that says which items a public interface names.
#[derive(Debug, Deserialize)]
struct Api {
    index: BTreeMap<String, Item>,
    paths: BTreeMap<String, Summary>,
    external_crates: BTreeMap<String, ExternalCrate>,
}

#[derive(Debug, Deserialize)]
struct Item {
    crate_id: u32,
    name: Option<String>,
    inner: Value,
}

#[derive(Debug, Deserialize)]
struct Summary {
    crate_id: u32,
    path: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ExternalCrate {
    name: String,
}

impl Api {
    /// The foreign crates, each with the types of it that are named and where.
    fn foreign_crates(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for item in self
            .index
            .values()
            .filter(|item| item.crate_id == 0 && !is_automatic(&item.inner))
        {
            let mut ids = BTreeSet::new();
            named_ids(&item.inner, &mut ids);
            for summary in ids
                .iter()
                .filter_map(|id| self.paths.get(id))
                .filter(|summary| summary.is_nameable())
            {
                let Some(foreign) = self.external_crates.get(&summary.crate_id.to_string()) else {
                    continue;
                };
                let place = format!(
                    "{} ({})",
                    item.name.as_deref().unwrap_or("an impl"),
                    summary.path.join("::")
                );
                found.entry(foreign.name.clone()).or_default().insert(place);
            }
        }
        found
    }
}

impl Summary {
    /// Whether callers may name it; macros write what they may not.
    fn is_nameable(&self) -> bool {
        self.path.iter().all(|segment| segment != "__private")
    }
}

/// Whether an item is an `impl` that nobody wrote: of an auto trait, or of a blanket impl elsewhere.
fn is_automatic(inner: &Value) -> bool {
    inner.get("impl").is_some_and(|block| {
        block.get("is_synthetic") == Some(&Value::Bool(true))
            || block
                .get("blanket_impl")
                .is_some_and(|blanket| !blanket.is_null())
    })
}

/// Collects the ids of the paths and re-exports anywhere in `value`.
fn named_ids(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| named_ids(value, ids)),
        Value::Object(fields) => {
            let is_path = fields.contains_key("path") && fields.contains_key("args");
            let is_export = fields.contains_key("source") && fields.contains_key("is_glob");
            if let (true, Some(id)) = (is_path || is_export, fields.get("id").and_then(Value::as_u64)) {
                ids.insert(id.to_string());
            }
            fields.values().for_each(|value| named_ids(value, ids));
        }
        _ => {}
    }
}

const WRAPPER: &str = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n";

/// The crates whose types may stand in any public signature, with those that they are made of.
const ALLOWED: [&str; 22] = [
    "alloc",
    "core",
    "std",   // std
    "bytes", //
    "http",
    "http_body", // http
    "tower",
    "tower_layer",
    "tower_service", // tower
    "axum",
    "axum_core", // axum
    "serde",
    "serde_core", // serde
    "tracing",
    "tracing_core",
    "tracing_subscriber", // tracing
    "tokio",              //
    "postgres_types",
    "tokio_postgres",    // tokio_postgres
    "prometheus_client", //
    "url",               //
    "proc_macro",        // derives
];

/// What a single crate may show besides: a service brings its own pool to dbopt, connect hands drivers and their errors
/// to the other crates, what a secret may hold is what zeroize can wipe, the rules of envcfg are validator's, lifecycle
/// serves the bodies of hyper, and metrics records what the macros of the crate of that name tell.
const ALLOWED_IN: [(&str, &[&str]); 6] = [
    ("groundcrew-base", &["validator", "zeroize"]),
    ("groundcrew-dbopt", &["deadpool", "deadpool_postgres"]),
    (
        "groundcrew-connect",
        &[
            "hyper",
            "hyper_util",
            "rustls",
            "rustls_pki_types",
            "tokio_postgres_rustls",
        ],
    ),
    ("groundcrew-envcfg", &["validator"]),
    ("groundcrew-lifecycle", &["hyper"]),
    ("groundcrew-metrics", &["metrics"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_types_of_written_items_are_found_and_those_of_automatic_impls_are_not() {
        let api: Api = serde_json::from_str(
            r#"{
                "index": {
                    "1": {"crate_id": 0, "name": "send", "inner": {"function": {"sig": {"inputs": [
                        ["body", {"resolved_path": {"path": "Bytes", "id": 10, "args": null}}]
                    ]}}}},
                    "2": {"crate_id": 0, "name": null, "inner": {"impl": {"is_synthetic": false,
                        "blanket_impl": {"generic": "T"}, "trait": {"path": "Tap", "id": 11, "args": null}}}},
                    "3": {"crate_id": 0, "name": "fred", "inner": {"use": {"source": "fred", "id": 12, "is_glob": false}}},
                    "5": {"crate_id": 0, "name": null, "inner": {"impl": {"trait": {"path": "PinnedFieldsOf", "id": 13, "args": null}}}},
                    "4": {"crate_id": 7, "name": "elsewhere", "inner": {"x": {"path": "Tap", "id": 11, "args": null}}}
                },
                "paths": {
                    "10": {"crate_id": 5, "path": ["bytes", "Bytes"]},
                    "11": {"crate_id": 6, "path": ["tap", "Tap"]},
                    "12": {"crate_id": 8, "path": ["fred"]},
                    "13": {"crate_id": 9, "path": ["pin_project_lite", "__private", "PinnedFieldsOf"]}
                },
                "external_crates": {"5": {"name": "bytes"}, "6": {"name": "tap"}, "8": {"name": "fred"}, "9": {"name": "pin_project_lite"}}
            }"#,
        )
        .unwrap();

        let found = api.foreign_crates();

        assert_eq!(found.keys().collect::<Vec<_>>(), ["bytes", "fred"]);
        assert!(found["bytes"].contains("send (bytes::Bytes)"));
    }

    #[test]
    fn a_type_is_allowed_everywhere_or_in_one_crate() {
        assert!(is_allowed("groundcrew-cache", "bytes"));
        assert!(is_allowed("groundcrew-dbopt", "deadpool_postgres"));
        assert!(!is_allowed("groundcrew-cache", "deadpool_postgres"));
        assert!(!is_allowed("groundcrew-cache", "fred"));
    }
}
