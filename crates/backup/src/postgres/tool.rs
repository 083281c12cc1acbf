use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
};

use groundcrew_connect::postgres::PostgresUrl;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
};

use crate::Error;

/// One of PostgreSQL's own programs.
pub(super) struct Tool {
    name: &'static str,
    path: PathBuf,
}

impl Tool {
    /// Finds the newest installed version that is not older than the server.
    pub(super) async fn find(
        name: &'static str,
        server_major: u32,
        directory: Option<&Path>,
    ) -> Result<Self, Error> {
        let mut found = None;
        for path in candidates(name, directory) {
            let Some(major) = major_of(&path).await else {
                continue;
            };
            if major >= server_major {
                return Ok(Self { name, path });
            }
            found = found.max(Some(major));
        }
        Err(match found {
            Some(found) => Error::OldTool {
                tool: name,
                found,
                needed: server_major,
            },
            None => Error::MissingTool { tool: name },
        })
    }

    /// Prepares a run against the database of `url`: the credentials travel in the environment, which
    /// holds nothing else of ours.
    pub(super) fn command(&self, url: &PostgresUrl) -> Command {
        let mut command = Command::new(&self.path);
        let kept = std::env::vars_os().filter(|(name, _)| KEPT.iter().any(|kept| *kept == name));
        command
            .env_clear()
            .envs(kept)
            .envs(url.libpq_env())
            .arg("--no-password")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C is for us, who end the tool and undo what it did; not for both at once.
            .process_group(0)
            .kill_on_drop(true);
        command
    }

    /// Starts the program and reads its complaints.
    pub(super) fn spawn(&self, command: &mut Command) -> Result<Running, Error> {
        let mut child = command.spawn().map_err(Error::io("starting PostgreSQL's tool"))?;
        let complaints = child
            .stderr
            .take()
            .map(|stderr| tokio::task::JoinSet::from_iter([tail(stderr)]));
        Ok(Running {
            name: self.name,
            child,
            complaints: complaints.unwrap_or_default(),
        })
    }
}

/// A program at work. Killed when dropped.
pub(super) struct Running {
    name: &'static str,
    pub(super) child: Child,
    complaints: tokio::task::JoinSet<String>,
}

impl Running {
    /// Waits for the end. What it wrote to stderr is returned, or becomes the error.
    pub(super) async fn finish(mut self) -> Result<String, Error> {
        let status = self
            .child
            .wait()
            .await
            .map_err(Error::io("waiting for PostgreSQL's tool"))?;
        let text = self
            .complaints
            .join_next()
            .await
            .and_then(Result::ok)
            .unwrap_or_default();
        if status.success() {
            Ok(text)
        } else {
            Err(Error::tool(self.name, status, &text))
        }
    }
}

/// Reads to the end and keeps the last part.
async fn tail(mut from: impl AsyncRead + Unpin) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        kept.extend_from_slice(buffer.get(..read).unwrap_or_default());
        let surplus = kept.len().saturating_sub(TAIL);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// Debian keeps each version in a directory of its own; `PATH` comes last, because there the program may be
/// a wrapper.
fn candidates(name: &str, directory: Option<&Path>) -> Vec<PathBuf> {
    if let Some(directory) = directory {
        return vec![directory.join(name)];
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path()).collect();
    versions.sort_by_key(|path| {
        std::cmp::Reverse(
            path.file_name()
                .and_then(OsStr::to_str)
                .and_then(|name| name.parse::<u32>().ok()),
        )
    });
    let mut found: Vec<PathBuf> = versions
        .into_iter()
        .map(|version| version.join("bin").join(name))
        .collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.extend(std::env::split_paths(&path).map(|directory| directory.join(name)));
    found.retain(|path| path.is_file());
    found
}

async fn major_of(path: &Path) -> Option<u32> {
    let output = Command::new(path)
        .arg("--version")
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

/// Reads the major version out of `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major(text: &str) -> Option<u32> {
    let version = text.split_once("(PostgreSQL) ")?.1;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

const TAIL: usize = 16 * 1024;
const KEPT: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "PGSYSCONFDIR"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(
            major("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major("pg_restore (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("something else 3"), None);
    }

    #[tokio::test]
    async fn a_missing_tool_is_named() {
        let found = Tool::find("pg_dump", 15, Some(Path::new("/nonexistent"))).await;

        assert_eq!(
            found.err().map(|error| error.to_string()).as_deref(),
            Some("pg_dump is not installed: install the package postgresql-client")
        );
    }

    #[tokio::test]
    async fn a_tool_older_than_the_server_is_refused() {
        let found = Tool::find("pg_dump", 9999, None).await;

        assert!(matches!(
            found.err(),
            Some(Error::OldTool {
                tool: "pg_dump",
                needed: 9999,
                ..
            })
        ));
    }

    #[tokio::test]
    async fn only_the_end_of_long_complaints_is_kept() {
        let text = "x".repeat(3 * TAIL) + "the reason";

        let kept = tail(text.as_bytes()).await;

        assert_eq!(kept.len(), TAIL);
        assert!(kept.ends_with("the reason"));
    }
}
