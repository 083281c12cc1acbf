//! `METRICS.md`: what there is, for people.

use std::fmt::Write as _;

use super::{
    alert::{Alert, Group, Urgency},
    promql::{duration, number},
    wording::Wording,
};
use crate::{Definition, LabelDefinition};

/// The document about these metrics and rules.
pub(super) fn reference(
    service: &str,
    definitions: &[Definition],
    objectives: &[Group],
    ready: &[Group],
    wording: &Wording,
) -> String {
    let mut text = format!(
        "<!-- {} -->\n\n# Metrics of {}\n\n{}",
        super::rule_file::COMMENT,
        cell(service),
        metrics(definitions)
    );
    for (title, groups) in [("Service level objectives", objectives), ("Alerts", ready)] {
        let alerts: Vec<&Alert> = groups.iter().flat_map(|group| &group.alerts).collect();
        if !alerts.is_empty() {
            let _ = write!(text, "\n## {title}\n\n{}", table(&alerts, wording));
        }
    }
    text
}

fn metrics(definitions: &[Definition]) -> String {
    let mut sorted: Vec<&Definition> = definitions.iter().collect();
    sorted.sort_by(|one, other| one.name().cmp(other.name()));
    let mut text = "| metric | kind | labels | help |\n|---|---|---|---|\n".to_owned();
    for one in sorted {
        let labels: Vec<String> = one.labels().iter().map(label).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            one.name(),
            kind(one),
            labels.join(", "),
            cell(one.help())
        );
    }
    text
}

fn table(alerts: &[&Alert], wording: &Wording) -> String {
    let mut text = format!(
        "| alert | {} | holds for | what it says |\n|---|---|---|---|\n",
        wording.severity_label
    );
    for alert in alerts {
        let severity = match alert.urgency {
            Urgency::Page => &wording.page,
            Urgency::Ticket => &wording.ticket,
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {}. {} |",
            alert.name,
            cell(severity),
            duration(alert.hold),
            cell(&alert.summary),
            cell(&alert.description)
        );
    }
    text
}

fn kind(one: &Definition) -> String {
    let mut kind = one.kind().to_owned();
    let buckets: Vec<String> = one.buckets().iter().copied().map(number).collect();
    if !buckets.is_empty() {
        let _ = write!(kind, ", buckets {}", buckets.join(" "));
    }
    if let Some(idle) = one.expires_after() {
        let _ = write!(kind, ", series expire after {}", duration(idle));
    }
    kind
}

fn label(label: &LabelDefinition) -> String {
    let values: Vec<String> = label.values().iter().map(|value| cell(value)).collect();
    if values.is_empty() {
        format!("`{}`", label.name())
    } else {
        format!("`{}` ({})", label.name(), values.join(", "))
    }
}

/// A text as the inside of a table's cell, where nothing of it is markup.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '~' | '&' | '!' => {
                cell.push('\\');
                cell.push(character);
            }
            other if other.is_control() || other == '\u{2028}' || other == '\u{2029}' => cell.push(' '),
            other => cell.push(other),
        }
    }
    cell.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::descriptor::Kind;

    #[test]
    fn a_metric_whose_series_expire_says_after_how_long() {
        let definition = |expires_after| Definition {
            name: "lag_seconds".to_owned(),
            help: "Lag".to_owned(),
            kind: Kind::Histogram,
            labels: Vec::new(),
            buckets: vec![0.5],
            expires_after,
            objectives: Vec::new(),
        };

        assert_eq!(kind(&definition(None)), "histogram, buckets 0.5");
        assert_eq!(
            kind(&definition(Some(Duration::from_mins(90)))),
            "histogram, buckets 0.5, series expire after 90m"
        );
    }

    #[test]
    fn a_help_text_stays_in_its_cell() {
        assert_eq!(cell("a|b\nc <b>`x`_"), "a\\|b c \\<b\\>\\`x\\`\\_");
    }
}
