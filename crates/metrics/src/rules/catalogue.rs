use std::fmt::Write as _;

use super::promql::quoted;
use crate::{Definition, descriptor::Kind};

/// The metrics that there are, and the job that exposes them.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    pub(super) definitions: Vec<Definition>,
    pub(super) prefixes: Vec<String>,
    pub(super) job: String,
}

impl Catalogue {
    /// The metric of this name, with or without one of the prefixes.
    pub(super) fn find(&self, name: &str) -> Option<&Definition> {
        let with = |prefix: &String| self.exact(&format!("{prefix}_{name}"));
        self.exact(name).or_else(|| self.prefixes.iter().find_map(with))
    }

    fn exact(&self, name: &str) -> Option<&Definition> {
        self.definitions.iter().find(|one| one.name == name)
    }

    /// The full name of a metric or of one of a histogram's series, if it has these labels.
    fn series(&self, name: &str, labels: &[&str]) -> Option<String> {
        if name == "up" {
            return Some(name.to_owned());
        }
        let (base, suffix) = ["_bucket", "_count", "_sum"]
            .into_iter()
            .filter_map(|suffix| Some((name.strip_suffix(suffix)?, suffix)))
            .find(|(base, _)| self.find(base).is_some_and(|found| found.kind == Kind::Histogram))
            .unwrap_or((name, ""));
        let found = self.find(base)?;
        let has = |label: &&str| found.has_label(label) || (suffix == "_bucket" && *label == "le");
        labels.iter().all(has).then(|| format!("{}{suffix}", found.name))
    }

    /// Replaces `<name>` and `<name|matchers>` by selectors of this job; none when a metric or a label is missing.
    ///
    /// `with` goes into every selector, behind the job.
    pub(super) fn expand(&self, template: &str, with: &str) -> Option<String> {
        let mut out = String::with_capacity(template.len() * 2);
        let mut rest = template;
        while let Some((before, after)) = split_place(rest) {
            out.push_str(before);
            let (place, after) = after.split_once('>')?;
            let (name, matchers) = place.split_once('|').unwrap_or((place, ""));
            let labels: Vec<&str> = matchers
                .split(',')
                .filter_map(|matcher| matcher.split(['=', '!']).next())
                .filter(|label| !label.is_empty())
                .collect();
            let series = self.series(name, &labels)?;
            let separator = if matchers.is_empty() { "" } else { "," };
            let _ = write!(
                out,
                "{series}{{job={}{with}{separator}{matchers}}}",
                quoted(&self.job)
            );
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }
}

/// Splits at a `<` that begins a name: comparisons have a blank behind theirs.
fn split_place(text: &str) -> Option<(&str, &str)> {
    let at = text
        .match_indices('<')
        .map(|(at, _)| at)
        .find(|at| text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_lowercase))?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}
