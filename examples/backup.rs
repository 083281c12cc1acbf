//! Takes a backup, reads it back, restores it into a new database and shows what came back.
//!
//! `cargo run -p examples --example backup [postgres://user:password@host/database]`; without a URL it starts a
//! PostgreSQL of its own.

use groundcrew::backup::{Backup, Ownership, storage::LocalDir};
use groundcrew_testkit::Postgres;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (url, _server) = match std::env::args().nth(1) {
        Some(url) => (url, None),
        None => {
            let (url, server) = with_orders().await?;
            (url, Some(server))
        }
    };
    let directory = tempfile::tempdir()?;
    let backup = Backup::builder(url, LocalDir::new(directory.path())).build()?;

    let manifest = backup.run().await?;
    println!("taken     {} ({} bytes)", manifest.id, manifest.stored_bytes());
    let verification = backup.verify(&manifest.id).await?;
    println!("verified  {} bytes of dump", verification.plain_bytes);
    let target = format!("restored_{}", manifest.id.as_str().replace('-', "_"));
    let restored = backup.restore(&manifest.id, &target, Ownership::Current).await?;
    println!("restored  {} in {:?}", restored.database, restored.elapsed);
    for (table, rows) in &restored.rows {
        println!("          {table}: {rows} rows");
    }
    Ok(())
}

/// A server of our own with something to lose.
async fn with_orders() -> Result<(String, Postgres), Box<dyn std::error::Error>> {
    let server = Postgres::start().await?;
    let (client, connection) = tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await?;
    let mut connections = tokio::task::JoinSet::new();
    connections.spawn(connection);
    let table =
        "CREATE TABLE orders AS SELECT n AS id, md5(n::text) AS note FROM generate_series(1, 10000) n";
    client.batch_execute(table).await?;
    Ok((server.url(), server))
}
