use std::fmt::Write as _;

use crate::{Origin, Report, one_line::one_line};

/// The commands by which a GitHub workflow marks lines of files.
pub(crate) fn annotations(report: &Report) -> String {
    let mut out = String::new();
    for problem in report {
        let place = match problem.origin() {
            Some(Origin::File { path, line, column }) => {
                let file = property(&one_line(&path.to_string_lossy()));
                format!("file={file},line={line},col={column},")
            }
            _ => String::new(),
        };
        let title = property(&one_line(problem.variable().unwrap_or("configuration")));
        let mut text = problem.to_string();
        if let Some(fix) = &problem.fix {
            _ = write!(text, "\n{} {}", fix.label(problem.origin()), fix.text);
        }
        _ = writeln!(out, "::error {place}title={title}::{}", data(&text));
    }
    for warning in report.warnings() {
        _ = writeln!(
            out,
            "::warning title=configuration::{}",
            data(&warning.to_string())
        );
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
