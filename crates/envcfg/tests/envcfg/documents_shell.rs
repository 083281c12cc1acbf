//! A shell reads the generated `.env.example` as this crate does, and runs nothing in it.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the functions that tests share for no tests"
)]

use std::{collections::BTreeMap, process::Command};

use groundcrew_envcfg::{Config, Dotenv, EnvSource};
use proptest::{prelude::*, sample::select};

/// What a value can hold that means something to a shell, to a dotenv file or to a terminal.
#[derive(Config)]
#[config(default)]
struct Values {
    v0: String,
    v1: String,
    v2: String,
    v3: String,
}

thread_local! {
    static GIVEN: std::cell::RefCell<[String; 4]> = std::cell::RefCell::default();
}

impl Default for Values {
    fn default() -> Self {
        let [v0, v1, v2, v3] = GIVEN.with_borrow(Clone::clone);
        Self { v0, v1, v2, v3 }
    }
}

/// The example file for these defaults, with nothing commented out.
fn example(values: &[String; 4]) -> String {
    GIVEN.set(values.clone());
    let text = Values::docs().env_example().to_string();
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .collect();
    lines.join("\n") + "\n"
}

fn expected(values: &[String; 4]) -> BTreeMap<String, String> {
    let named = values.iter().enumerate();
    named
        .map(|(number, value)| (format!("V{number}"), value.clone()))
        .collect()
}

fn ours(file: &str) -> BTreeMap<String, String> {
    let file = Dotenv::text(".env", file);
    assert_eq!(file.problems(), []);
    let text = |name: &String| file.lookup(name).unwrap().into_parts().0.into_string().unwrap();
    file.names()
        .into_iter()
        .map(|name| (name.clone(), text(&name)))
        .collect()
}

/// What `set -a` and the file leave in the environment of a shell that can find no program.
fn shell(file: &str) -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("file"), file).unwrap();
    let output = Command::new("/bin/dash")
        .args(["-c", "set -a; . ./file; exec /usr/bin/env -0"])
        .current_dir(directory.path())
        .env_clear()
        .env("PATH", "/nonexistent")
        .output()
        .unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}\n{file}"
    );
    let found = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(found, 1, "the file left another one behind: {file}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split('\0')
        .filter_map(|variable| variable.split_once('='))
        .filter(|(name, _)| name.starts_with('V'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn no_value_runs_a_command_and_a_line_break_is_one_to_every_reader() {
    let values = [
        "it's `touch ran`",
        "it's $(touch ran)\nand\n\nmore",
        "tab\there \"quoted\" \\n \\",
        "# no comment",
    ]
    .map(String::from);

    let file = example(&values);

    assert_eq!(ours(&file), expected(&values), "{file}");
    assert_eq!(shell(&file), expected(&values), "{file}");
}

/// Text of what is special to somebody, without NUL, which no variable can hold, and the carriage return.
fn value() -> impl Strategy<Value = String> {
    let parts = [
        "`", "$", "${HOME}", "$(x)", "'", "\"", "\\", "\n", "\t", " ", "#", "=", "!", "~", "*", "&", ";",
        "|", "<", ">", "(", ")", "{", "}", "[", "]", "a", "1", "é", "日", "\u{7f}", "\u{1}", "\u{85}",
        "\u{2028}", "-",
    ];
    proptest::collection::vec(select(parts.to_vec()), 1..8).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_value_is_the_same_to_a_shell(values in [value(), value(), value(), value()]) {
        let file = example(&values);

        prop_assert_eq!(ours(&file), expected(&values), "{}", file);
        prop_assert_eq!(shell(&file), expected(&values), "{}", file);
    }
}
