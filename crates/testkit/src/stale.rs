use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, SystemTime},
};

use crate::process_tree;

/// How the name of a sandbox begins.
pub(crate) const PREFIX: &str = "testkit-";
/// The file whose lock the owner holds.
pub(crate) const OWNER: &str = "owner.lock";

/// Removes the sandboxes in `base` whose owner is gone, with what still runs in them.
///
/// The reaper does this within a moment of its owner's death; the sweep is for the day when the reaper was
/// killed too, or the machine lost power.
pub(crate) fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&path) {
            kill_inhabitants(&path);
            // Another user's, or another sweep was faster.
            let _kept = fs::remove_dir_all(&path);
        }
    }
}

fn is_abandoned(dir: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(dir) else {
        return false;
    };
    // A directory that was just made may not be locked yet.
    let age = metadata
        .modified()
        .ok()
        .and_then(|at| SystemTime::now().duration_since(at).ok());
    let settled = age.is_some_and(|age| age > Duration::from_secs(10));
    let ours = rustix::process::geteuid().is_root() || metadata.uid() == rustix::process::geteuid().as_raw();
    metadata.is_dir() && ours && settled && is_unlocked(dir)
}

fn is_unlocked(dir: &Path) -> bool {
    match File::open(dir.join(OWNER)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(_) => true,
    }
}

/// Kills the processes named in the directory, if they still are what they were: their working directory is
/// inside. A process id alone may have been given to somebody else.
fn kill_inhabitants(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_none_or(|extension| extension != "pid") {
            continue;
        }
        let pid = fs::read_to_string(&path)
            .ok()
            .and_then(|text| text.trim().parse::<u32>().ok());
        let Some(pid) = pid else { continue };
        if fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(dir)) {
            process_tree::kill(pid);
        }
    }
}
