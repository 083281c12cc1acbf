//! Secrets that are mounted as a directory with a file each.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use groundcrew_envcfg::{Config, EnvSource, Origin, Report, SecretsDir, Vars};

#[derive(Debug, Config)]
struct Settings {
    database_url: Option<String>,
    workers: Option<u8>,
    motd: Option<String>,
}

fn with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

fn load(dir: &Path) -> Result<Settings, Report> {
    Settings::from_source(&SecretsDir::new(dir))
}

fn lines(dir: &Path) -> Vec<String> {
    let report = load(dir).expect_err("a mistake");
    let name = format!("{}/", dir.display());
    report
        .iter()
        .map(|problem| problem.to_string().replace(&name, ""))
        .collect()
}

#[test]
fn a_variable_is_a_file_of_its_name_or_of_its_name_in_lower_case() {
    let dir = with(&[
        ("DATABASE_URL", b"db\n"),
        ("workers", b"4"),
        ("Motd", b"not this"),
    ]);

    let settings = load(dir.path()).unwrap();

    assert_eq!(settings.database_url.as_deref(), Some("db"));
    assert_eq!((settings.workers, settings.motd), (Some(4), None));
}

#[test]
fn one_line_break_at_the_end_is_not_part_of_the_value() {
    for (bytes, expected) in [
        ("a\n", "a"),
        ("a\r\n", "a"),
        ("a\n\n", "a\n"),
        (" a ", " a "),
        ("a\nb", "a\nb"),
    ] {
        let dir = with(&[("motd", bytes.as_bytes())]);

        assert_eq!(load(dir.path()).unwrap().motd.as_deref(), Some(expected));
    }
}

#[test]
fn the_versions_of_kubernetes_are_no_variables() {
    let dir = tempfile::tempdir().unwrap();
    let version = dir.path().join("..2026_01_01");
    fs::create_dir(&version).unwrap();
    fs::write(version.join("workers"), "4").unwrap();
    symlink("..2026_01_01", dir.path().join("..data")).unwrap();
    symlink("..data/workers", dir.path().join("workers")).unwrap();
    fs::create_dir(dir.path().join("motd")).unwrap();
    fs::write(dir.path().join("..file"), "x").unwrap();

    let source = SecretsDir::new(dir.path());

    assert_eq!(source.names(), ["workers"]);
    assert_eq!(Settings::from_source(&source).unwrap().workers, Some(4));
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem_of_the_field_that_wants_it() {
    let large = vec![b'x'; (1 << 20) + 1];
    let dir = with(&[
        ("DATABASE_URL", b"upper"),
        ("database_url", b"lower"),
        ("motd", &large),
        ("unused", &large),
        ("unused.p12", b"\xFF"),
    ]);
    symlink("nowhere", dir.path().join("workers")).unwrap();

    assert_eq!(
        lines(dir.path()),
        [
            "DATABASE_URL: cannot be read: there is a file database_url too (from DATABASE_URL)",
            "WORKERS: cannot be read: entity not found (from workers)",
            "MOTD: cannot be read: larger than 1048576 bytes (from motd)",
        ]
    );
}

#[test]
fn what_is_not_unicode_is_a_problem_of_the_field_that_wants_it() {
    let dir = with(&[("motd", b"\xFFhunter2")]);

    assert_eq!(
        lines(dir.path()),
        ["MOTD: cannot be read: not Unicode (UTF-8) (from motd)"]
    );
}

#[test]
fn every_value_is_a_secret_whatever_its_name() {
    let dir = with(&[("workers", b"hunter2")]);

    assert_eq!(
        lines(dir.path()),
        ["WORKERS = <secret: 7 chars>: expected a whole number from 0 to 255 (from workers)"]
    );
    let report = load(dir.path()).unwrap_err();
    let json = serde_json::to_string(&report).unwrap();
    assert!(!format!("{report:?}{json}").contains("hunter2"));
    let origin = Origin::SecretsDir {
        path: dir.path().join("workers"),
    };
    assert_eq!(report.problems()[0].origin(), Some(&origin));
    assert!(
        json.contains(r#""origin":{"kind":"secrets_dir","file":""#),
        "{json}"
    );
}

#[test]
fn a_directory_that_is_missing_is_fine_unless_it_is_required() {
    let none = PathBuf::from("/nonexistent/secrets");

    assert_eq!(SecretsDir::new(&none).problems(), []);
    assert_eq!(
        SecretsDir::new(&none).required().problems()[0].to_string(),
        "cannot list the secrets in /nonexistent/secrets: entity not found"
    );
    let file = with(&[("file", b"")]);
    let problems = SecretsDir::new(file.path().join("file")).problems();
    assert_eq!(problems.len(), 1);
}

#[test]
fn an_empty_file_is_unset() {
    let dir = with(&[("motd", b"\n")]);

    let below = Vars::from([("MOTD", "below")]);
    let settings = Settings::from_source(&(SecretsDir::new(dir.path()), below)).unwrap();

    assert_eq!(settings.motd.as_deref(), Some("below"));
}
