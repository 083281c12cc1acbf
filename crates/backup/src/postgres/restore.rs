use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};

use bytes::Bytes;
use groundcrew_connect::postgres::PostgresUrl;
use tokio::{io::AsyncWriteExt, sync::mpsc::Receiver, task::JoinSet};
use tokio_postgres::Client;

use super::{
    snapshot::{count_rows, open},
    tool::Tool,
};
use crate::Error;

/// Who owns what a restore creates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ownership {
    /// The roles that owned it; they must exist on the server. Privileges are restored too.
    #[default]
    Keep,
    /// The role that restores. Privileges are left out.
    Current,
}

/// What a restore created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// The new database.
    pub database: String,
    /// The rows of every table, counted after the restore; equal to those of the manifest.
    pub rows: BTreeMap<String, u64>,
    /// How long it took.
    pub elapsed: Duration,
}

/// A database that was made for a restore.
pub(crate) struct Target<'a> {
    url: &'a PostgresUrl,
    name: &'a str,
    connect_deadline: Duration,
}

/// A session with the server that has no such database yet.
pub(crate) struct Server {
    client: Client,
    // Carries the client's messages; dropping it closes the session.
    _connection: JoinSet<()>,
}

impl<'a> Target<'a> {
    pub(crate) const fn new(url: &'a PostgresUrl, name: &'a str, connect_deadline: Duration) -> Self {
        Self {
            url,
            name,
            connect_deadline,
        }
    }

    pub(crate) const fn name(&self) -> &str {
        self.name
    }

    /// Makes sure that the database does not exist.
    pub(crate) async fn absent(&self) -> Result<Server, Error> {
        let (client, connection) = open(self.url, self.connect_deadline).await?;
        let exists = client
            .query_opt("SELECT FROM pg_database WHERE datname = $1", &[&self.name])
            .await
            .map_err(Error::database("looking for the database"))?;
        match exists {
            Some(_) => Err(Error::TargetExists {
                name: self.name.to_owned(),
            }),
            None => Ok(Server {
                client,
                _connection: connection,
            }),
        }
    }

    /// Creates the database.
    pub(crate) async fn create(&self, server: &Server) -> Result<(), Error> {
        let statement = format!("CREATE DATABASE {} TEMPLATE template0", quoted(self.name));
        run(&server.client, &statement, "creating the database").await
    }

    /// Feeds the stream to `pg_restore`.
    pub(crate) async fn fill(
        &self,
        mut from: Receiver<Bytes>,
        ownership: Ownership,
        directory: Option<&Path>,
    ) -> Result<(), Error> {
        let (client, _connection) = open(self.url, self.connect_deadline).await?;
        let row = client
            .query_one("SELECT current_setting('server_version_num')::int", &[])
            .await
            .map_err(Error::database("reading the server's version"))?;
        let number: i32 = row.get(0);
        let tool = Tool::find(
            "pg_restore",
            u32::try_from(number / 10_000).unwrap_or(0),
            directory,
        )
        .await?;
        let mut command = tool.command(&self.url.clone().with_database(self.name));
        command
            .args(["--exit-on-error", "--format=custom"])
            .arg(format!("--dbname={}", conninfo(self.name)));
        if ownership == Ownership::Current {
            command.args(["--no-owner", "--no-privileges"]);
        }
        let mut running = tool.spawn(command.stdin(Stdio::piped()))?;
        if let Some(mut stdin) = running.child.stdin.take() {
            while let Some(chunk) = from.recv().await {
                // A tool that stopped reading says why by its exit status.
                if stdin.write_all(&chunk).await.is_err() {
                    break;
                }
            }
        }
        running.finish().await.map(drop)
    }

    /// Counts the rows of what was restored.
    pub(crate) async fn rows(&self) -> Result<BTreeMap<String, u64>, Error> {
        let (client, _connection) =
            open(&self.url.clone().with_database(self.name), self.connect_deadline).await?;
        count_rows(&client).await
    }

    /// Drops the new database again.
    pub(crate) async fn undo(&self) -> Result<(), Error> {
        let (client, _connection) = open(self.url, self.connect_deadline).await?;
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(self.name));
        run(&client, &statement, "dropping the database again").await
    }
}

async fn run(client: &Client, statement: &str, doing: &'static str) -> Result<(), Error> {
    client
        .batch_execute(statement)
        .await
        .map_err(Error::database(doing))
}

/// An SQL identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name that libpq does not take for a connection string, whatever it holds.
fn conninfo(name: &str) -> String {
    format!("dbname='{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_sql_and_for_libpq() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(conninfo("a=b'c\\"), "dbname='a=b\\'c\\\\'");
    }
}
