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

#[cfg(test)]
mod tests {
    use std::{
        path::PathBuf,
        process::{Command, id},
    };

    use super::*;

    struct Base(PathBuf);

    impl Base {
        fn new() -> Self {
            let base = std::env::temp_dir().join(format!("stale-test-{}", id()));
            fs::create_dir(&base).expect("a directory in the temporary directory");
            Self(base)
        }

        fn sandbox(&self, name: &str, age: Duration) -> PathBuf {
            let dir = self.0.join(format!("{PREFIX}{name}"));
            fs::create_dir(&dir).expect("a new directory");
            fs::write(dir.join(OWNER), "").expect("a file in it");
            let at = SystemTime::now() - age;
            File::open(&dir)
                .and_then(|opened| opened.set_modified(at))
                .expect("our own directory");
            dir
        }
    }

    impl Drop for Base {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("the directory made in new");
        }
    }

    #[test]
    fn only_old_sandboxes_without_an_owner_are_swept_and_their_servers_killed() {
        const OLD: Duration = Duration::from_secs(60);
        let base = Base::new();
        let abandoned = base.sandbox("1-0", OLD);
        let owned = base.sandbox("2-0", OLD);
        let fresh = base.sandbox("3-0", Duration::ZERO);
        let lock = File::open(owned.join(OWNER)).expect("made above");
        lock.lock().expect("nobody else locks it");
        let mut server = Command::new("sleep")
            .arg("60")
            .current_dir(&abandoned)
            .spawn()
            .expect("sleep");
        fs::write(abandoned.join("server.pid"), server.id().to_string()).expect("a file");
        let at = SystemTime::now() - OLD;
        File::open(&abandoned)
            .and_then(|opened| opened.set_modified(at))
            .expect("our own directory");

        sweep(&base.0);

        assert_eq!(
            [abandoned, owned, fresh].map(|dir| dir.exists()),
            [false, true, true]
        );
        assert!(!server.wait().expect("our child").success());
    }
}
