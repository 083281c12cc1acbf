use std::sync::Weak;

use groundcrew_metrics::{Collector, Descriptor, Samples, Severity};

use crate::{
    core::Core,
    stats::{FileCounts, LoggingStats},
};

/// Shows [`LoggingStats`] at each scrape.
#[derive(Debug)]
pub(crate) struct LogCollector(pub(crate) Weak<Core>);

impl Collector for LogCollector {
    fn describe(&self) -> Vec<Descriptor> {
        let counters = COUNTERS
            .iter()
            .map(|(name, help, labels)| Descriptor::counter(*name, *help).labels(labels.iter().copied()));
        let gauges = [
            Descriptor::gauge("log_queue_bytes", "Bytes that wait for the writer"),
            Descriptor::gauge("log_queue_capacity_bytes", "The most bytes that may wait"),
        ];
        counters.chain(gauges).collect()
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        if let Some(core) = self.0.upgrade() {
            let stats = core.stats();
            collect_events(&stats, samples);
            collect_lines(&stats, samples);
            collect_alerts(&stats, samples);
            samples.gauge("log_queue_bytes", &[], stats.queue_bytes);
            samples.gauge("log_queue_capacity_bytes", &[], stats.queue_capacity);
        }
    }
}

fn collect_events(stats: &LoggingStats, samples: &mut Samples<'_>) {
    let events = &stats.events;
    let levels = [
        ("error", events.error + events.critical),
        ("warn", events.warn),
        ("info", events.info),
        ("debug", events.debug),
        ("trace", events.trace),
    ];
    for (level, count) in levels {
        samples.counter("log_events_total", &[("level", level)], count);
    }
}

/// Adds the events of level warn and graver to the errors of the service.
pub(crate) fn count_errors(core: &Weak<Core>, count: &mut dyn FnMut(&str, Severity, u64)) {
    if let Some(core) = core.upgrade() {
        let events = core.stats().events;
        count("warning", Severity::Low, events.warn);
        count("error", Severity::Medium, events.error);
        count("critical", Severity::Critical, events.critical);
    }
}

fn collect_alerts(stats: &LoggingStats, samples: &mut Samples<'_>) {
    for sink in &stats.alert_sinks {
        let (name, counts) = (sink.name.as_str(), &sink.counts);
        let results = [
            ("sent", counts.delivered),
            ("failed", counts.failed),
            ("suppressed", counts.suppressed),
            ("dropped", counts.dropped),
        ];
        for (result, count) in results {
            samples.counter("log_alerts_total", &[("sink", name), ("result", result)], count);
        }
        samples.counter("log_alert_retries_total", &[("sink", name)], counts.retries);
        samples.counter("log_alert_digests_total", &[("sink", name)], counts.digests);
    }
}

fn collect_lines(stats: &LoggingStats, samples: &mut Samples<'_>) {
    for (reason, count) in stats.lines.dropped.reasons() {
        samples.counter("log_dropped_total", &[("reason", reason)], count);
    }
    for sink in &stats.sinks {
        let labels = [("sink", sink.name.as_str())];
        samples.counter("log_lines_total", &labels, sink.lines.accepted);
        samples.counter("log_written_total", &labels, sink.lines.written);
        samples.counter("log_written_bytes_total", &labels, sink.bytes);
        samples.counter("log_sink_errors_total", &labels, sink.errors);
        samples.counter("log_sink_panics_total", &labels, sink.panics);
        samples.counter("log_partial_writes_total", &labels, sink.partial_writes);
        if let Some(file) = &sink.file {
            collect_file(&labels, file, samples);
        }
    }
}

fn collect_file(labels: &[(&str, &str)], file: &FileCounts, samples: &mut Samples<'_>) {
    let counts = [
        ("log_rotations_total", file.rotations),
        ("log_rotation_failures_total", file.rotation_failures),
        ("log_compressions_total", file.compressions),
        ("log_compression_failures_total", file.compression_failures),
        ("log_archives_removed_total", file.archives_removed),
        ("log_reopens_total", file.reopens),
        ("log_reopen_failures_total", file.reopen_failures),
    ];
    for (name, count) in counts {
        samples.counter(name, labels, count);
    }
}

/// What is counted, and by what it is told apart.
const COUNTERS: [(&str, &str, &[&str]); 18] = [
    ("log_events_total", "Events that passed the filter", &["level"]),
    ("log_lines_total", "Lines handed to the sinks", &["sink"]),
    ("log_written_total", "Lines the sinks have taken", &["sink"]),
    ("log_dropped_total", "Lines that were given up", &["reason"]),
    ("log_written_bytes_total", "Bytes the sinks have taken", &["sink"]),
    ("log_sink_errors_total", "Failures of the sinks", &["sink"]),
    (
        "log_sink_panics_total",
        "Failures of the sinks that were panics",
        &["sink"],
    ),
    (
        "log_partial_writes_total",
        "Writes that ended inside of a line",
        &["sink"],
    ),
    ("log_rotations_total", "Rotations of log files", &["sink"]),
    ("log_rotation_failures_total", "Rotations that failed", &["sink"]),
    (
        "log_compressions_total",
        "Full log files that were compressed",
        &["sink"],
    ),
    (
        "log_compression_failures_total",
        "Full log files that could not be",
        &["sink"],
    ),
    (
        "log_archives_removed_total",
        "Full log files that were removed",
        &["sink"],
    ),
    ("log_reopens_total", "Log files that were opened anew", &["sink"]),
    (
        "log_reopen_failures_total",
        "Log files that could not be",
        &["sink"],
    ),
    (
        "log_alerts_total",
        "Alerts by what became of them",
        &["sink", "result"],
    ),
    (
        "log_alert_retries_total",
        "Attempts after the first to send an alert",
        &["sink"],
    ),
    (
        "log_alert_digests_total",
        "Messages that told of alerts held back",
        &["sink"],
    ),
];
