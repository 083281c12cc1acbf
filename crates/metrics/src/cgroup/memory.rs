use std::path::Path;

use super::{
    group::{Group, Version},
    groups::Groups,
    reader::{Reader, keyed, lower},
};
use crate::Descriptor;

pub(super) fn describe() -> Vec<Descriptor> {
    vec![
        Descriptor::gauge(CURRENT, "Memory in use by the control group, caches included"),
        Descriptor::gauge(
            MAX,
            "The lowest memory limit of the control group and those around it",
        ),
        Descriptor::gauge(
            WORKING_SET,
            "Memory in use less the file pages that are not active",
        ),
        Descriptor::gauge(SWAP, "Swap in use by the control group"),
        Descriptor::counter(EVENTS, "How often the control group met a boundary of its memory")
            .labels(["event"]),
    ]
}

pub(super) fn collect(groups: &Groups, reader: &mut Reader<'_, '_>) {
    let Some(group) = &groups.memory else { return };
    let files = match group.version {
        Version::V1 => &V1,
        Version::V2 => &V2,
    };
    let stat = reader.text(&group.file("memory.stat"));
    let max = group.levels().fold(None, |lowest, level| {
        lower(lowest, reader.limit(&level.join(files.max)))
    });
    if let Some(max) = max {
        reader.samples().gauge(MAX, &[], max);
    }
    if let Some(current) = reader.number(&group.file(files.current)) {
        reader.samples().gauge(CURRENT, &[], current);
        let inactive = stat.as_deref().and_then(|stat| keyed(stat, files.inactive));
        if let Some(inactive) = inactive {
            let working_set = current.saturating_sub(inactive);
            reader.samples().gauge(WORKING_SET, &[], working_set);
        }
    }
    match group.version {
        Version::V1 => {
            if let Some(swap) = stat.as_deref().and_then(|stat| keyed(stat, "total_swap")) {
                reader.samples().gauge(SWAP, &[], swap);
            }
            if let Some(reached) = reader.number(&group.file("memory.failcnt")) {
                reader.samples().counter(EVENTS, &[("event", "max")], reached);
            }
            events(&group.file("memory.oom_control"), &["oom_kill"], reader);
        }
        Version::V2 => collect_v2(group, reader),
    }
}

fn collect_v2(group: &Group, reader: &mut Reader<'_, '_>) {
    if let Some(swap) = reader.number(&group.file("memory.swap.current")) {
        reader.samples().gauge(SWAP, &[], swap);
    }
    let kinds = ["high", "max", "oom", "oom_kill"];
    events(&group.file("memory.events"), &kinds, reader);
}

fn events(path: &Path, kinds: &[&str], reader: &mut Reader<'_, '_>) {
    let Some(text) = reader.text(path) else { return };
    for kind in kinds {
        // Older kernels lack some.
        if let Some(count) = keyed(&text, kind) {
            reader.samples().counter(EVENTS, &[("event", kind)], count);
        }
    }
}

struct Files {
    current: &'static str,
    max: &'static str,
    /// The key in `memory.stat`, with the groups inside of this one.
    inactive: &'static str,
}

const V1: Files = Files {
    current: "memory.usage_in_bytes",
    max: "memory.limit_in_bytes",
    inactive: "total_inactive_file",
};
const V2: Files = Files {
    current: "memory.current",
    max: "memory.max",
    inactive: "inactive_file",
};

const CURRENT: &str = "cgroup_memory_current_bytes";
const MAX: &str = "cgroup_memory_max_bytes";
const WORKING_SET: &str = "cgroup_memory_working_set_bytes";
const SWAP: &str = "cgroup_memory_swap_bytes";
const EVENTS: &str = "cgroup_memory_events_total";
