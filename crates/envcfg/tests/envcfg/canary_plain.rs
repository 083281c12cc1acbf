//! A secret that stands where none is expected: in a plain variable, in a file of a plain field, in foreign words.

#![cfg_attr(
    any(feature = "cli", feature = "reload"),
    expect(
        clippy::unwrap_used,
        reason = "clippy takes the functions that tests share for no tests"
    )
)]

use std::{fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use groundcrew_envcfg::{Config, Dotenv, EnvSource, Origin, Report, Secret, Sources, Value, Vars};
use proptest::prelude::*;
use serde::Deserialize;
use validator::ValidationError;

use crate::{
    canary_words::{WAYS, assert_silent, cases, leak, percent, telling},
    report::outputs,
};

#[derive(Debug, Deserialize)]
enum Mode {
    Fast,
    Safe,
}

/// Refuses every text, and quotes it.
#[derive(Debug)]
struct Quoting;

impl std::str::FromStr for Quoting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Err(telling(text, text.len() % WAYS))
    }
}

fn quotes_it(text: &str) -> Result<(), ValidationError> {
    let message = telling(text, text.len() % WAYS);
    Err(ValidationError::new("quoted").with_message(message.into()))
}

#[derive(Debug, Config)]
struct Pasted {
    session_secret: Secret,
    mode: Mode,
    port: u16,
    size: groundcrew_envcfg::ByteSize,
    wait: std::time::Duration,
    ports: Vec<u16>,
    link: url::Url,
    #[config(from_str)]
    quoting: Quoting,
    #[validate(length(max = 2))]
    region: String,
    #[validate(custom(function = quotes_it))]
    zone: String,
    #[config(each(length(max = 2)))]
    zones: Vec<String>,
}

/// How a value may hold the secret.
fn pasted(canary: &str, way: usize) -> String {
    match way {
        0 => canary.to_owned(),
        1 => format!("  x={canary};y  "),
        2 => format!("https://h.example/?q={}&r=1", percent(canary)),
        3 => BASE64_STANDARD.encode(canary),
        4 => format!("Basic {}", BASE64_STANDARD.encode(format!("user:{canary}"))),
        5 => canary.to_uppercase(),
        6 => format!("{}x{canary}", "a".repeat(50)),
        7 => format!("1,{canary}"),
        _ => canary[..canary.len() / 2].to_owned(),
    }
}

const SHAPES: usize = 9;

/// The value in every variable but the secret's own.
fn everywhere(canary: &str, value: &str) -> Vars {
    let fields = Pasted::fields();
    let vars: Vars = fields.iter().map(|spec| (spec.name.clone(), value)).collect();
    vars.with("SESSION_SECRET", canary)
}

fn every_output(source: &impl EnvSource, report: &Report) -> Vec<String> {
    let mut all = outputs(report);
    all.push(logged(report));
    all.extend(explained(source));
    all
}

/// What a program logs that has the report at hand.
#[cfg(feature = "reload")]
fn logged(report: &Report) -> String {
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        tracing::error!(%report, "the new configuration is not valid");
        tracing::error!(?report, problems = ?report.problems(), warnings = ?report.warnings());
    });
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[cfg(not(feature = "reload"))]
fn logged(report: &Report) -> String {
    format!("{report} {:?}", report.problems())
}

#[cfg(feature = "cli")]
fn explained(source: &impl EnvSource) -> Vec<String> {
    let ways: [&[&str]; 2] = [&["service", "explain"], &["service", "explain", "--json"]];
    let run = |arguments: &[&str]| {
        let mut out = Vec::new();
        _ = groundcrew_envcfg::cli::run::<Pasted>(arguments, &source, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    ways.map(run).to_vec()
}

#[cfg(not(feature = "cli"))]
fn explained(_: &impl EnvSource) -> Vec<String> {
    Vec::new()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_secret_in_a_plain_value_is_not_shown(
        canary in "[A-Za-z0-9!#$%^*+=~./-]{60,200}", shape in 0..SHAPES,
    ) {
        let value = pasted(&canary, shape);
        let vars = everywhere(&canary, &value);

        let report = Pasted::from_source(&vars).unwrap_err();

        prop_assert!(report.len() >= 9, "{}", report);
        assert_silent(every_output(&vars, &report), &canary)?;
        // Encoded once more, what holds the secret tells it too.
        for encoded in [BASE64_STANDARD.encode(&value), BASE64_STANDARD.encode(format!("user:{value}"))] {
            let half = &encoded[encoded.len() / 2..];
            let middle = &half[..half.len().min(24)];
            prop_assert!(!report.to_string().contains(middle), "{}", report);
        }
    }

    #[test]
    fn a_shorter_secret_is_not_shown_either(canary in "[A-Za-z0-9!#$^*=~.-]{12,60}", shape in 0..SHAPES - 1) {
        let vars = everywhere(&canary, &pasted(&canary, shape));

        let report = Pasted::from_source(&vars).unwrap_err();

        assert_silent(every_output(&vars, &report), &canary)?;
    }

    #[test]
    fn no_line_of_a_file_shows_the_secret_of_another(canary in "[A-Za-z0-9]{60,90}") {
        let dir = tempfile::tempdir().unwrap();
        let text = format!(
            "SESSION_SECRET={canary}\nPORT={canary}\nPORTS=x,{canary}\nREGION=abc{canary}\nZONES=abc,{canary}\nMODE='{canary}'",
        );
        fs::write(dir.path().join(".env"), text).unwrap();
        let sources = Sources::new().dotenv(Dotenv::layered(dir.path()));

        let report = Pasted::from_source(&sources).unwrap_err();

        assert_silent(every_output(&sources, &report), &canary)?;
    }

    #[test]
    fn what_comes_from_a_secret_file_is_secret_whatever_it_is_called(canary in "[A-Za-z0-9!#^*+=~./-]{12,200}") {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("motd");
        fs::write(&path, &canary).unwrap();
        let vars = Vars::from([("LEVEL_FILE", &path), ("LIMIT_FILE", &path), ("MOTD_FILE", &path), ("QUOTING_FILE", &path)]);

        let report = Mounted::from_source(&vars).unwrap_err();

        let shown = format!("<secret: {} chars>", canary.len());
        prop_assert_eq!(report.to_string().matches(&shown).count(), 4, "{}", report);
        assert_silent(outputs(&report), &canary)?;
    }

    #[test]
    fn a_source_that_cannot_be_read_says_why_without_the_secret(
        canary in "[A-Za-z0-9!#$%^*+=~./\"\\\\é-]{12,100}", way in 0..WAYS,
    ) {
        let report = Pasted::from_source(&Torn(canary.clone(), way)).unwrap_err();

        prop_assert!(report.iter().any(|problem| problem.code() == "file"), "{}", report);
        assert_silent(outputs(&report), &canary)?;
    }
}

#[derive(Debug, Config)]
struct Mounted {
    #[config(file)]
    level: Mode,
    #[config(file)]
    limit: u16,
    #[config(file)]
    #[validate(length(max = 2))]
    motd: String,
    #[config(file, from_str)]
    quoting: Quoting,
}

/// Knows a secret, and quotes it where it says why another value cannot be had and where values come from.
struct Torn(String, usize);

impl EnvSource for Torn {
    fn lookup(&self, name: &str) -> Option<Value> {
        let origin = Origin::named(telling(&self.0, self.1));
        match name {
            "SESSION_SECRET" => Some(Value::new(self.0.clone(), origin)),
            "PORT" => Some(Value::unreadable(telling(&self.0, self.1), origin)),
            "WAIT" => Some(Value::new("soon", origin)),
            _ => None,
        }
    }

    fn names(&self) -> Vec<String> {
        vec![String::from("SESSION_SECRET"), String::from("PORT")]
    }
}

#[test]
fn a_short_secret_is_hidden_where_it_is_the_whole_value() {
    let vars = everywhere("s3cr", "s3cr")
        .with("REGION", "s3cr,x")
        .with("ZONES", "abc,s3cr");

    let report = Pasted::from_source(&vars).unwrap_err().to_string();

    assert!(report.contains("PORT = <secret: 4 chars>"), "{report}");
    assert!(report.contains("ZONES element 2 = <secret: 4 chars>"), "{report}");
    // So short a text stands in others by chance.
    assert!(report.contains("REGION = \"s3cr,x\""), "{report}");
}

#[test]
fn the_length_of_what_is_hidden_is_that_of_the_value() {
    let canary = "é".repeat(70);
    let vars = everywhere(&canary, &format!("{canary}\n"));

    let report = Pasted::from_source(&vars).unwrap_err().to_string();

    assert!(report.contains("PORT = <secret: 71 chars>"), "{report}");
    assert_eq!(leak(&report, &canary), None);
}

#[test]
fn a_secret_of_the_secrets_directory_is_secret_in_a_plain_variable_too() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("port"), "x".repeat(70)).unwrap();
    let sources = Sources::new()
        .with(Vars::from([("MODE", "x".repeat(70))]))
        .secrets_dir(dir.path() as &Path);

    let report = Pasted::from_source(&sources).unwrap_err().to_string();

    assert!(report.contains("PORT = <secret: 70 chars>"), "{report}");
    assert!(report.contains("MODE = <secret: 70 chars>"), "{report}");
}
