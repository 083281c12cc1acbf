use super::{
    groups::Groups,
    reader::{Reader, lower},
};
use crate::Descriptor;

pub(super) fn describe() -> Vec<Descriptor> {
    vec![
        Descriptor::gauge(CURRENT, "Processes and threads in the control group"),
        Descriptor::gauge(
            MAX,
            "The lowest limit of processes and threads of the control group and those around it",
        ),
    ]
}

pub(super) fn collect(groups: &Groups, reader: &mut Reader<'_, '_>) {
    let Some(group) = &groups.pids else { return };
    if let Some(current) = reader.number(&group.file("pids.current")) {
        reader.samples().gauge(CURRENT, &[], current);
    }
    let max = group.levels().fold(None, |lowest, level| {
        lower(lowest, reader.limit(&level.join("pids.max")))
    });
    if let Some(max) = max {
        reader.samples().gauge(MAX, &[], max);
    }
}

const CURRENT: &str = "cgroup_pids_current";
const MAX: &str = "cgroup_pids_max";
