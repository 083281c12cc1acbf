use std::{collections::HashSet, fs, process::Command};

use rustix::process::{Pid, Signal, kill_process};

/// Sends `signal` to a process and everything below it, and answers whom it reached.
///
/// A process group is not enough: each PostgreSQL backend makes itself a session leader, so that a signal to
/// the postmaster's group would leave them running.
pub(crate) fn signal(root: u32, signal: Signal) -> HashSet<u32> {
    // The root first: once stopped it starts no further children.
    send(root, signal);
    let mut reached = HashSet::from([root]);
    loop {
        let fresh: Vec<u32> = descendants(&reached)
            .into_iter()
            .filter(|pid| reached.insert(*pid))
            .collect();
        if fresh.is_empty() {
            return reached;
        }
        for pid in fresh {
            send(pid, signal);
        }
    }
}

/// Kills a process and everything below it.
pub(crate) fn kill(root: u32) {
    // Children of a dead parent can no longer be found, so the tree is frozen before it is felled.
    for pid in signal(root, Signal::STOP) {
        send(pid, Signal::KILL);
    }
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // The only failure is that the process has gone, which is no news.
        let _gone = kill_process(pid, signal);
    }
}

fn descendants(roots: &HashSet<u32>) -> Vec<u32> {
    let pairs = parents();
    let mut found: HashSet<u32> = HashSet::new();
    loop {
        let before = found.len();
        for (pid, parent) in &pairs {
            if roots.contains(parent) || found.contains(parent) {
                found.insert(*pid);
            }
        }
        if found.len() == before {
            return found.into_iter().collect();
        }
    }
}

/// Every process with its parent.
fn parents() -> Vec<(u32, u32)> {
    fs::read_dir("/proc/self").map_or_else(|_| parents_by_ps(), |_| parents_by_proc())
}

fn parents_by_proc() -> Vec<(u32, u32)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|pid| {
            Some((
                pid,
                parent_in(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?,
            ))
        })
        .collect()
}

/// The fourth field of `/proc/<pid>/stat`. The second is the name in parentheses, which may itself hold both.
fn parent_in(stat: &str) -> Option<u32> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.split(' ').nth(1)?.parse().ok()
}

fn parents_by_ps() -> Vec<(u32, u32)> {
    let Ok(output) = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output() else {
        return Vec::new();
    };
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_read_behind_a_name_with_parentheses() {
        assert_eq!(parent_in("42 (a) R (b) S 7 42 42 0"), Some(7));
    }
}
