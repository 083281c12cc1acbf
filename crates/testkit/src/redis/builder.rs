use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::process::Signal;

use super::{Inner, Redis};
use crate::{
    binary,
    certificate::CertificateFiles,
    daemon::{Daemon, Spec},
    error::Error,
    port::Port,
    redis_cluster::RedisCluster,
    sandbox::Sandbox,
};

/// Chooses how a [`Redis`] server runs.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RedisBuilder {
    password: Option<String>,
    tls: bool,
    settings: Vec<(String, String)>,
    programs: Option<PathBuf>,
}

/// What distinguishes the servers of one sandbox.
pub(crate) struct Role {
    pub(crate) server: &'static str,
    pub(crate) name: String,
    pub(crate) args: &'static [&'static str],
    pub(crate) tls: Option<CertificateFiles>,
}

impl RedisBuilder {
    /// Requires this password of the default user. Default: none. It must not hold quotes or line breaks.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Speaks TLS, and only TLS, with a certificate for `localhost` and `127.0.0.1` from a private authority; see
    /// [`Redis::tls`]. Default: no TLS.
    pub const fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Adds a line of `redis.conf`, such as `("appendonly", "yes")`. Default: none beside testkit's own.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Takes `redis-server` from this directory alone. Default: the one installed.
    pub fn programs(mut self, dir: impl Into<PathBuf>) -> Self {
        self.programs = Some(dir.into());
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    /// [`Error::MissingBinary`] names the command that installs Redis; [`Error::Exited`] and [`Error::NotReady`]
    /// carry the end of the server's log.
    ///
    /// # Cancel safety
    /// Cancel safe: a server that is not ready yet is killed.
    pub async fn start(self) -> Result<Redis, Error> {
        let program = binary::REDIS.find(self.programs.as_deref())?;
        let sandbox = Arc::new(Sandbox::new(None)?);
        let role = Role {
            server: "Redis",
            name: String::from("redis"),
            args: &[],
            tls: self.certificate(&sandbox)?,
        };
        let server = self.launch(program, sandbox, role, Port::reserve()?)?;
        server.ready().await?;
        Ok(server)
    }

    /// Starts a cluster of three such servers; see [`RedisCluster`].
    ///
    /// # Errors
    /// As [`RedisCluster::start`].
    ///
    /// # Cancel safety
    /// Cancel safe: what has started is killed.
    pub async fn start_cluster(self) -> Result<RedisCluster, Error> {
        RedisCluster::form(&self).await
    }

    pub(crate) fn program_dir(&self) -> Option<&Path> {
        self.programs.as_deref()
    }

    pub(crate) fn certificate(&self, sandbox: &Sandbox) -> Result<Option<CertificateFiles>, Error> {
        self.tls.then(|| CertificateFiles::create(sandbox)).transpose()
    }

    /// Adds a setting that the caller's own settings override.
    pub(crate) fn prepend(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.insert(0, (name.to_owned(), value.into()));
        self
    }

    /// Starts the server in a sandbox that it may share; it may not be ready yet.
    pub(crate) fn launch(
        &self,
        program: PathBuf,
        sandbox: Arc<Sandbox>,
        role: Role,
        port: Port,
    ) -> Result<Redis, Error> {
        let dir = sandbox.subdir(&role.name)?;
        let socket = sandbox.path(format!("{}.sock", role.name));
        let config = dir.join("redis.conf");
        let text = self.configuration(&port, &dir, &socket, role.tls.as_ref());
        sandbox.write_private(&config, &text)?;
        let mut args = vec![config.into()];
        args.extend(role.args.iter().map(Into::into));
        let spec = Spec {
            server: role.server,
            name: role.name,
            program,
            args,
            dir: dir.clone(),
            stop_signal: Signal::TERM,
        };
        Ok(Redis(Arc::new(Inner {
            daemon: Daemon::spawn(sandbox, spec)?,
            port,
            socket,
            dir,
            password: self.password.clone(),
            tls: role.tls,
        })))
    }

    fn configuration(
        &self,
        port: &Port,
        dir: &Path,
        socket: &Path,
        tls: Option<&CertificateFiles>,
    ) -> String {
        let quoted = |path: &Path| format!("\"{}\"", path.display());
        let mut lines = vec![
            String::from("bind 127.0.0.1"),
            String::from("daemonize no"),
            // With a save point a shutdown writes a snapshot; this one is never reached before.
            String::from("save 86400 1000000000"),
            format!("dir {}", quoted(dir)),
            format!("unixsocket {}", quoted(socket)),
        ];
        match tls {
            None => lines.push(format!("port {}", port.number())),
            Some(files) => lines.extend([
                String::from("port 0"),
                format!("tls-port {}", port.number()),
                format!("tls-cert-file {}", quoted(files.certificate())),
                format!("tls-key-file {}", quoted(files.key())),
                format!("tls-ca-cert-file {}", quoted(files.authority())),
                String::from("tls-auth-clients no"),
            ]),
        }
        if let Some(password) = &self.password {
            lines.push(format!("requirepass \"{password}\""));
        }
        lines.extend(
            self.settings
                .iter()
                .map(|(name, value)| format!("{name} {value}")),
        );
        lines.join("\n") + "\n"
    }
}
