use std::{path::Path, process::Stdio};

use bytes::{Bytes, BytesMut};
use groundcrew_connect::postgres::PostgresUrl;
use tokio::{io::AsyncReadExt, sync::mpsc::Sender};

use super::{Snapshot, tool::Tool};
use crate::{Error, seal::CHUNK};

/// Streams `pg_dump` in its custom format, uncompressed, into `to`, and returns its warnings.
///
/// The exit status decides: the stream of a dump that failed at its very end is a failed dump.
pub(crate) async fn dump(
    url: &PostgresUrl,
    snapshot: &Snapshot,
    directory: Option<&Path>,
    to: Sender<Bytes>,
) -> Result<String, Error> {
    let tool = Tool::find("pg_dump", snapshot.server_major(), directory).await?;
    let mut command = tool.command(url);
    command
        .args(["--format=custom", "--compress=0"])
        .arg(format!("--snapshot={}", snapshot.id()))
        .stdout(Stdio::piped());
    let mut running = tool.spawn(&mut command)?;
    let Some(mut stdout) = running.child.stdout.take() else {
        return running.finish().await;
    };
    loop {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        while chunk.len() < CHUNK {
            if stdout
                .read_buf(&mut chunk)
                .await
                .map_err(Error::io("reading from pg_dump"))?
                == 0
            {
                break;
            }
        }
        // When nobody receives any more, the stage behind has failed and its error is the one to report.
        if chunk.is_empty() || to.send(chunk.freeze()).await.is_err() {
            break;
        }
    }
    drop(stdout);
    running.finish().await
}
