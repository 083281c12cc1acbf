use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::{Run, report::Report, tally::Tally};
use crate::{Error, cargo, process};

/// Runs `command` with its output in a file and counts what it says; kills it after `limit`. Prints a line, and of a failure what the
/// file tells of it.
pub(super) fn watch(command: &mut Command, label: &str, limit: Duration) -> Result<Run, Error> {
    print!("{label:<LABEL_WIDTH$} ");
    drop(io::stdout().flush());

    let path = output_file(label)?;
    let start = Instant::now();
    let status = run_into(command, &path, limit)?;
    let took = start.elapsed();

    let said = fs::read(&path).map_err(|source| Error::Read {
        path: path.clone(),
        source,
    })?;
    let said = String::from_utf8_lossy(&said);
    let run = judge(label, &said, status, took);
    println!("{:>7.1} s  {}", took.as_secs_f64(), run.tally);
    if run.tally.failed > 0 {
        println!("{}\nall of it: {}", Report::new(&said), kept(&path)?.display());
    }
    Ok(run)
}

/// What the program came to, by what it said and how it ended: `None` if it had to be killed.
fn judge(label: &str, said: &str, status: Option<ExitStatus>, took: Duration) -> Run {
    let mut tally = Tally::default();
    said.lines()
        .filter_map(Tally::of_line)
        .for_each(|counted| tally.add(counted));
    let mut failures: Vec<String> = Report::new(said)
        .failed_tests()
        .map(|test| format!("{label}: {test}"))
        .collect();
    let ended_badly = match status {
        None => Some(format!("{label}: killed, it did not end in time")),
        Some(status) if !status.success() && tally.failed == 0 => Some(format!("{label}: {status}")),
        Some(_) => None,
    };
    if let Some(failure) = ended_badly {
        tally.failed += 1;
        failures.push(failure);
    }
    Run {
        tally,
        took,
        failures,
    }
}

/// Gives what a failed program has printed a name that the next run does not take.
fn kept(path: &Path) -> Result<PathBuf, Error> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let kept = path.with_extension(format!("failed-{}.txt", since.as_millis()));
    fs::rename(path, &kept).map_err(|source| Error::Write {
        path: kept.clone(),
        source,
    })?;
    Ok(kept)
}

fn output_file(label: &str) -> Result<PathBuf, Error> {
    let directory = cargo::target().join("test-output");
    fs::create_dir_all(&directory).map_err(|source| Error::Write {
        path: directory.clone(),
        source,
    })?;
    Ok(directory.join(format!("{}.txt", label.replace(' ', "-"))))
}

/// How `command` ended that wrote all its output to `path`; `None` when it had to be killed.
fn run_into(command: &mut Command, path: &Path, limit: Duration) -> Result<Option<ExitStatus>, Error> {
    let write = |source| Error::Write {
        path: path.to_owned(),
        source,
    };
    let output = File::create(path).map_err(write)?;
    let errors = output.try_clone().map_err(write)?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    command
        .spawn()
        .and_then(|child| wait(child, limit))
        .map_err(|source| process::start(command, source))
}

fn wait(mut child: Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::park_timeout(POLL);
    }
}

const LABEL_WIDTH: usize = 56;
const POLL: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(600);

    fn shell(label: &str, script: &str, limit: Duration) -> Run {
        watch(Command::new("sh").args(["-c", script]), label, limit).unwrap()
    }

    #[test]
    fn closing_lines_are_counted() {
        let script = "echo 'test result: ok. 2 passed; 0 failed; 0 ignored'; \
                      echo 'test result: ok. 3 passed; 0 failed; 1 ignored'";

        let run = shell("counted lines", script, LIMIT);

        assert_eq!(
            run.tally,
            Tally {
                passed: 5,
                failed: 0,
                ignored: 1
            }
        );
        assert_eq!(run.failures, [""; 0]);
    }

    #[test]
    fn a_program_that_dies_without_a_closing_line_has_failed() {
        let run = shell("dying program", "kill -9 $$", LIMIT);

        assert_eq!(run.tally.failed, 1);
        assert_eq!(run.failures, ["dying program: signal: 9 (SIGKILL)"]);
    }

    #[test]
    fn a_program_that_hangs_is_killed_and_has_failed() {
        let run = shell("hanging program", "exec sleep 60", Duration::from_millis(200));

        assert_eq!(run.tally.failed, 1);
        assert_eq!(run.failures, ["hanging program: killed, it did not end in time"]);
    }

    #[test]
    fn a_process_left_behind_does_not_hold_up_the_end() {
        let script = "sleep 60 & echo 'test result: ok. 1 passed; 0 failed'";

        let run = shell("program with a child", script, LIMIT);

        assert_eq!(run.tally.passed, 1);
        assert!(run.took < Duration::from_secs(30), "{:?}", run.took);
    }

    #[test]
    fn a_failed_test_is_named_with_its_program() {
        let script = "printf 'failures:\\n\\n---- a stdout ----\\nboom\\n\\nfailures:\\n    a\\n\\n\
                      test result: FAILED. 1 passed; 1 failed\\n'; exit 101";

        let run = shell("failing program", script, LIMIT);

        assert_eq!(run.tally.failed, 1);
        assert_eq!(run.failures, ["failing program: a"]);
    }
}
