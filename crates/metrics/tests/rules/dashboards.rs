//! The queries of dashboards.

use std::{collections::BTreeSet, fs};

use groundcrew_metrics::rules::{GeneratedFile, Monitoring};
use serde_json::Value;

use crate::{
    files::{promtool, text},
    service::{full, objectives},
};

/// The queries of all dashboards, with Grafana's variables replaced.
fn queries(files: &[GeneratedFile]) -> Vec<String> {
    let mut queries = Vec::new();
    for file in files.iter().filter(|file| file.path().ends_with(".json")) {
        let board: Value = serde_json::from_str(file.text()).unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let expr = target["expr"].as_str().unwrap();
                queries.push(expr.replace("$__rate_interval", "5m").replace("$instance", "a"));
            }
        }
    }
    queries
}

/// The names of metrics in a query.
fn metrics(query: &str) -> BTreeSet<String> {
    // Texts first: they may hold anything. What is in braces, brackets, and after `by` are labels and times.
    let mut bare = String::new();
    let mut characters = query.chars();
    let mut depth = 0_usize;
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                while let Some(inner) = characters.next() {
                    match inner {
                        '\\' => drop(characters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            other if depth == 0 => bare.push(other),
            _ => {}
        }
    }
    let mut names = BTreeSet::new();
    let words = bare.split_inclusive(|character: char| !is_name(character));
    let mut last = String::new();
    let mut in_labels = false;
    for word in words {
        let name = word.trim_end_matches(|character: char| !is_name(character));
        let follows = word.chars().last().filter(|character| !is_name(*character));
        if ["by", "without", "on", "ignoring"].contains(&last.as_str()) && word.starts_with('(') {
            in_labels = true;
        }
        let is_number = name.starts_with(|first: char| first.is_ascii_digit());
        let is_word = [
            "by", "without", "on", "ignoring", "and", "or", "unless", "sum", "max",
        ]
        .contains(&name);
        if !in_labels && !name.is_empty() && follows != Some('(') && !is_number && !is_word {
            names.insert(name.to_owned());
        }
        if word.ends_with(')') {
            in_labels = false;
        }
        if !name.is_empty() {
            name.clone_into(&mut last);
        }
    }
    names
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | ':' | '.')
}

#[test]
fn the_names_in_a_query_are_found() {
    let query = "max without (a) (slo:x:y{l=\"n(o{\"} > (14.4 * 0.001)) and on () sum by (job, le) (rate(b_total[5m])) or time() - c";
    let names: Vec<String> = metrics(query).into_iter().collect();
    assert_eq!(names, ["b_total", "c", "slo:x:y"]);
}

#[test]
fn every_query_of_a_dashboard_parses_and_names_a_metric_that_exists() {
    let registry = full();
    let files = objectives(Monitoring::of(&registry, "card \"room\""))
        .generate()
        .unwrap();
    let queries = queries(&files);
    let mut known: BTreeSet<String> = ["up", "ALERTS"].map(str::to_owned).into();
    for one in registry.definitions() {
        let suffixes: &[&str] = if one.buckets().is_empty() {
            &[""]
        } else {
            &["_bucket", "_count", "_sum"]
        };
        known.extend(suffixes.iter().map(|suffix| format!("{}{suffix}", one.name())));
    }
    let rules: Value = serde_saphyr::from_str(text(&files, "slo.rules.yml")).unwrap();
    let groups = rules["groups"].as_array().unwrap();
    let recorded = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
    known.extend(recorded.filter_map(|rule| Some(rule["record"].as_str()?.to_owned())));

    let mut file = String::from("groups:\n- name: queries\n  rules:\n");
    for (number, query) in queries.iter().enumerate() {
        file.push_str(&format!(
            "  - record: query:{number}\n    expr: {}\n",
            Value::from(query.as_str())
        ));
        for name in metrics(query) {
            assert!(known.contains(&name), "{name} in {query}");
        }
    }
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("queries.yml"), file).unwrap();
    promtool(directory.path(), &["check", "rules"], &["queries.yml"]);

    assert!(queries.len() > registry.definitions().len(), "{}", queries.len());
    for one in registry.definitions() {
        assert!(
            queries.iter().any(|query| query.contains(one.name())),
            "{}",
            one.name()
        );
    }
}
