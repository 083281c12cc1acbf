use std::{
    fmt, process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::runtime;
use tokio_postgres::{Client, Config};
use url::Url;

use crate::{
    admin::{self, identifier},
    error::Error,
    poll,
    postgres::Postgres,
};

/// An empty database of its own for one test, dropped with the last clone of the handle.
///
/// It keeps its server alive. Keep the handle as long as its connections: dropping it ends the sessions that are still open.
///
/// # Examples
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let database = groundcrew_testkit::database().await?;
///
/// let client = database.connect().await?;
/// client.batch_execute("CREATE TABLE players (id bigint PRIMARY KEY)").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    host: Host,
    name: String,
}

/// The server a database lies on.
#[derive(Clone)]
pub(crate) enum Host {
    Own(Postgres),
    Given(Arc<Given>),
}

/// A server that the caller's environment names.
pub(crate) struct Given {
    pub(crate) url: Url,
    pub(crate) config: Config,
}

impl Database {
    /// The URL with user and password.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.0.host {
            Host::Own(server) => server.url_of(&self.0.name),
            Host::Given(given) => {
                let mut url = given.url.clone();
                url.set_path(&self.0.name);
                url.into()
            }
        }
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The server it lies on; `None` when `TESTKIT_POSTGRES_URL` gave the server, which no test may pause or
    /// stop.
    #[must_use]
    pub fn server(&self) -> Option<&Postgres> {
        match &self.0.host {
            Host::Own(server) => Some(server),
            Host::Given(_) => None,
        }
    }

    /// Connects as the superuser. The connection runs on the caller's runtime until the client is dropped.
    ///
    /// # Errors
    /// [`Error::Postgres`] when the server refuses.
    pub async fn connect(&self) -> Result<Client, Error> {
        let connect = admin::connect(&self.0.host.config(&self.0.name)).await;
        connect.map_err(Error::postgres(format!(
            "connecting to the database {}",
            self.0.name
        )))
    }

    pub(crate) async fn create(host: Host) -> Result<Self, Error> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}_{:04x}", process::id(), fastrand::u16(..));
        host.execute(Statement::Create, &name).await?;
        Ok(Self(Arc::new(Inner { host, name })))
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("name", &self.0.name)
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The directory of a server that is down or frozen goes as a whole, later.
        if let Host::Own(server) = &self.host
            && !server.answers()
        {
            return;
        }
        let (host, name) = (self.host.clone(), self.name.clone());
        // The caller's runtime may be this very thread, or be shutting down.
        let dropper = thread::spawn(move || {
            let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            let dropped = runtime.block_on(async { host.execute(Statement::Drop, &name).await });
            if let Err(error) = dropped {
                tracing::debug!(target: "groundcrew::testkit", %error, database = name, "not dropped");
            }
        });
        let _panicked = dropper.join();
    }
}

#[derive(Clone, Copy)]
enum Statement {
    Create,
    Drop,
}

impl Statement {
    fn sql(self, name: &str, version: i32) -> String {
        let name = identifier(name);
        match self {
            // Copying files is quicker than logging every page of the template; older servers do so anyway.
            Self::Create if version >= 150_000 => format!("CREATE DATABASE {name} STRATEGY FILE_COPY"),
            Self::Create => format!("CREATE DATABASE {name}"),
            Self::Drop => format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        }
    }
}

impl Host {
    fn config(&self, database: &str) -> Config {
        match self {
            Self::Own(server) => server.config(database),
            Self::Given(given) => {
                let mut config = given.config.clone();
                config.dbname(database);
                config
            }
        }
    }

    async fn execute(&self, statement: Statement, name: &str) -> Result<(), Error> {
        let action = match statement {
            Statement::Create => format!("creating the database {name}"),
            Statement::Drop => format!("dropping the database {name}"),
        };
        let run = async {
            let client = admin::connect(&self.admin_config()).await?;
            let version = "SELECT current_setting('server_version_num')::int";
            let row = client.query_one(version, &[]).await?;
            client.batch_execute(&statement.sql(name, row.get(0))).await
        };
        let run = async { run.await.map_err(Error::postgres(action.clone())) };
        poll::within(LIMIT, action.clone(), run).await
    }

    fn admin_config(&self) -> Config {
        match self {
            Self::Own(server) => server.config("postgres"),
            Self::Given(given) => given.config.clone(),
        }
    }
}

/// How long the server may take for one statement.
const LIMIT: Duration = Duration::from_secs(20);
