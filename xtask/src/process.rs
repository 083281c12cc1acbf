use std::{
    path::Path,
    process::{Command, ExitStatus, Output, Stdio},
};

use crate::Error;

/// Runs `command` with its output on the terminal.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let status = status(command)?;
    if status.success() {
        return Ok(());
    }
    Err(ended(command, status))
}

/// Runs `command` with its output on the terminal and tells how it ended.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus, Error> {
    command
        .stdin(Stdio::null())
        .status()
        .map_err(|source| start(command, source))
}

/// Runs `command` and returns what it printed, whatever its exit code.
pub(crate) fn output(command: &mut Command) -> Result<Output, Error> {
    command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| start(command, source))
}

/// Runs `command` and returns its standard output; its standard error stays on the terminal.
pub(crate) fn stdout(command: &mut Command) -> Result<Vec<u8>, Error> {
    let output = output(command.stderr(Stdio::inherit()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(ended(command, output.status))
}

/// What went wrong when `command` could not be started.
pub(crate) fn start(command: &Command, source: std::io::Error) -> Error {
    Error::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    }
}

/// What went wrong when `command` ended with `status`; of a long list of arguments only the first are told.
pub(crate) fn ended(command: &Command, status: ExitStatus) -> Error {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let mut words: Vec<_> = std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    if words.len() > MOST_WORDS {
        words.truncate(MOST_WORDS);
        words.push("...".into());
    }
    Error::Ended {
        command: words.join(" "),
        status,
    }
}

const MOST_WORDS: usize = 8;
