//! Names and paths come from anybody: no control character of them reaches a line of a report.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use groundcrew_envcfg::{Config, Dotenv, EnvSource, Origin, Report, Secret, SecretsDir, Style, Vars};
use regex::Regex;

use crate::report::outputs;

/// Turns a terminal red, rings its bell and starts a line that looks like one of a report or of a workflow.
const NASTY: &str = "a\u{1b}[31m\u{7}\u{9b}\r\n::error::fix: rm -rf\n  all is well";
const CLEAN: &str = r"a\u{1b}[31m\u{7}\u{9b}\r\n::error::fix: rm -rf\n  all is well";

#[derive(Debug, Config)]
struct Settings {
    #[config(length(min = 32))]
    auth_secret: Secret,
    #[config(default = 80)]
    port: u16,
}

fn assert_clean(report: &Report) {
    assert!(report.to_string().contains(CLEAN), "{report}");
    assert!(report.render(&Style::plain()).contains(CLEAN), "{report}");
    let lines = report.to_string().lines().count();
    assert_eq!(lines, 1 + report.len() + report.warnings().len(), "{report}");
    let own = Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    // JSON has its own escapes, and gives a program the path as it is.
    for output in outputs(report)
        .into_iter()
        .filter(|output| !output.starts_with('{'))
    {
        let colourless = own.replace_all(&output, "");
        assert!(
            !colourless.contains(|c: char| c.is_control() && c != '\n'),
            "{output:?}"
        );
        assert!(!output.contains("a\u{1b}[31m"), "{output:?}");
        let forged = ["::error::fix", "all is well"]
            .map(|start| output.lines().any(|line| line.trim_start().starts_with(start)));
        assert_eq!(forged, [false; 2], "{output:?}");
    }
}

#[test]
fn a_path_in_a_variable_is_shown_escaped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(NASTY.replace('/', "_"));
    std::fs::write(&path, "short").unwrap();
    let vars = Vars::from([("AUTH_SECRET_FILE", &path)]);

    let report = Settings::from_source(&vars).unwrap_err();

    assert!(
        matches!(report.problems()[0].origin(), Some(Origin::SecretFile { path: shown, .. }) if *shown == path)
    );
    assert_eq!(report.problems()[0].fix(), None);
    assert_clean(&report);
}

#[test]
fn a_file_of_a_secrets_directory_and_a_dotenv_file_are_shown_escaped() {
    let dir = tempfile::tempdir().unwrap();
    let nasty = dir.path().join(NASTY);
    std::fs::create_dir(&nasty).unwrap();
    std::fs::write(nasty.join("auth_secret"), "short").unwrap();
    let file = Dotenv::text(NASTY, "AUTH_SECRET=short\nPORT=80x\nPORT=81x\n");

    assert_clean(&Settings::from_source(&SecretsDir::new(&nasty)).unwrap_err());
    let report = Settings::from_source(&file).unwrap_err();
    assert_eq!((report.len(), report.warnings().len()), (2, 1));
    assert_clean(&report);
    assert!(
        !file
            .problems()
            .iter()
            .chain(report.problems())
            .any(|problem| problem.to_string().contains(char::is_control))
    );
}

#[test]
fn a_source_with_a_name_of_its_own_is_shown_escaped() {
    let vars = Vars::from([("AUTH_SECRET", "short")]).origin(Origin::named(NASTY));

    assert_clean(&Settings::from_source(&vars).unwrap_err());
}

#[test]
fn a_name_that_resembles_a_missing_one_is_shown_escaped() {
    let vars = Vars::from([("AUTH_SECRE\u{1b}", "x".repeat(32))]);

    let report = Settings::from_source(&vars).unwrap_err();

    assert_eq!(report.problems()[0].suggestion(), Some("AUTH_SECRE\u{1b}"));
    for output in [
        report.to_string(),
        report.render(&Style::plain()),
        report.to_github_annotations(),
    ] {
        assert!(!output.contains('\u{1b}'), "{output:?}");
    }
}
