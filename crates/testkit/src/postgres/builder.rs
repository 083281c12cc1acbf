use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::process::Signal;
use tokio::task;
use tokio_postgres::Client;

use super::{Inner, Postgres};
use crate::{
    account::Account,
    admin::{self, identifier, literal},
    binary,
    certificate::CertificateFiles,
    daemon::{Daemon, Spec},
    error::Error,
    port::Port,
    sandbox::Sandbox,
    scram, secret,
    template::Template,
};

/// Chooses how a [`Postgres`] server runs.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PostgresBuilder {
    settings: Vec<(String, String)>,
    extensions: Vec<String>,
    initdb_args: Vec<String>,
    tls: bool,
    programs: Option<PathBuf>,
}

impl PostgresBuilder {
    /// Sets a line of `postgresql.conf`; the last one of a name wins. Default: none beside testkit's own
    /// (`fsync` and `full_page_writes` off, 32 MB of shared buffers).
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Creates an extension in every database of the server, and preloads those that need it
    /// (`pg_stat_statements`, `auto_explain`). Default: none.
    pub fn extension(mut self, name: impl Into<String>) -> Self {
        self.extensions.push(name.into());
        self
    }

    /// Adds an argument of `initdb`, such as `--data-checksums`. Default: none.
    pub fn initdb_arg(mut self, arg: impl Into<String>) -> Self {
        self.initdb_args.push(arg.into());
        self
    }

    /// Offers TLS with a certificate for `localhost` and `127.0.0.1` from a private authority; see
    /// [`Postgres::tls`]. Default: no TLS.
    pub const fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Takes the programs from this directory alone. Default: the highest version installed.
    pub fn programs(mut self, dir: impl Into<PathBuf>) -> Self {
        self.programs = Some(dir.into());
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    /// [`Error::MissingBinary`] and [`Error::MissingExtension`] name the command that installs what is missing;
    /// [`Error::Exited`] and [`Error::NotReady`] carry the end of the server's log.
    ///
    /// # Cancel safety
    /// Cancel safe: a server that is not ready yet is killed.
    pub async fn start(self) -> Result<Postgres, Error> {
        const ATTEMPTS: u32 = 5;
        let mut attempt = 1;
        loop {
            match self.attempt().await {
                Err(Error::Exited { log, .. })
                    if attempt < ATTEMPTS && log.contains("Address already in use") =>
                {
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn attempt(&self) -> Result<Postgres, Error> {
        let builder = self.clone();
        // Copying the template is file work; a test's only thread may have servers to answer meanwhile.
        let prepared = task::spawn_blocking(move || builder.launch()).await;
        let server = prepared.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        server.ready().await?;
        self.furnish(&server).await?;
        Ok(server)
    }

    fn launch(&self) -> Result<Postgres, Error> {
        let program = binary::POSTGRES.find(self.programs.as_deref())?;
        let sandbox = Arc::new(Sandbox::new(Account::unprivileged()?)?);
        let template = Template {
            postgres: &program,
            initdb_args: &self.initdb_args,
        };
        let data = template.instantiate(&sandbox)?;
        let port = Port::reserve()?;
        let tls = self.tls.then(|| CertificateFiles::create(&sandbox)).transpose()?;
        self.configure(&data, &port, tls.as_ref(), sandbox.dir())?;
        let spec = Spec {
            server: "PostgreSQL",
            name: String::from("postgres"),
            program: program.clone(),
            args: vec!["-D".into(), data.clone().into()],
            dir: data.clone(),
            stop_signal: Signal::INT,
        };
        Ok(Postgres(Arc::new(Inner {
            daemon: Daemon::spawn(sandbox, spec)?,
            port,
            password: secret::generate(),
            tls,
            data,
            programs: program.parent().unwrap_or_else(|| Path::new("/")).to_owned(),
        })))
    }

    fn configure(
        &self,
        data: &Path,
        port: &Port,
        tls: Option<&CertificateFiles>,
        socket_dir: &Path,
    ) -> Result<(), Error> {
        let mut lines = String::from(DEFAULTS);
        let mut set = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _infallible = writeln!(lines, "{name} = {}", literal(value));
        };
        set("port", &port.number().to_string());
        set("unix_socket_directories", &socket_dir.display().to_string());
        if let Some(files) = tls {
            set("ssl", "on");
            set("ssl_cert_file", &files.certificate().display().to_string());
            set("ssl_key_file", &files.key().display().to_string());
            set("ssl_ca_file", &files.authority().display().to_string());
        }
        let preloaded: Vec<&str> = self
            .extensions
            .iter()
            .map(String::as_str)
            .filter(|name| PRELOADED.contains(name))
            .collect();
        if !preloaded.is_empty() {
            set("shared_preload_libraries", &preloaded.join(","));
        }
        for (name, value) in &self.settings {
            set(name, value);
        }
        let path = data.join("postgresql.conf");
        fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(lines.as_bytes()))
            .map_err(Error::file("writing", &path))
    }

    /// Sets the password, and creates the extensions where new databases are copied from.
    async fn furnish(&self, server: &Postgres) -> Result<(), Error> {
        let client = admin::connect(&server.config("template1"))
            .await
            .map_err(Error::postgres("connecting to the new server"))?;
        let salt = std::array::from_fn(|_| fastrand::u8(..));
        let verifier = literal(&scram::verifier(server.password(), salt));
        client
            .batch_execute(&format!("ALTER ROLE postgres PASSWORD {verifier}"))
            .await
            .map_err(Error::postgres("setting the superuser's password"))?;
        let wanted: Vec<&str> = self
            .extensions
            .iter()
            .map(String::as_str)
            .filter(|name| *name != "auto_explain")
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let first = admin::connect(&server.config("postgres"))
            .await
            .map_err(Error::postgres("connecting to the new server"))?;
        for extension in wanted {
            create_extension(&client, extension).await?;
            create_extension(&first, extension).await?;
        }
        Ok(())
    }
}

async fn create_extension(client: &Client, extension: &str) -> Result<(), Error> {
    let available = "SELECT current_setting('server_version_num')::int / 10000, \
        EXISTS (SELECT FROM pg_available_extensions WHERE name = $1)";
    let action = format!("creating the extension {extension}");
    let row = client
        .query_one(available, &[&extension])
        .await
        .map_err(Error::postgres(action.clone()))?;
    if !row.get::<_, bool>(1) {
        return Err(Error::MissingExtension {
            extension: extension.to_owned(),
            major: row.get::<_, i32>(0).to_string(),
        });
    }
    let create = format!("CREATE EXTENSION {} CASCADE", identifier(extension));
    client
        .batch_execute(&create)
        .await
        .map_err(Error::postgres(action))
}

/// Extensions that only work when the server loads them at its start.
const PRELOADED: [&str; 2] = ["pg_stat_statements", "auto_explain"];

/// No crash of the machine is survived, which no test causes; `synchronous_commit` stays on, so that a commit
/// survives the kill of the server, which tests do cause. Dynamic shared memory lies in the data directory
/// because a killed server would leave POSIX segments behind.
const DEFAULTS: &str = "
listen_addresses = '127.0.0.1'
fsync = off
full_page_writes = off
shared_buffers = '32MB'
dynamic_shared_memory_type = mmap
logging_collector = off
log_destination = stderr
";
