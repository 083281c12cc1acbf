use std::{future::pending, pin::Pin, sync::Arc, time::Duration};

use deadpool_postgres::Connect;
use groundcrew_base::Secret;
use groundcrew_connect::postgres::{ConnectError, PostgresTls, connect};
use tokio::{runtime::Handle, task::JoinHandle, time::Instant};
use tokio_postgres::{Client, Config, Error};
use tokio_util::task::TaskTracker;

/// Where a password comes from, at each connect.
pub(crate) type Password = Arc<dyn Fn() -> Secret + Send + Sync>;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Opens the pool's connections and owns the tasks that drive them.
pub(crate) struct Connector {
    pub(crate) tls: PostgresTls,
    pub(crate) password: Option<Password>,
    /// Over all hosts.
    pub(crate) connect_timeout: Duration,
    pub(crate) tasks: TaskTracker,
    pub(crate) runtime: Handle,
}

impl Connect for Connector {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let mut config = config.clone();
        if let Some(password) = &self.password {
            config.password(password().expose());
        }
        Box::pin(async move {
            let opened = connect(&config, self.tls.clone(), self.connect_timeout, Instant::now()).await;
            let (client, connection) = match opened.map_err(ConnectError::into_driver) {
                Ok(opened) => opened,
                Err(Some(error)) => return Err(error),
                // The pool's own deadline has passed as well, and tells of it.
                Err(None) => pending().await,
            };
            let drive = async move {
                if let Err(error) = connection.await {
                    tracing::debug!(target: "groundcrew::dbopt", error = %error, "database connection ended");
                }
            };
            Ok((client, self.tasks.spawn_on(drive, &self.runtime)))
        })
    }
}
