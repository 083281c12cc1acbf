use super::{Mode, budget};
use crate::{
    Error,
    ledger::Outcome,
    metadata::{BRAND, Dependency, Metadata, Package},
};

/// Every edge between crates points to the left in [`RANKS`], and between siblings is an optional feature.
pub(super) fn declared(metadata: &Metadata, _: Mode) -> Result<Outcome, Error> {
    Ok(Outcome::of(&violations(&metadata.packages)))
}

/// No crate pulls a sibling when its features are off.
pub(super) fn resolved(metadata: &Metadata, _: Mode) -> Result<Outcome, Error> {
    let mut problems = Vec::new();
    for package in metadata
        .packages
        .iter()
        .filter(|package| is_sibling(&package.name))
    {
        for (name, _) in budget::tree(&package.name, &["--no-default-features"])? {
            let own = name == package.name || is_derive_of(&package.name, &name);
            if is_sibling(&name) && !own {
                problems.push(format!("{} pulls {name} with no default features", package.name));
            }
        }
    }
    Ok(Outcome::of(&problems))
}

fn violations(packages: &[Package]) -> Vec<String> {
    packages
        .iter()
        .flat_map(|package| {
            let normal = package
                .dependencies
                .iter()
                .filter(|edge| edge.kind.as_deref() != Some("dev"));
            normal.filter_map(|edge| violation(package, edge))
        })
        .collect()
}

fn violation(package: &Package, edge: &Dependency) -> Option<String> {
    let (from, to) = (rank(&package.name)?, &edge.name);
    if is_derive_of(&package.name, to) {
        return None;
    }
    let Some(to_rank) = rank(to) else {
        // Everything ours is in the table, or stays outside: nobody who is published may need it.
        return to
            .starts_with(BRAND)
            .then(|| format!("{} depends on {to}, which is no library", package.name));
    };
    if to_rank >= from {
        return Some(format!(
            "{} depends on {to}, which stands to its right",
            package.name
        ));
    }
    let must_be_optional = is_sibling(to) && package.name != CLI;
    (must_be_optional && !is_named_feature(package, edge)).then(|| {
        format!(
            "{} depends on {to} without an optional feature called {}",
            package.name,
            short(to)
        )
    })
}

/// Whether `edge` is optional and turned on by a feature named after the crate.
fn is_named_feature(package: &Package, edge: &Dependency) -> bool {
    let activation = format!("dep:{}", edge.name);
    let feature = package.features.get(short(&edge.name));
    edge.optional && feature.is_some_and(|enables| enables.contains(&activation))
}

/// The place of a crate in the order of dependencies; nothing if it is not one of ours or stands outside.
fn rank(name: &str) -> Option<usize> {
    let short = if name == BRAND {
        name
    } else {
        name.strip_prefix(BRAND)?.strip_prefix('-')?
    };
    RANKS.iter().position(|crates| crates.contains(&short))
}

/// Whether an edge to the crate needs a feature: `base` and `connect` are everybody's.
fn is_sibling(name: &str) -> bool {
    rank(name).is_some_and(|rank| rank >= FIRST_SIBLING) && name != CLI && name != BRAND
}

fn is_derive_of(name: &str, derive: &str) -> bool {
    derive.strip_suffix("-derive") == Some(name)
}

fn short(name: &str) -> &str {
    name.strip_prefix(BRAND)
        .and_then(|rest| rest.strip_prefix('-'))
        .unwrap_or(name)
}

const CLI: &str = "groundcrew-cli";
const FIRST_SIBLING: usize = 2;
const RANKS: [&[&str]; 9] = [
    &["base"],
    &["connect"],
    &["envcfg"],
    &["metrics"],
    &["health"],
    &["lifecycle"],
    &["backup", "cache", "dbopt", "logging"],
    &["groundcrew"],
    &["cli"],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(json: &str) -> Vec<Package> {
        let json = format!(r#"{{"packages":{json}}}"#);
        serde_json::from_str::<Metadata>(&json).unwrap().packages
    }

    fn package(name: &str, features: &str, dependencies: &str) -> String {
        format!(
            r#"{{"id":"{name}","name":"{name}","version":"0.1.0","manifest_path":"/w/Cargo.toml",
                "features":{features},"dependencies":[{dependencies}]}}"#
        )
    }

    fn edge(name: &str, kind: &str, optional: bool) -> String {
        format!(r#"{{"name":"{name}","kind":{kind},"optional":{optional}}}"#)
    }

    fn found(name: &str, features: &str, dependency: &str) -> Vec<String> {
        violations(&packages(&format!("[{}]", package(name, features, dependency))))
    }

    #[test]
    fn base_connect_and_optional_named_siblings_are_allowed() {
        let metrics = r#"{"metrics":["dep:groundcrew-metrics"]}"#;

        assert!(found("groundcrew-cache", "{}", &edge("groundcrew-base", "null", false)).is_empty());
        assert!(
            found(
                "groundcrew-cache",
                "{}",
                &edge("groundcrew-connect", "null", false)
            )
            .is_empty()
        );
        assert!(
            found(
                "groundcrew-cache",
                metrics,
                &edge("groundcrew-metrics", "null", true)
            )
            .is_empty()
        );
        assert!(
            found(
                "groundcrew-envcfg",
                "{}",
                &edge("groundcrew-envcfg-derive", "null", false)
            )
            .is_empty()
        );
        assert!(found("groundcrew-cli", "{}", &edge("groundcrew", "null", false)).is_empty());
        assert!(
            found(
                "groundcrew-cache",
                "{}",
                &edge("groundcrew-testkit", "\"dev\"", false)
            )
            .is_empty()
        );
    }

    #[test]
    fn an_edge_to_the_right_or_to_an_equal_is_a_violation() {
        let health = r#"{"lifecycle":["dep:groundcrew-lifecycle"]}"#;
        let cache = r#"{"dbopt":["dep:groundcrew-dbopt"]}"#;

        assert_eq!(
            found(
                "groundcrew-health",
                health,
                &edge("groundcrew-lifecycle", "null", true)
            ),
            ["groundcrew-health depends on groundcrew-lifecycle, which stands to its right"],
        );
        assert_eq!(
            found("groundcrew-cache", cache, &edge("groundcrew-dbopt", "null", true)).len(),
            1
        );
        assert_eq!(
            found(
                "groundcrew-base",
                "{}",
                &edge("groundcrew-connect", "\"build\"", false)
            )
            .len(),
            1
        );
    }

    #[test]
    fn a_sibling_that_is_not_optional_or_hides_behind_another_name_is_a_violation() {
        let misnamed = r#"{"observability":["dep:groundcrew-metrics"]}"#;

        assert_eq!(
            found(
                "groundcrew-cache",
                "{}",
                &edge("groundcrew-metrics", "null", false)
            )
            .len(),
            1
        );
        assert_eq!(
            found(
                "groundcrew-cache",
                misnamed,
                &edge("groundcrew-metrics", "null", true)
            ),
            ["groundcrew-cache depends on groundcrew-metrics without an optional feature called metrics"],
        );
    }

    #[test]
    fn a_library_never_needs_the_testkit() {
        assert_eq!(
            found(
                "groundcrew-cache",
                "{}",
                &edge("groundcrew-testkit", "null", false)
            ),
            ["groundcrew-cache depends on groundcrew-testkit, which is no library"],
        );
    }
}
