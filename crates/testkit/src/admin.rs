use std::{path::Path, time::Duration};

use tokio_postgres::{Client, Config, Error, NoTls};

use crate::port::Port;

/// The superuser on the Unix socket that lies in `dir` and is named after `port`.
pub(crate) fn by_socket(dir: &Path, port: &Port, database: &str) -> Config {
    let mut config = Config::new();
    config
        .host_path(dir)
        .port(port.number())
        .user("postgres")
        .dbname(database)
        .connect_timeout(Duration::from_secs(5));
    config
}

/// Connects and drives the connection on the caller's runtime.
pub(crate) async fn connect(config: &Config) -> Result<Client, Error> {
    let (client, connection) = config.connect(NoTls).await?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the task ends when the client is dropped or the server goes; its error reaches the client's next call"
    )]
    tokio::spawn(connection);
    Ok(client)
}

/// `name` as an SQL identifier.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as an SQL or postgresql.conf string.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
