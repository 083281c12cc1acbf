use std::fmt::Write as _;

use crate::{Problem, ProblemKind, Report, Style, excerpt::Excerpt, one_line::one_line};

/// Lays a report out for people.
pub(crate) struct Page<'s> {
    style: &'s Style,
    out: String,
}

/// What a stretch of text is, which decides its colour.
#[derive(Clone, Copy)]
enum Ink {
    Plain,
    Name,
    Error,
    Warning,
    Faint,
    Fix,
}

impl<'s> Page<'s> {
    pub(crate) fn of(report: &Report, style: &'s Style) -> String {
        let mut page = Self {
            style,
            out: String::new(),
        };
        let plural = if report.len() == 1 { "" } else { "s" };
        page.put(Ink::Error, "error");
        page.put(
            Ink::Plain,
            &format!(": {}: {} problem{plural}\n", report.headline(), report.len()),
        );
        let digits = report.len().to_string().len();
        for (index, problem) in report.iter().enumerate() {
            page.problem(problem, &format!("\n {:>digits$}. ", index + 1));
        }
        if !report.warnings().is_empty() {
            page.out.push('\n');
        }
        for warning in report.warnings() {
            page.put(Ink::Warning, "warning");
            page.put(Ink::Plain, &format!(": {warning}\n"));
        }
        page.out
    }

    fn problem(&mut self, problem: &Problem, number: &str) {
        let indent = number.len() - 1;
        self.put(Ink::Error, number);
        let head = problem.headline();
        let name = one_line(problem.variable().unwrap_or_default());
        self.put(Ink::Name, &name);
        let rest = head.strip_prefix(&name).unwrap_or(&head);
        self.wrapped(Ink::Plain, rest, indent, indent + name.chars().count());
        if let Some(origin) = problem.origin() {
            self.line(Ink::Faint, &format!("from {origin}"), indent);
        }
        if let Some(excerpt) = &problem.excerpt {
            self.excerpt(excerpt, indent);
        }
        if let Some(found) = problem.suggestion().map(one_line) {
            self.line(
                Ink::Plain,
                &format!("{found} is set but nothing reads it: is it meant for {name}?"),
                indent,
            );
        }
        let described = problem.description.lines().next().unwrap_or_default();
        if !described.is_empty() {
            self.line(Ink::Faint, described, indent);
        }
        if let Some(fix) = &problem.fix {
            self.pad(indent);
            self.put(Ink::Fix, &fix.label(problem.origin()));
            self.put(Ink::Plain, &format!(" {}\n", fix.text));
        }
    }

    fn excerpt(&mut self, excerpt: &Excerpt, indent: usize) {
        let bar = if self.style.unicode { '\u{2502}' } else { '|' };
        let number = excerpt.line.to_string();
        self.pad(indent);
        self.put(Ink::Faint, &format!("  {number} {bar} "));
        // A tab is as wide as it likes; one column keeps the mark under its value.
        self.put(Ink::Plain, &format!("{}\n", excerpt.text.replace('\t', " ")));
        self.pad(indent);
        self.put(Ink::Faint, &format!("  {} {bar} ", " ".repeat(number.len())));
        self.pad(excerpt.start);
        self.put(Ink::Error, &"^".repeat(excerpt.chars));
        self.out.push('\n');
    }

    fn line(&mut self, ink: Ink, text: &str, indent: usize) {
        self.pad(indent);
        self.wrapped(ink, text, indent, indent);
    }

    /// Writes `text` from `column` on and goes on at `indent` where the line is full.
    fn wrapped(&mut self, ink: Ink, text: &str, indent: usize, column: usize) {
        let Some(width) = self.style.width.map(|width| width.max(LEAST_WIDTH)) else {
            self.put(ink, text);
            self.out.push('\n');
            return;
        };
        let mut column = column;
        let mut line = String::new();
        for word in text.split_inclusive(' ') {
            let chars = word.trim_end().chars().count();
            if column + chars > width && column > indent {
                self.put(ink, line.trim_end());
                self.out.push('\n');
                self.pad(indent);
                line.clear();
                column = indent;
            }
            line.push_str(word);
            column += word.chars().count();
        }
        self.put(ink, line.trim_end());
        self.out.push('\n');
    }

    fn pad(&mut self, columns: usize) {
        self.out.extend(std::iter::repeat_n(' ', columns));
    }

    fn put(&mut self, ink: Ink, text: &str) {
        let code = match ink {
            Ink::Plain => "",
            Ink::Name => "1",
            Ink::Error => "1;31",
            Ink::Warning => "1;33",
            Ink::Faint => "2",
            Ink::Fix => "1;32",
        };
        let colored = self.style.color && !code.is_empty() && !text.is_empty();
        if colored {
            _ = write!(self.out, "\x1b[{code}m");
        }
        for c in text.chars() {
            match c {
                '\n' => self.out.push(c),
                c if c.is_control() => self.out.extend(c.escape_debug()),
                c if c.is_ascii() || self.style.unicode => self.out.push(c),
                c => self.out.extend(c.escape_unicode()),
            }
        }
        if colored {
            self.out.push_str("\x1b[0m");
        }
    }
}

impl Problem {
    /// The first line: what `Display` says, without what the page has lines of their own for.
    fn headline(&self) -> String {
        let mut head = self.clone();
        head.origin = None;
        let described = self.description.lines().next().unwrap_or_default();
        if self.kind == ProblemKind::Missing && self.message == format!("is missing: {described}") {
            head.message = String::from("is missing");
        }
        head.to_string()
    }
}

/// Narrower lines would break every word.
const LEAST_WIDTH: usize = 40;
