use std::{
    env,
    ffi::OsStr,
    process::{Command, Stdio},
};

use crate::{
    Error,
    arguments::{Arguments, Part},
};

/// The command of `program`; its whole environment is `PATH` and `variables` if some are given.
pub(crate) fn command(program: impl AsRef<OsStr>, variables: Option<&[(String, String)]>) -> Command {
    let mut command = Command::new(program);
    if let Some(variables) = variables {
        command
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(variables.iter().cloned());
    }
    command
}

/// What a part of the comparison `name` measures in a process of its own, which is this program once more.
pub(crate) fn measured<const N: usize>(
    part: Part,
    name: &str,
    quick: bool,
    variables: &[(String, String)],
) -> Result<[f64; N], Error> {
    let start = |source| Error::Start {
        program: "itself",
        source,
    };
    let program = env::current_exe().map_err(start)?;
    let mut command = command(program, Some(variables));
    command.args([Arguments::PART, part.name(), name]);
    if quick {
        command.arg(Arguments::QUICK);
    }
    let output = command.stderr(Stdio::inherit()).output().map_err(start)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers = parse(&text).filter(|_| output.status.success());
    numbers.ok_or_else(|| Error::NoPart {
        part: part.name(),
        comparison: name.to_owned(),
        output: text.into_owned(),
    })
}

/// The numbers as [`measured`] reads them.
pub(crate) fn show(numbers: &[f64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(" ")
}

fn parse<const N: usize>(text: &str) -> Option<[f64; N]> {
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_shown() {
        assert_eq!(parse(&show(&[1.5, 0.1 + 0.2])), Some([1.5, 0.1 + 0.2]));
        assert_eq!(parse::<2>("1.5"), None);
        assert_eq!(parse::<1>("much"), None);
        assert_eq!(parse::<0>(""), Some([]));
    }
}
