//! Names that were misspelt are found, and names that were not are left alone.

use std::collections::BTreeMap;

use groundcrew_envcfg::{Config, FieldSpec, Vars, Warning};

use crate::{
    requirements_guide::{Guide, shown_in_the_guide},
    requirements_schema::{Environment, required},
};

/// Every name that one slip makes of `name`, with the kind of slip.
fn slips(name: &str) -> Vec<(&'static str, String)> {
    let chars: Vec<char> = name.chars().collect();
    let spliced = |at: usize, cut: usize, text: &str| {
        let (head, tail) = (&chars[..at], &chars[at + cut..]);
        let head: String = head.iter().collect();
        let tail: String = tail.iter().collect();
        format!("{head}{text}{tail}")
    };
    let mut slips = Vec::new();
    for (at, letter) in chars.iter().enumerate() {
        if *letter == '_' {
            slips.push(("underscore lost", spliced(at, 1, "")));
            slips.push(("underscore doubled", spliced(at, 0, "_")));
            slips.push(("separator", spliced(at, 1, "-")));
            continue;
        }
        slips.push(("letter lost", spliced(at, 1, "")));
        slips.push(("letter doubled", spliced(at, 0, &letter.to_string())));
        for wrong in neighbours(*letter).chars().map(String::from) {
            slips.push(("letter wrong", spliced(at, 1, &wrong)));
            slips.push(("letter added", spliced(at, 0, &wrong)));
        }
        if let Some(next) = chars.get(at + 1).filter(|next| *next != letter) {
            slips.push(("letters swapped", spliced(at, 2, &format!("{next}{letter}"))));
        }
    }
    slips.push(("case", name.to_lowercase()));
    let capitals: Vec<String> = name
        .split('_')
        .map(|word| format!("{}{}", &word[..1], word[1..].to_lowercase()))
        .collect();
    slips.push(("case", capitals.join("_")));
    slips.extend(
        ["APP_", "MY_", "SERVICE_", "PROD_"].map(|prefix| ("prefix added", format!("{prefix}{name}"))),
    );
    if let Some((_, rest)) = name.split_once('_').filter(|(_, rest)| rest.contains('_')) {
        slips.push(("prefix lost", rest.to_owned()));
    }
    slips
}

/// The keys around a letter on a keyboard.
fn neighbours(letter: char) -> &'static str {
    for row in ["QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM"] {
        if let Some(at) = row.find(letter) {
            let from = at.saturating_sub(1);
            return &row[from..(at + 2).min(row.len())];
        }
    }
    "O"
}

/// How many slips of each kind there are and how many of them are found.
#[derive(Default)]
struct Recall(BTreeMap<&'static str, (u32, u32)>);

impl Recall {
    fn of<C: Config>(&mut self, right: &Vars) {
        let fields = C::fields();
        for spec in &fields {
            let others = without(right, spec);
            for (kind, slip) in slips(&spec.name) {
                if slip == spec.name || owns(&fields, &slip) {
                    continue;
                }
                let vars = others.clone().with(slip.as_str(), "x");
                let (found, all) = self.0.entry(kind).or_default();
                *found += u32::from(meant::<C>(&vars, &slip).as_deref() == Some(&spec.name));
                *all += 1;
            }
        }
    }

    fn percent(&self) -> f64 {
        let (found, all) = self
            .0
            .values()
            .fold((0, 0), |(found, all), (more, of)| (found + more, all + of));
        100.0 * f64::from(found) / f64::from(all)
    }
}

/// What a load, or a look at the names after it, says that `slip` is meant for.
fn meant<C: Config>(vars: &Vars, slip: &str) -> Option<String> {
    match C::load(vars) {
        Ok(loaded) => misspelt(&loaded.misspelt(vars), slip),
        Err(report) => {
            let missing = report.iter().find(|problem| problem.suggestion() == Some(slip));
            let missing = missing.and_then(|problem| problem.variable().map(str::to_owned));
            missing.or_else(|| misspelt(report.warnings(), slip))
        }
    }
}

fn misspelt(warnings: &[Warning], slip: &str) -> Option<String> {
    warnings.iter().find_map(|warning| match warning {
        Warning::Misspelt { variable, meant } if variable == slip => Some(meant.clone()),
        _ => None,
    })
}

fn without(vars: &Vars, spec: &FieldSpec) -> Vars {
    let names = [&spec.name]
        .into_iter()
        .chain(spec.aliases.iter().map(|old| &old.name));
    names.fold(vars.clone(), |vars, name| vars.without(name))
}

fn owns(fields: &[FieldSpec], name: &str) -> bool {
    let file = |spec: &FieldSpec| spec.file && name.strip_suffix("_FILE") == Some(&spec.name);
    fields
        .iter()
        .any(|spec| spec.name == name || spec.aliases.iter().any(|old| old.name == name) || file(spec))
}

/// Names that programs, shells, pipelines and clouds set, without those that `C` reads.
fn common<C: Config>() -> Vec<&'static str> {
    let fields = C::fields();
    include_str!("common_names.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter(|name| !owns(&fields, name))
        .collect()
}

#[test]
fn slips_of_one_edit_are_found() {
    let mut recall = Recall::default();
    recall.of::<Environment>(&required());
    recall.of::<Guide>(&shown_in_the_guide());

    let figures = format!(
        "{:.2} % of single-edit slips found: {:?}",
        recall.percent(),
        recall.0
    );
    println!("{figures}");
    assert!(recall.percent() >= 95.0, "{figures}");
    for (kind, (found, all)) in &recall.0 {
        // A prefix that several variables share says nothing when it is lost.
        let least = if *kind == "prefix lost" { 0.75 } else { 0.95 };
        assert!(f64::from(*found) >= least * f64::from(*all), "{kind}: {figures}");
    }
}

#[test]
fn common_names_are_never_taken_for_slips() {
    fn accused<C: Config>(right: &Vars) -> (usize, Vec<String>) {
        let names = common::<C>();
        let all = names
            .iter()
            .fold(right.clone(), |vars, name| vars.with(*name, "x"));
        let loaded = C::load(&all).unwrap_or_else(|report| panic!("{report}"));
        let mut accused: Vec<String> = loaded.misspelt(&all).iter().map(ToString::to_string).collect();
        let nothing: Vars = names.iter().map(|name| (*name, "x")).collect();
        if let Err(report) = C::load(&nothing) {
            accused.extend(
                report
                    .iter()
                    .filter_map(|problem| problem.suggestion().map(str::to_owned)),
            );
            accused.extend(report.warnings().iter().map(ToString::to_string));
        }
        (names.len(), accused)
    }

    for (names, accused) in [
        accused::<Environment>(&required()),
        accused::<Guide>(&Vars::new()),
    ] {
        assert!(names >= 1000, "{names}");
        assert_eq!(accused, Vec::<String>::new());
    }
}

#[test]
fn a_slip_of_an_optional_variable_is_a_warning_of_a_load_that_fails_too() {
    let vars = required().without("DATABASE_URL").with("DATABSE_POOL_SIZE", "50");

    let report = Environment::from_source(&vars).unwrap_err();

    assert_eq!(
        report.to_string(),
        "configuration is invalid: 1 problem
  DATABASE_URL is missing
  warning: DATABSE_POOL_SIZE is set but nothing reads it: is it meant for DATABASE_POOL_SIZE?"
    );
}

#[test]
fn a_name_of_the_schema_is_no_slip_of_another() {
    let vars = required()
        .without("JWT_SECRET")
        .with("AUTH_SECRET_FILE", "/run/secrets/auth")
        .without("AUTH_SECRET");

    let report = Environment::from_source(&vars).unwrap_err();

    assert!(
        report.iter().all(|problem| problem.suggestion().is_none()),
        "{report}"
    );
    assert_eq!(report.warnings(), []);
}

#[test]
fn a_variable_that_is_set_has_no_slips() {
    let vars = required().with("DATABSE_URL", "x").with("DATABASE_URL_2", "x");

    assert_eq!(Environment::load(&vars).unwrap().misspelt(&vars), []);
}

#[test]
fn the_value_of_a_foreign_variable_is_never_shown() {
    let vars = required()
        .without("DATABASE_URL")
        .with("DATABSE_URL", "of-somebody-else");

    let report = Environment::from_source(&vars).unwrap_err();

    assert_eq!(report.problems()[0].suggestion(), Some("DATABSE_URL"));
    assert_eq!(
        report.problems()[0].fix(),
        Some("export DATABASE_URL=\"$DATABSE_URL\"; unset DATABSE_URL")
    );
    for output in crate::report::outputs(&report) {
        assert!(!output.contains("somebody"), "{output}");
    }
}
