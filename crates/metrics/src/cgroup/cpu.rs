use std::path::{Path, PathBuf};

use super::{
    group::{Group, Version},
    groups::Groups,
    reader::{Reader, keyed, limit},
};
use crate::Descriptor;

pub(super) fn describe() -> Vec<Descriptor> {
    vec![
        Descriptor::counter(USAGE, "CPU time that the control group has taken, in seconds"),
        Descriptor::gauge(
            QUOTA,
            "The lowest CPU quota of the control group and those around it, in cores",
        ),
        Descriptor::counter(PERIODS, "Periods in which the quota was enforced"),
        Descriptor::counter(THROTTLED, "Periods in which the quota was used up"),
        Descriptor::counter(
            THROTTLED_SECONDS,
            "Time that the quota has kept threads from running, in seconds",
        ),
    ]
}

pub(super) fn collect(groups: &Groups, reader: &mut Reader<'_, '_>) {
    if let Some(seconds) = groups.cpuacct.as_ref().and_then(|group| usage(group, reader)) {
        reader.samples().counter(USAGE, &[], seconds);
    }
    let Some(group) = &groups.cpu else { return };
    let (quota, level) = lowest_quota(group, reader);
    if let Some(cores) = quota {
        reader.samples().gauge(QUOTA, &[], cores);
    }
    throttling(&level.join("cpu.stat"), group.version, reader);
}

fn usage(group: &Group, reader: &mut Reader<'_, '_>) -> Option<f64> {
    match group.version {
        Version::V1 => {
            let nanoseconds = reader.number(&group.file("cpuacct.usage"))?;
            Some(nanoseconds as f64 / 1e9)
        }
        Version::V2 => {
            let stat = reader.text(&group.file("cpu.stat"))?;
            let microseconds = keyed(&stat, "usage_usec")?;
            Some(microseconds as f64 / 1e6)
        }
    }
}

/// The lowest quota on the way up, in cores, and the group that has it; the process's own without any.
fn lowest_quota(group: &Group, reader: &mut Reader<'_, '_>) -> (Option<f64>, PathBuf) {
    let mut lowest = (None, group.file(""));
    for level in group.levels() {
        let Some(cores) = quota(level, group.version, reader) else {
            continue;
        };
        if lowest.0.is_none_or(|lowest| cores < lowest) {
            // Without a limit anywhere, the group's own periods are as good as any.
            let binds = cores.is_finite();
            lowest = (Some(cores), if binds { level.to_owned() } else { lowest.1 });
        }
    }
    lowest
}

fn quota(level: &Path, version: Version, reader: &mut Reader<'_, '_>) -> Option<f64> {
    let (path, quota, period) = match version {
        Version::V1 => {
            let path = level.join("cpu.cfs_quota_us");
            let quota = reader.text(&path)?;
            let period = reader.text(&level.join("cpu.cfs_period_us"))?;
            (path, quota, period)
        }
        Version::V2 => {
            let path = level.join("cpu.max");
            let text = reader.text(&path)?;
            let (quota, period) = text.split_once(' ').unwrap_or((&text, "100000"));
            (path, quota.to_owned(), period.to_owned())
        }
    };
    let cores = limit(quota.trim_ascii())
        .zip(limit(period.trim_ascii()))
        .map(|(quota, period)| quota / period)
        .filter(|cores| !cores.is_nan());
    reader.understood(&path, cores)
}

fn throttling(path: &Path, version: Version, reader: &mut Reader<'_, '_>) {
    let Some(stat) = reader.text(path) else { return };
    let (key, per_second) = match version {
        Version::V1 => ("throttled_time", 1e9),
        Version::V2 => ("throttled_usec", 1e6),
    };
    let samples = reader.samples();
    if let Some(periods) = keyed(&stat, "nr_periods") {
        samples.counter(PERIODS, &[], periods);
    }
    if let Some(throttled) = keyed(&stat, "nr_throttled") {
        samples.counter(THROTTLED, &[], throttled);
    }
    if let Some(time) = keyed(&stat, key) {
        samples.counter(THROTTLED_SECONDS, &[], time as f64 / per_second);
    }
}

const USAGE: &str = "cgroup_cpu_usage_seconds_total";
const QUOTA: &str = "cgroup_cpu_quota_cores";
const PERIODS: &str = "cgroup_cpu_periods_total";
const THROTTLED: &str = "cgroup_cpu_throttled_periods_total";
const THROTTLED_SECONDS: &str = "cgroup_cpu_throttled_seconds_total";
