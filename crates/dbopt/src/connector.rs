use std::{pin::Pin, sync::Arc};

use deadpool_postgres::Connect;
use groundcrew_base::Secret;
use groundcrew_connect::postgres::PostgresTls;
use tokio::{runtime::Handle, task::JoinHandle};
use tokio_postgres::{Client, Config, Error};
use tokio_util::task::TaskTracker;

/// Where a password comes from, at each connect.
pub(crate) type Password = Arc<dyn Fn() -> Secret + Send + Sync>;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Opens the pool's connections and owns the tasks that drive them.
pub(crate) struct Connector {
    pub(crate) tls: PostgresTls,
    pub(crate) password: Option<Password>,
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
            let (client, connection) = config.connect(self.tls.clone()).await?;
            let drive = async move {
                if let Err(error) = connection.await {
                    tracing::debug!(target: "groundcrew::dbopt", error = %error, "database connection ended");
                }
            };
            Ok((client, self.tasks.spawn_on(drive, &self.runtime)))
        })
    }
}
