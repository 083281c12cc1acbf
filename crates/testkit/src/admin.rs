use tokio_postgres::{Client, Config, Error, NoTls};

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
