//! The files that Prometheus and Grafana read, made from the running program's registry.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use groundcrew::metrics::rules::Snapshot;
use groundcrew_testkit::Promtool;
use tokio::{process::Command, time::timeout};

use crate::{
    books::play,
    harness::{Service, program},
    scrape::Scrape,
    servers::Shared,
};

#[tokio::test]
async fn the_files_in_deploy_are_made_from_what_the_service_registers() {
    let servers = Shared::start().await;
    let directory = tempfile::tempdir().unwrap();
    let run = Command::new(program())
        .arg("--monitoring")
        .arg(directory.path())
        .env_clear()
        .envs(servers.variables())
        .current_dir(&directory)
        .kill_on_drop(true)
        .output();

    let output = timeout(Duration::from_mins(1), run).await.unwrap().unwrap();

    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let kept = Snapshot::parse(&fs::read_to_string(deployed().join("metrics.snapshot")).unwrap());
    let now = Snapshot::parse(&fs::read_to_string(directory.path().join("metrics.snapshot")).unwrap());
    assert_eq!(
        kept.removed(&now),
        [],
        "dashboards and alerts of others may need it"
    );
    let made = files(directory.path());
    assert!(made.len() > 8, "{made:?}");
    for path in made {
        let fresh = fs::read_to_string(directory.path().join(&path)).unwrap();
        let old = fs::read_to_string(deployed().join(&path)).unwrap_or_default();
        assert!(
            fresh == old,
            "{} is old: cargo run -p examples --example service -- --monitoring deploy/monitoring",
            path.display()
        );
    }
}

#[test]
fn the_rules_in_deploy_pass_and_every_alert_does_what_its_cases_say() {
    let rules = paths("rules", ".rules.yml");
    let tests = paths("rules/tests", ".tests.yml");
    assert_eq!((rules.len(), tests.len()), (2, 2));

    promtool(&["check", "rules", "--lint=all", "--lint-fatal"], &rules);
    promtool(&["test", "rules"], &tests);
    promtool(&["check", "config"], &[deployed().join("prometheus.yml")]);
}

#[tokio::test]
async fn every_sample_of_the_service_has_a_definition() {
    let servers = Shared::start().await;
    let service = Service::start(servers.variables()).await;
    let client = service.client();
    play(&client, 5).await;
    let snapshot = fs::read_to_string(deployed().join("metrics.snapshot")).unwrap();
    let known: BTreeMap<&str, BTreeSet<&str>> = snapshot
        .lines()
        .map(|line| {
            let mut words = line.split(' ');
            let name = words.next().unwrap();
            let labels = words.nth(1).filter(|word| !word.starts_with("le="));
            (name, labels.unwrap_or_default().split(',').collect())
        })
        .collect();

    let scrape = Scrape::of(&client).await;

    for line in scrape.0.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split([' ', '{']).next().unwrap();
        let family = ["_bucket", "_count", "_sum"]
            .into_iter()
            .find_map(|suffix| name.strip_suffix(suffix).filter(|base| known.contains_key(base)))
            .unwrap_or(name);
        let labels = known
            .get(family)
            .unwrap_or_else(|| panic!("{family} is not in metrics.snapshot"));
        let pairs = line
            .split_once('{')
            .map_or("", |(_, rest)| rest.rsplit_once('}').unwrap().0);
        // No value of these metrics has a comma before an equals sign.
        for label in pairs.split(',').filter_map(|pair| pair.split_once("=\"")) {
            assert!(
                label.0 == "le" || labels.contains(label.0),
                "{} of {line}",
                label.0
            );
        }
    }
    service.stop().await;
}

fn promtool(arguments: &[&str], files: &[PathBuf]) {
    let arguments = arguments.iter().map(OsStr::new);
    let verdict = Promtool::find()
        .unwrap()
        .run(&deployed(), arguments.chain(files.iter().map(AsRef::as_ref)));
    verdict.unwrap().assert_success();
}

fn deployed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/monitoring")
}

fn paths(below: &str, end: &str) -> Vec<PathBuf> {
    let directory = deployed().join(below);
    files(&directory)
        .into_iter()
        .filter(|path| path.components().count() == 1 && path.to_string_lossy().ends_with(end))
        .map(|path| directory.join(path))
        .collect()
}

/// All files below a directory, relative to it.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = PathBuf::from(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()).into_iter().map(|path| name.join(path)));
        } else {
            found.push(name);
        }
    }
    found
}
