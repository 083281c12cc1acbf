use std::{sync::Arc, time::SystemTime};

use groundcrew_metrics::{Collector, Descriptor, Samples};

use crate::stats::Counters;

/// Reads the counters at each scrape.
pub(crate) struct BackupCollector(pub(crate) Arc<Counters>);

impl Collector for BackupCollector {
    fn describe(&self) -> Vec<Descriptor> {
        vec![
            Descriptor::counter("backup_runs_total", "Backups by outcome").labels(["outcome"]),
            Descriptor::counter(
                "backup_deleted_total",
                "Backups deleted because they were old enough",
            ),
            Descriptor::counter(
                "backup_damaged_total",
                "Verifications and restores that found damage",
            ),
            Descriptor::gauge(
                "backup_last_success_timestamp_seconds",
                "When the last successful backup of this process ended",
            ),
            Descriptor::gauge(
                "backup_last_duration_seconds",
                "How long the last successful backup took",
            ),
            Descriptor::gauge(
                "backup_last_bytes",
                "How many bytes the last successful backup stored",
            ),
        ]
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    fn collect(&self, samples: &mut Samples<'_>) {
        let stats = self.0.snapshot();
        samples.counter("backup_runs_total", &[("outcome", "success")], stats.succeeded);
        samples.counter("backup_runs_total", &[("outcome", "failure")], stats.failed);
        samples.counter("backup_deleted_total", &[], stats.deleted);
        samples.counter("backup_damaged_total", &[], stats.damaged);
        let Some(at) = stats.last_success else { return };
        let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        samples.gauge("backup_last_success_timestamp_seconds", &[], at.as_secs_f64());
        samples.gauge(
            "backup_last_duration_seconds",
            &[],
            stats.last_duration.as_secs_f64(),
        );
        samples.gauge("backup_last_bytes", &[], stats.last_bytes as f64);
    }
}
