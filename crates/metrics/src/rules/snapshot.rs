use std::{collections::BTreeMap, fmt};

use super::promql::number;
use crate::Definition;

/// The names, kinds, labels and buckets of all metrics, one line each: they are API, for dashboards and alerts read them.
///
/// Kept in a file and compared by a test, it shows what [was removed](Self::removed), which breaks whoever uses it.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{Registry, rules::Snapshot};
///
/// let registry = Registry::new();
/// let _jobs = registry.counter("jobs_total", "Jobs")?;
/// let before = Snapshot::of(&registry.definitions());
/// assert!(before.to_string().starts_with("jobs_total counter\n"));
///
/// let removed = before.removed(&Snapshot::parse("tasks_total counter queue\n"));
/// assert_eq!(removed[0].to_string(), "metric jobs_total is gone");
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<String, Shape>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    kind: String,
    labels: Vec<String>,
    buckets: Vec<String>,
}

/// Something that was there and is not any more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removal {
    /// A metric.
    Metric {
        /// Its name.
        name: String,
    },
    /// A metric has become another kind.
    Kind {
        /// The metric.
        name: String,
        /// What it was.
        was: String,
        /// What it is.
        is: String,
    },
    /// A label.
    Label {
        /// The metric.
        name: String,
        /// The label.
        label: String,
    },
    /// A boundary of a bucket.
    Bucket {
        /// The metric.
        name: String,
        /// The value of `le`.
        bound: String,
    },
}

impl Snapshot {
    /// What there is now.
    #[must_use]
    pub fn of(definitions: &[Definition]) -> Self {
        let shape = |one: &Definition| Shape {
            kind: one.kind().to_owned(),
            labels: one.labels().iter().map(|label| label.name().to_owned()).collect(),
            buckets: one.buckets().iter().copied().map(number).collect(),
        };
        Self(
            definitions
                .iter()
                .map(|one| (one.name().to_owned(), shape(one)))
                .collect(),
        )
    }

    /// Reads what was written with `Display`. A line that cannot be read counts as no metric.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let list = |word: Option<&str>| -> Vec<String> {
            let items = word
                .unwrap_or_default()
                .split(',')
                .filter(|item| !item.is_empty());
            items.map(str::to_owned).collect()
        };
        Self(
            text.lines()
                .filter_map(|line| {
                    let mut words = line.split(' ');
                    let (name, kind) = (words.next()?, words.next()?);
                    let mut buckets = None;
                    let mut labels = None;
                    for word in words {
                        match word.strip_prefix("le=") {
                            Some(bounds) => buckets = Some(bounds),
                            None => labels = Some(word),
                        }
                    }
                    let shape = Shape {
                        kind: kind.to_owned(),
                        labels: list(labels),
                        buckets: list(buckets),
                    };
                    Some((name.to_owned(), shape))
                })
                .collect(),
        )
    }

    /// What is in this one and not in `now`. What is new is no matter.
    #[must_use]
    pub fn removed(&self, now: &Self) -> Vec<Removal> {
        let mut removed = Vec::new();
        for (name, was) in &self.0 {
            let name = || name.clone();
            let Some(is) = now.0.get(&name()) else {
                removed.push(Removal::Metric { name: name() });
                continue;
            };
            if was.kind != is.kind {
                removed.push(Removal::Kind {
                    name: name(),
                    was: was.kind.clone(),
                    is: is.kind.clone(),
                });
            }
            let labels = was.labels.iter().filter(|label| !is.labels.contains(label));
            removed.extend(labels.map(|label| Removal::Label {
                name: name(),
                label: label.clone(),
            }));
            let bounds = was.buckets.iter().filter(|bound| !is.buckets.contains(bound));
            removed.extend(bounds.map(|bound| Removal::Bucket {
                name: name(),
                bound: bound.clone(),
            }));
        }
        removed
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, shape) in &self.0 {
            write!(f, "{name} {}", shape.kind)?;
            if !shape.labels.is_empty() {
                write!(f, " {}", shape.labels.join(","))?;
            }
            if !shape.buckets.is_empty() {
                write!(f, " le={}", shape.buckets.join(","))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metric { name } => write!(f, "metric {name} is gone"),
            Self::Kind { name, was, is } => write!(f, "metric {name} was a {was} and is a {is}"),
            Self::Label { name, label } => write!(f, "label {label} of metric {name} is gone"),
            Self::Bucket { name, bound } => write!(f, "bucket {bound} of metric {name} is gone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_disappears_is_told_and_what_is_new_is_not() {
        let text = "a_total counter route,method\nb_seconds histogram route le=0.1,1.0\nc gauge\nd gauge\n";
        let was = Snapshot::parse(text);
        let now = Snapshot::parse(
            "a_total counter method,status\nb_seconds histogram route le=0.1,0.5\nc counter\ne gauge\n",
        );

        let removed: Vec<String> = was.removed(&now).iter().map(Removal::to_string).collect();

        assert_eq!(was.to_string(), text);
        assert_eq!(
            removed,
            [
                "label route of metric a_total is gone",
                "bucket 1.0 of metric b_seconds is gone",
                "metric c was a gauge and is a counter",
                "metric d is gone",
            ]
        );
        assert_eq!(was.removed(&was), []);
    }
}
