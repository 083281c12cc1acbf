use std::env;

use crate::{Error, arguments::Arguments, within};

/// How many instructions one operation of `kernel` takes.
///
/// Runs this program twice under callgrind, the first time with a tenth of the operations, the second time with as many
/// more: what start-up and set-up take is in both and falls out. A process has seeds of its own for what it hashes, so the
/// first run shall be short: what it differs by counts as well.
pub(crate) fn instructions(
    kernel: &str,
    iterations: u64,
    environment: Option<&[(String, String)]>,
) -> Result<f64, Error> {
    let few = iterations.div_ceil(10);
    let less = total(kernel, few, environment)?;
    let more = total(kernel, few + iterations, environment)?;
    Ok((more - less) / iterations as f64)
}

fn total(kernel: &str, iterations: u64, environment: Option<&[(String, String)]>) -> Result<f64, Error> {
    let start = |source| Error::Start {
        program: "valgrind",
        source,
    };
    let program = env::current_exe().map_err(start)?;
    let output = within::command("valgrind", environment)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([Arguments::KERNEL, kernel, &iterations.to_string()])
        .output()
        .map_err(start)?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = parse(&text).filter(|_| output.status.success());
    count.ok_or_else(|| Error::NoCount {
        kernel: kernel.to_owned(),
        output: text.into_owned(),
    })
}

/// Reads the line `==1234== Collected : 5678`.
fn parse(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.contains("Collected"))?;
    line.split_once(':')?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_collected_line_is_read() {
        let text = "==77== Events    : Ir\n==77== Collected : 123456\n==77==\n";

        assert_eq!(parse(text), Some(123_456.0));
        assert_eq!(parse("valgrind: no"), None);
    }
}
