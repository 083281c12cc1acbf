use groundcrew_base::Verdict;

use super::Backup;

impl Backup {
    pub(super) async fn judge_freshness(&self) -> Verdict {
        let newest = match self.catalog().newest().await {
            Ok(Some(newest)) => newest,
            Ok(None) => return Verdict::degraded("there is no backup"),
            Err(error) => return Verdict::unknown(format!("the backups cannot be listed: {error}")),
        };
        let age = self
            .0
            .parts
            .clock
            .now()
            .duration_since(newest.started.into())
            .unwrap_or_default();
        let verdict = if age > self.0.parts.config.max_age {
            Verdict::degraded("the newest backup is too old")
        } else {
            Verdict::healthy()
        };
        verdict
            .detail("newest", newest.id.to_string())
            .detail("ageSeconds", age.as_secs())
    }
}
