use std::path::Path;

use super::{groups::Groups, reader::Reader};
use crate::{Descriptor, digits::number};

pub(super) fn describe() -> Descriptor {
    Descriptor::counter(
        STALL,
        "Time in which some or all threads of the control group waited for a resource, in seconds",
    )
    .labels(["resource", "share"])
}

pub(super) fn collect(groups: &Groups, reader: &mut Reader<'_, '_>) {
    let Some(group) = &groups.unified else { return };
    for resource in ["cpu", "memory", "io"] {
        let path = group.file(&format!("{resource}.pressure"));
        if let Some(text) = reader.text(&path) {
            stalls(&path, &text, resource, reader);
        }
    }
}

fn stalls(path: &Path, text: &str, resource: &str, reader: &mut Reader<'_, '_>) {
    for line in text.lines() {
        if let Some((share, seconds)) = reader.understood(path, parse(line)) {
            let labels = [("resource", resource), ("share", share)];
            reader.samples().counter(STALL, &labels, seconds);
        }
    }
}

/// A line such as `some avg10=0.00 avg60=0.00 avg300=0.00 total=12345`, in microseconds.
fn parse(line: &str) -> Option<(&str, f64)> {
    let (share, rest) = line.split_once(' ')?;
    let total = rest.split(' ').find_map(|field| field.strip_prefix("total="))?;
    let microseconds = number(total.as_bytes())?;
    matches!(share, "some" | "full").then_some((share, microseconds as f64 / 1e6))
}

const STALL: &str = "cgroup_pressure_stall_seconds_total";
