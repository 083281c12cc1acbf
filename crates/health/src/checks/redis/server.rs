//! What Redis says of itself.

use std::collections::HashMap;

use groundcrew_base::{Status, Verdict};

use crate::checks::{
    Thresholds,
    thresholds::{hundredths, percent},
    verdicts::up,
};

/// Lines of `name:value`.
struct Fields<'a>(HashMap<&'a str, &'a str>);

impl<'a> Fields<'a> {
    fn read(info: &'a str) -> Self {
        let pairs = info.lines().filter_map(|line| line.trim_end().split_once(':'));
        Self(pairs.collect())
    }

    fn text(&self, name: &str) -> &'a str {
        self.0.get(name).copied().unwrap_or_default()
    }

    fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or(0)
    }
}

/// One server, by its `INFO`.
pub(super) struct Server<'a>(Fields<'a>);

impl<'a> Server<'a> {
    pub(super) fn read(info: &'a str) -> Self {
        Self(Fields::read(info))
    }

    pub(super) fn judge(&self, memory: Thresholds) -> Verdict {
        // What the others find stands beside the worst.
        let found = [
            self.loading(),
            self.memory(memory),
            self.persistence(),
            self.replication(),
        ];
        let worst = found.into_iter().flatten().max_by_key(Verdict::status);
        let verdict = match worst {
            Some(worst) => worst.detail("connection", "ok"),
            None => up(),
        };
        let (used, most) = (self.0.number("used_memory"), self.0.number("maxmemory"));
        verdict
            .detail("role", self.0.text("role").to_owned())
            .detail("usedMemoryBytes", used)
            .detail("maxMemoryBytes", most)
            .detail("memoryUsagePercent", hundredths(percent(used, most)))
            .detail("evictionPolicy", self.0.text("maxmemory_policy").to_owned())
            .detail("evictedKeys", self.0.number("evicted_keys"))
            .detail("connectedClients", self.0.number("connected_clients"))
    }

    /// Who forbids a `PING` does so before it says that it has no data yet.
    fn loading(&self) -> Option<Verdict> {
        (self.0.text("loading") == "1")
            .then(|| Verdict::unhealthy("the server reads its data").detail("verdict", "loading"))
    }

    /// A cache that evicts what it likes is meant to be full.
    fn memory(&self, thresholds: Thresholds) -> Option<Verdict> {
        let (used, most) = (self.0.number("used_memory"), self.0.number("maxmemory"));
        let policy = self.0.text("maxmemory_policy");
        if most == 0 || policy.starts_with("allkeys") {
            return None;
        }
        let verdict = if policy == "noeviction" && used >= most {
            Verdict::unhealthy("the memory is used up: writes are refused")
        } else {
            thresholds.judge("the memory is", percent(used, most))
        };
        (verdict.status() > Status::Healthy).then(|| verdict.detail("verdict", "memory"))
    }

    fn persistence(&self) -> Option<Verdict> {
        let failed = ["rdb_last_bgsave_status", "aof_last_write_status"];
        let failed = failed.into_iter().find(|name| self.0.text(name) == "err")?;
        Some(Verdict::degraded(format!("{failed} is err")).detail("verdict", "persistence"))
    }

    fn replication(&self) -> Option<Verdict> {
        (self.0.text("master_link_status") == "down")
            .then(|| Verdict::degraded("the replica has lost its primary").detail("verdict", "replication"))
    }
}

/// A cluster, by what its members say.
#[derive(Default)]
pub(super) struct Cluster {
    heard: u64,
    answering: u64,
    primaries: u64,
    /// Those that name other primaries.
    dissenting: u64,
    views: Vec<View>,
}

struct View {
    is_ok: bool,
    state: String,
    assigned: u64,
    ok: u64,
    failing: u64,
    nodes: u64,
}

impl Cluster {
    /// How new the configuration is of which this information tells.
    pub(super) fn epoch(info: &str) -> u64 {
        Fields::read(info).number("cluster_current_epoch")
    }

    /// How many primaries there are.
    pub(super) fn primaries(&mut self, primaries: usize) {
        self.primaries = u64::try_from(primaries).unwrap_or(u64::MAX);
    }

    /// One of the primaries has answered.
    pub(super) const fn answered(&mut self) {
        self.answering += 1;
    }

    /// A member has told what it sees; nothing if it may not.
    pub(super) fn heard(&mut self, info: &str) {
        self.heard += 1;
        if !info.is_empty() {
            self.views.push(View::read(&Fields::read(info)));
        }
    }

    /// A member tells of another cluster than most do.
    pub(super) const fn dissented(&mut self) {
        self.dissenting += 1;
    }

    /// `None` if no member has answered.
    pub(super) fn verdict(&self) -> Option<Verdict> {
        if self.heard == 0 {
            return None;
        }
        let (view, outvoted) = self.prevailing();
        let dissenting = self.dissenting + outvoted;
        let verdict = match view {
            Some(view) => view.judge(),
            None => up(),
        };
        let silent = self.primaries.saturating_sub(self.answering);
        let verdict = match verdict.status() {
            Status::Healthy if silent > 0 => verdict.join(partial(format!(
                "{silent} of {} primaries do not answer",
                self.primaries
            ))),
            Status::Healthy if dissenting > 0 => verdict.join(partial(format!(
                "another cluster is seen by {dissenting} of {} servers",
                self.heard + self.dissenting
            ))),
            _ => verdict,
        };
        Some(
            verdict
                .detail("primaries", self.primaries)
                .detail("primariesAnswering", self.answering),
        )
    }

    /// Sides with the larger of two camps, who say that the cluster serves and who say that it fails. A tie counts as failing. Gives the
    /// view of the one of them that sees most amiss, and how many are in the other camp.
    fn prevailing(&self) -> (Option<&View>, u64) {
        let (serving, failing): (Vec<_>, Vec<_>) = self.views.iter().partition(|view| view.is_ok);
        let (more, fewer) = if serving.len() > failing.len() {
            (serving, failing)
        } else {
            (failing, serving)
        };
        let worst = more.into_iter().min_by_key(|view| view.ok);
        (worst, u64::try_from(fewer.len()).unwrap_or(u64::MAX))
    }
}

impl View {
    fn read(fields: &Fields<'_>) -> Self {
        let state = fields.text("cluster_state");
        Self {
            is_ok: state == "ok",
            state: state.to_owned(),
            assigned: fields.number("cluster_slots_assigned"),
            ok: fields.number("cluster_slots_ok"),
            failing: fields
                .number("cluster_slots_pfail")
                .saturating_add(fields.number("cluster_slots_fail")),
            nodes: fields.number("cluster_known_nodes"),
        }
    }

    fn judge(&self) -> Verdict {
        let verdict = if !self.is_ok {
            Verdict::unhealthy(format!(
                "the cluster is down: {} of {SLOTS} slots are served",
                self.ok
            ))
            .detail("verdict", "cluster_down")
        } else if self.ok < SLOTS {
            partial(format!("{} of {SLOTS} slots are served", self.ok))
        } else {
            up()
        };
        verdict
            .detail("clusterState", self.state.clone())
            .detail("slotsAssigned", self.assigned)
            .detail("slotsOk", self.ok)
            .detail("slotsFailing", self.failing)
            .detail("knownNodes", self.nodes)
    }
}

fn partial(reason: String) -> Verdict {
    Verdict::degraded(reason)
        .detail("connection", "ok")
        .detail("verdict", "partial")
}

const SLOTS: u64 = 16_384;
