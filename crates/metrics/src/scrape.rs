//! One walk over a registry, in one format.

use std::{collections::HashSet, sync::PoisonError, time::Instant};

use crate::{
    Format, Registry, attached,
    descriptor::Kind,
    exemplar,
    exposition::{Options, Writer},
    name, registered,
    registry::{CellsEntry, Entry},
};

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Scrape {
    pub(crate) format: Format,
    pub(crate) names: Names,
    /// Whether nobody will see what is written, as with HEAD: then it does not count as shown.
    pub(crate) unseen: bool,
}

/// The names of the families, or of their samples, that are asked for; all when it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Names(Vec<String>);

impl Registry {
    /// Every metric in the text format 0.0.4, whatever the prefix of this handle.
    #[must_use]
    pub fn encode(&self) -> String {
        self.write(&Scrape::default(), None).finish_text()
    }

    /// Every metric in OpenMetrics 1.0, whatever the prefix of this handle.
    #[must_use]
    pub fn encode_open_metrics(&self) -> String {
        self.write(&Scrape::of(Format::OpenMetrics), None).finish_text()
    }

    /// Every metric in the given format, whatever the prefix of this handle.
    #[must_use]
    pub fn encode_as(&self, format: Format) -> Vec<u8> {
        self.scrape(&Scrape::of(format), None)
    }

    /// Whether OpenMetrics has a sample `_created` for every counter and histogram: when its count began. Off by
    /// default, for a server that does not know them stores twice as many series. Protobuf always has the
    /// time, which costs no series there.
    ///
    /// It holds for the whole registry, whatever the prefix of this handle.
    ///
    /// # Examples
    /// ```
    /// let registry = groundcrew_metrics::Registry::new();
    /// registry.show_created(true);
    /// registry.counter("jobs_total", "Jobs that were run")?;
    /// assert!(registry.encode_open_metrics().contains("\njobs_created 1"));
    /// # Ok::<(), groundcrew_metrics::RegisterError>(())
    /// ```
    pub fn show_created(&self, shown: bool) {
        self.sizes(|sizes| {
            sizes.created = shown;
            sizes.last = [None; 3];
        });
    }

    /// Collectors that can wait do so until the deadline at most.
    pub(crate) fn scrape(&self, scrape: &Scrape, deadline: Option<Instant>) -> Vec<u8> {
        self.write(scrape, deadline).finish()
    }

    fn write(&self, scrape: &Scrape, deadline: Option<Instant>) -> Writer {
        let entries = self.entries();
        if !scrape.unseen {
            entries.iter().for_each(|entry| entry.sweep(&scrape.names));
        }
        let (options, series) = self.options(scrape, &entries);
        let mut to = Writer::new(scrape.format, options);
        self.write_entries(&entries, &scrape.names, deadline, &mut to);
        if scrape.format != Format::Text && !scrape.unseen {
            exemplar::next_round();
        }
        if scrape.names.are_all() {
            let bytes = to.len();
            self.sizes(|sizes| {
                if let Some(last) = sizes.last.get_mut(scrape.format.index()) {
                    *last = Some(Size { series, bytes });
                }
            });
        }
        to
    }

    fn write_entries(&self, entries: &[Entry], names: &Names, deadline: Option<Instant>, to: &mut Writer) {
        let mut runs = Vec::new();
        let mut taken = None;
        for entry in entries {
            match entry {
                Entry::Cells(entry) => entry.write(names, to),
                Entry::Collector(collector) => {
                    if collector.has(|name, kind| names.want(name, kind)) {
                        let run = collector.collect(deadline);
                        run.families.iter().for_each(|family| family.write(names, to));
                        runs.push(run);
                    }
                }
                Entry::Attached(registry) => {
                    attached::write(registry, taken.get_or_insert_with(|| self.names()), names, to);
                }
            }
        }
        registered::write_runs(&runs, names, to);
    }

    /// How to write, so that the buffer need not grow: it would hold everything twice while it does.
    fn options(&self, scrape: &Scrape, entries: &[Entry]) -> (Options, usize) {
        let series = entries.iter().map(Entry::series).sum();
        let (created, last) = self.sizes(|sizes| {
            let last = sizes.last.get(scrape.format.index()).copied().flatten();
            (sizes.created, last)
        });
        let known = last.filter(|last| last.series.abs_diff(series) <= last.series / 64);
        let mut options = Options {
            created,
            ..Options::default()
        };
        if scrape.names.are_all() {
            let bytes = match known {
                Some(last) => last.bytes,
                None => measure(entries, scrape, options),
            };
            options.capacity = bytes + bytes / 32 + SPARE;
        }
        (options, series)
    }

    fn names(&self) -> HashSet<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.names.clone()
    }

    fn sizes<T>(&self, then: impl FnOnce(&mut Sizes) -> T) -> T {
        then(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).sizes)
    }
}

/// What scrapes remember.
#[derive(Debug, Default)]
pub(crate) struct Sizes {
    created: bool,
    last: [Option<Size>; 3],
}

/// How long the last scrape of a format was, and how many series the cells had.
#[derive(Clone, Copy, Debug)]
struct Size {
    series: usize,
    bytes: usize,
}

impl Scrape {
    fn of(format: Format) -> Self {
        Self {
            format,
            ..Self::default()
        }
    }
}

impl Names {
    #[cfg(any(test, feature = "http"))]
    pub(crate) const fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    pub(crate) const fn are_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the family is asked for: by its name in either text format, or by one of its samples.
    pub(crate) fn want(&self, family: &str, kind: Kind) -> bool {
        self.are_all() || self.0.iter().any(|wanted| is_of(wanted, family, kind))
    }
}

impl CellsEntry {
    fn write(&self, names: &Names, to: &mut Writer) {
        if names.want(&self.name, self.kind) && !self.cells.is_empty() {
            to.family(&self.name, &self.help, self.kind, |to| {
                self.cells.each(&mut |series| to.series(series));
            });
        }
    }
}

impl Entry {
    /// Lets go of series that expire, where the scrape shows the rest.
    fn sweep(&self, names: &Names) {
        if let Self::Cells(entry) = self
            && names.want(&entry.name, entry.kind)
        {
            entry.cells.sweep();
        }
    }

    fn series(&self) -> usize {
        match self {
            Self::Cells(entry) => entry.cells.len(),
            Self::Collector(_) | Self::Attached(_) => 0,
        }
    }
}

fn measure(entries: &[Entry], scrape: &Scrape, options: Options) -> usize {
    let mut to = Writer::new(
        scrape.format,
        Options {
            measure: true,
            ..options
        },
    );
    for entry in entries {
        if let Entry::Cells(entry) = entry {
            entry.write(&scrape.names, &mut to);
        }
    }
    to.len()
}

fn is_of(wanted: &str, family: &str, kind: Kind) -> bool {
    let open_metrics = name::open_metrics(family, kind);
    if wanted == family || wanted == open_metrics {
        return true;
    }
    let suffixes: &[&str] = match kind {
        Kind::Histogram => &["_bucket", "_sum", "_count", "_created"],
        Kind::Counter => &["_created"],
        Kind::Gauge | Kind::Info | Kind::Unknown => &[],
    };
    let suffix = wanted.strip_prefix(open_metrics);
    suffix.is_some_and(|suffix| suffixes.contains(&suffix))
}

/// For collectors and for values that have grown longer.
const SPARE: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_wanted_by_any_of_its_names() {
        let names = |name: &str| Names::new(vec![name.to_owned()]);

        assert!(Names::default().want("x", Kind::Gauge));
        for (wanted, family, kind, expected) in [
            ("hits_total", "hits_total", Kind::Counter, true),
            ("hits", "hits_total", Kind::Counter, true),
            ("hits_created", "hits_total", Kind::Counter, true),
            ("hits_bucket", "hits_total", Kind::Counter, false),
            ("age_bucket", "age", Kind::Histogram, true),
            ("age_sum", "age", Kind::Histogram, true),
            ("age_sum", "age", Kind::Gauge, false),
            ("ages", "age", Kind::Gauge, false),
            ("build", "build_info", Kind::Info, true),
        ] {
            assert_eq!(names(wanted).want(family, kind), expected, "{wanted} {family}");
        }
    }
}
