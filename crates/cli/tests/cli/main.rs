//! The real binary against real servers.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod backup;
mod bucket;
mod configuration;
mod ending;
mod probe;
mod prune;
mod running;
mod shop;
mod tools;

use std::process::{Command, Output, Stdio};

/// Runs the binary in an empty environment, with `PATH` and what is given.
fn groundcrew(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let output = command(arguments, environment).output().unwrap();
    Ran::new(&output)
}

fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_groundcrew"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs(environment.iter().copied());
    command
}

#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn new(output: &Output) -> Self {
        Self {
            code: output.status.code().expect("it was not killed"),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }
}

#[test]
fn help_shows_the_exit_codes_and_the_command_line_is_checked() {
    let help = groundcrew(&["--help"], &[]);
    assert_eq!(help.code, 0);
    for line in [
        "   0  done",
        "  69  the service",
        "  78  the configuration is wrong",
        " 130  ended by Ctrl-C",
    ] {
        assert!(help.out.contains(line), "{}", help.out);
    }

    for wrong in [
        &["backup"] as &[&str],
        &["backup", "verify", "nonsense"],
        &["probe", "http://localhost/", "--timeout", "soon"],
        &["probe", "https://localhost/"],
    ] {
        let refused = groundcrew(wrong, &[]);
        assert_eq!(
            (refused.code, refused.out.as_str()),
            (2, ""),
            "{wrong:?} {refused:?}"
        );
        assert!(!refused.err.is_empty());
    }
}

#[test]
fn a_reader_that_went_away_is_no_panic() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);

    let output = command(&["--help"], &[])
        .stdout(Stdio::from(writer.try_clone().unwrap()))
        .output()
        .unwrap();
    let probed = command(&["probe", "http://127.0.0.1:1/"], &[])
        .stdout(Stdio::from(writer))
        .output()
        .unwrap();

    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(probed.status.code(), Some(69));
}
