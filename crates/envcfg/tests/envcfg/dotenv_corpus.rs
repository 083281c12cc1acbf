//! Dotenv files that every reader understands in its own way: what we make of them, and how python-dotenv, node's
//! dotenv and `sh` differ. The table of all is docs/dotenv.md.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

mod outcome;
mod readers;

use std::{fs, path::Path};

use serde::Deserialize;

use outcome::Outcome;

#[derive(Debug, Deserialize)]
struct Corpus {
    case: Vec<Case>,
}

/// One file, and why we read it differently from another reader if we do.
#[derive(Debug, Deserialize)]
struct Case {
    name: String,
    file: String,
    reason: Option<String>,
    #[serde(default)]
    interpolated: bool,
    #[serde(default)]
    latin1: bool,
}

impl Case {
    fn all() -> Vec<Self> {
        let corpus: Corpus = toml::from_str(include_str!("dotenv_corpus/corpus.toml")).unwrap();
        corpus.case
    }

    fn bytes(&self) -> Vec<u8> {
        if self.latin1 {
            self.file
                .chars()
                .map(|char| u8::try_from(char).unwrap())
                .collect()
        } else {
            self.file.clone().into_bytes()
        }
    }

    /// The file on one line.
    fn shown(&self) -> String {
        let file = if self.latin1 {
            self.bytes().escape_ascii().to_string().replace("\\n", "\n")
        } else {
            self.file.clone()
        };
        file.replace('\n', "⏎")
            .replace('\r', "␍")
            .replace('\t', "␉")
            .replace('\u{feff}', "<BOM>")
    }

    /// The line of the table; `rivals` are the cells of the other readers.
    fn row(&self, ours: &str, rivals: &[String]) -> String {
        let file = outcome::code(&self.shown());
        let reason = self.reason.as_deref().unwrap_or("agree");
        format!(
            "| {} | {file} | {ours} | {} | {reason} |\n",
            self.name,
            rivals.join(" | ")
        )
    }
}

/// The table that is checked in.
fn recorded() -> String {
    fs::read_to_string(page()).unwrap_or_default()
}

fn page() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dotenv.md"))
}

fn rendered(rows: &str) -> String {
    format!("{}{rows}", include_str!("dotenv_corpus/head.md"))
}

/// The cells of the other readers in the recorded row of `case`.
fn recorded_rivals(recorded: &str, case: &Case) -> Vec<String> {
    let start = format!("| {} | ", case.name);
    let row = recorded.lines().find(|line| line.starts_with(&start));
    let row = row.expect("every case has its row in docs/dotenv.md");
    let cells: Vec<_> = row
        .trim_matches('|')
        .split(" | ")
        .map(|cell| cell.trim().to_owned())
        .collect();
    assert_eq!(cells.len(), 7, "{row}");
    cells[3..6].to_vec()
}

#[test]
fn we_read_every_case_as_the_table_says() {
    let recorded = recorded();

    let rows: String = Case::all()
        .iter()
        .map(|case| case.row(&Outcome::ours(case).cell(), &recorded_rivals(&recorded, case)))
        .collect();

    assert_eq!(rendered(&rows), recorded);
}

#[test]
fn the_other_readers_read_every_case_as_the_table_says() {
    let cases = Case::all();
    let rivals = [
        readers::python_dotenv(&cases),
        readers::node_dotenv(&cases),
        readers::sh(&cases),
    ];

    let rows: String = cases
        .iter()
        .enumerate()
        .map(|(number, case)| {
            let cells = rivals
                .iter()
                .map(|outcomes| outcomes[number].cell())
                .collect::<Vec<_>>();
            case.row(&Outcome::ours(case).cell(), &cells)
        })
        .collect();

    let found = rendered(&rows);
    if found != recorded() {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dotenv.md");
        fs::write(&path, &found).unwrap();
        panic!(
            "docs/dotenv.md is not what the readers do now: compare it with {}",
            path.display()
        );
    }
}

#[test]
fn a_case_has_a_reason_if_and_only_if_somebody_differs() {
    let cases = Case::all();
    let rivals = [
        readers::python_dotenv(&cases),
        readers::node_dotenv(&cases),
        readers::sh(&cases),
    ];

    let wrong: Vec<_> = cases
        .iter()
        .enumerate()
        .filter(|(number, case)| {
            let ours = Outcome::ours(case);
            let agree = rivals.iter().all(|outcomes| outcomes[*number].agrees(&ours));
            agree == case.reason.is_some()
        })
        .map(|(number, case)| {
            let cells = rivals
                .iter()
                .map(|outcomes| outcomes[number].cell())
                .collect::<Vec<_>>();
            case.row(&Outcome::ours(case).cell(), &cells)
        })
        .collect();

    assert_eq!(wrong.concat(), "");
}

#[test]
fn the_corpus_is_large_and_names_each_case_once() {
    let cases = Case::all();

    let mut names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len());
    assert!(cases.len() >= 60, "{}", cases.len());
}
