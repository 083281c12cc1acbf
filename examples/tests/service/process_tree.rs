//! The processes below a process.

use std::fs;

use rustix::process::{Pid, test_kill_process};

/// A process and its command line, by which it is told from a later one with the same id.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pid: i32,
    pub(crate) command: String,
}

impl Process {
    pub(crate) fn is_alive(&self) -> bool {
        let exists = Pid::from_raw(self.pid).is_some_and(|pid| test_kill_process(pid).is_ok());
        exists && command(self.pid) == self.command
    }
}

/// Every process below `root`.
pub(crate) fn below(root: Pid) -> Vec<Process> {
    let pairs: Vec<(i32, i32)> = pids().filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut found = vec![root.as_raw_nonzero().get()];
    let mut next = 0;
    while let Some(&above) = found.get(next) {
        found.extend(
            pairs
                .iter()
                .filter(|(_, parent)| *parent == above)
                .map(|(pid, _)| pid),
        );
        next += 1;
    }
    found
        .into_iter()
        .skip(1)
        .map(|pid| Process {
            pid,
            command: command(pid),
        })
        .collect()
}

fn pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// The fourth field of `stat`, behind a name in parentheses that may hold anything.
fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

fn command(pid: i32) -> String {
    fs::read_to_string(format!("/proc/{pid}/cmdline"))
        .unwrap_or_default()
        .replace('\0', " ")
}
