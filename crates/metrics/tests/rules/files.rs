//! Files that were generated, before promtool.

use std::{collections::BTreeSet, fs, path::Path};

use groundcrew_metrics::rules::GeneratedFile;
use groundcrew_testkit::Promtool;
use serde_json::Value;
use tempfile::TempDir;

fn write(files: &[GeneratedFile]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in files {
        let path = directory.path().join(file.path());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.text()).unwrap();
    }
    directory
}

fn paths<'a>(files: &'a [GeneratedFile], end: &str) -> Vec<&'a str> {
    files
        .iter()
        .map(GeneratedFile::path)
        .filter(|path| path.ends_with(end))
        .collect()
}

pub(crate) fn text<'a>(files: &'a [GeneratedFile], end: &str) -> &'a str {
    files
        .iter()
        .find(|file| file.path().ends_with(end))
        .unwrap()
        .text()
}

/// Whether Prometheus takes the rules, and every alert does what its cases say.
pub(crate) fn check(files: &[GeneratedFile]) -> TempDir {
    let directory = write(files);
    promtool(
        directory.path(),
        &["check", "rules", "--lint=all", "--lint-fatal"],
        &paths(files, ".rules.yml"),
    );
    promtool(directory.path(), &["test", "rules"], &paths(files, ".tests.yml"));
    directory
}

pub(crate) fn promtool(directory: &Path, arguments: &[&str], files: &[&str]) {
    let arguments = [arguments, files].concat();
    let verdict = Promtool::find().unwrap().run(directory, arguments).unwrap();
    verdict.assert_success();
}

/// The alerts in the rule files, and those with a case that fires and with one that does not.
pub(crate) fn alerts(files: &[GeneratedFile]) -> [BTreeSet<String>; 3] {
    let [mut all, mut fires, mut quiet] = [const { BTreeSet::new() }; 3];
    for file in files.iter().filter(|file| file.path().ends_with(".yml")) {
        let read: Value = serde_saphyr::from_str(file.text()).unwrap();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        for rule in list(&read["groups"])
            .iter()
            .flat_map(|group| list(&group["rules"]))
        {
            all.extend(rule["alert"].as_str().map(str::to_owned));
        }
        for case in list(&read["tests"])
            .iter()
            .flat_map(|test| list(&test["alert_rule_test"]))
        {
            let to = if list(&case["exp_alerts"]).is_empty() {
                &mut quiet
            } else {
                &mut fires
            };
            to.insert(case["alertname"].as_str().unwrap().to_owned());
        }
    }
    [all, fires, quiet]
}
