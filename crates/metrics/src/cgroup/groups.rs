use std::path::Path;

use super::{
    group::{Group, Version},
    membership::Membership,
    mounts::Mounts,
};

/// The group of each controller; in a hybrid set-up they are of different versions.
#[derive(Debug)]
pub(super) struct Groups {
    pub memory: Option<Group>,
    pub cpu: Option<Group>,
    /// Where the CPU time is counted.
    pub cpuacct: Option<Group>,
    pub pids: Option<Group>,
    /// In version 2, which alone knows pressure.
    pub unified: Option<Group>,
}

impl Groups {
    pub(super) fn find(root: &Path, membership: &Membership<'_>, mounts: &Mounts) -> Self {
        let unified = membership
            .unified
            .and_then(|path| Group::find(root, Version::V2, path, &mounts.unified()));
        let controller = |name: &str| match membership.legacy(name) {
            Some(path) => Group::find(root, Version::V1, path, &mounts.legacy(name)),
            None => unified.clone(),
        };
        Self {
            memory: controller("memory"),
            cpu: controller("cpu"),
            cpuacct: controller("cpuacct"),
            pids: controller("pids"),
            unified,
        }
    }
}
