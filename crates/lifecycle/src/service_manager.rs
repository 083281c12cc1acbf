//! The protocol of systemd's `sd_notify(3)`: a datagram of `NAME=value` lines to a socket it names.

use std::{io, os::unix::net::UnixDatagram, path::Path, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::{LifecycleConfig, Phase, TARGET, signals::LAST_WORDS};

/// Who has started the process, if it wants to be told how it goes.
#[derive(Debug, Default)]
pub(crate) struct ServiceManager {
    socket: Option<UnixDatagram>,
    /// Why there is none, though it was told of.
    absence: Option<(String, io::Error)>,
    /// How often it wants a sign of life.
    watchdog: Option<Duration>,
    /// What a stop may take, with the end of `main`.
    stop: Duration,
}

impl ServiceManager {
    /// The service does its work without one that cannot be reached.
    pub(crate) fn reach(config: &LifecycleConfig) -> Self {
        let Some(address) = config
            .notify_socket
            .as_deref()
            .filter(|address| !address.is_empty())
        else {
            return Self::default();
        };
        let (socket, absence) = match connect(address) {
            Ok(socket) => (Some(socket), None),
            Err(error) => (None, Some((address.to_owned(), error))),
        };
        Self {
            socket,
            absence,
            watchdog: config.watchdog(),
            stop: config.stop_budget().saturating_add(LAST_WORDS),
        }
    }

    pub(crate) fn warn_of_absence(&self) {
        if let Some((address, error)) = &self.absence {
            tracing::warn!(target: TARGET, address, %error, "the service manager that NOTIFY_SOCKET names cannot be told how it goes");
        }
    }

    /// Tells of a phase that begins.
    pub(crate) fn tell(&self, phase: Phase) {
        let state = match phase {
            Phase::Starting => return,
            Phase::Ready => "READY=1".to_owned(),
            Phase::Draining => format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={}", self.stop.as_micros()),
            Phase::Stopping | Phase::Stopped => String::new(),
        };
        self.send(&format!("{state}\nSTATUS={}", phase.as_str()));
    }

    /// Shows signs of life for ever, twice as often as they are wanted.
    pub(crate) async fn beat(&self) {
        let Some(wanted) = self.watchdog else {
            return std::future::pending().await;
        };
        let mut beats = interval(wanted / 2);
        // What was silent for long has one sign of life to give, not all that it owes.
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            self.send("WATCHDOG=1");
        }
    }

    fn send(&self, state: &str) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = socket.send(state.trim_start().as_bytes()) {
            tracing::warn!(target: TARGET, %error, "the service manager was not told how it goes");
        }
    }
}

/// A socket in the file system, or, after an `@`, in the abstract namespace of Linux.
fn connect(address: &str) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    // A manager that does not read must not hold the service up.
    socket.set_nonblocking(true)?;
    match address.strip_prefix('@') {
        Some(name) => connect_abstract(&socket, name)?,
        None => socket.connect(Path::new(address))?,
    }
    Ok(socket)
}

#[cfg(target_os = "linux")]
fn connect_abstract(socket: &UnixDatagram, name: &str) -> io::Result<()> {
    use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};

    socket.connect_addr(&SocketAddr::from_abstract_name(name)?)
}

#[cfg(not(target_os = "linux"))]
fn connect_abstract(_: &UnixDatagram, _: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 256];
        socket.set_nonblocking(true).expect("a socket");
        let read = socket.recv(&mut buffer).expect("a datagram");
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    }

    fn config(address: &Path) -> LifecycleConfig {
        LifecycleConfig {
            notify_socket: Some(address.to_string_lossy().into_owned()),
            watchdog_usec: Some(40_000),
            ..LifecycleConfig::default()
        }
    }

    #[tokio::test]
    async fn phases_and_signs_of_life_reach_the_socket() {
        let directory = tempfile::tempdir().expect("a directory");
        let address = directory.path().join("notify");
        let socket = UnixDatagram::bind(&address).expect("a socket");
        let manager = ServiceManager::reach(&config(&address));

        for phase in [Phase::Ready, Phase::Draining, Phase::Stopping, Phase::Stopped] {
            manager.tell(phase);
        }
        drop(tokio::time::timeout(Duration::from_millis(50), manager.beat()).await);

        assert_eq!(told(&socket), "READY=1\nSTATUS=ready");
        assert_eq!(
            told(&socket),
            "STOPPING=1\nEXTEND_TIMEOUT_USEC=25000000\nSTATUS=draining"
        );
        assert_eq!(told(&socket), "STATUS=stopping");
        assert_eq!(told(&socket), "STATUS=stopped");
        assert_eq!(told(&socket), "WATCHDOG=1");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_blocked_for_long_gives_one_sign_of_life() {
        let directory = tempfile::tempdir().expect("a directory");
        let address = directory.path().join("notify");
        let socket = UnixDatagram::bind(&address).expect("a socket");
        let manager = ServiceManager::reach(&config(&address));

        let blocked = async {
            tokio::time::advance(Duration::from_secs(1)).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        tokio::select! {
            biased;
            () = manager.beat() => {}
            () = blocked => {}
        }

        socket.set_nonblocking(true).expect("a socket");
        let signs = std::iter::from_fn(|| socket.recv(&mut [0; 256]).ok());
        assert_eq!(signs.count(), 2, "its first, and one for the second of silence");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_abstract_socket_begins_with_an_at() {
        use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};

        let name = format!("groundcrew-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("an address");
        let socket = UnixDatagram::bind_addr(&address).expect("a socket");

        ServiceManager::reach(&config(Path::new(&format!("@{name}")))).tell(Phase::Ready);

        assert_eq!(told(&socket), "READY=1\nSTATUS=ready");
    }

    #[test]
    fn a_manager_that_is_not_there_or_does_not_read_holds_nothing_up() {
        let directory = tempfile::tempdir().expect("a directory");
        let address = directory.path().join("notify");
        ServiceManager::reach(&config(&address)).tell(Phase::Ready);
        let socket = UnixDatagram::bind(&address).expect("a socket");
        let manager = ServiceManager::reach(&config(&address));

        for _ in 0..10_000 {
            manager.tell(Phase::Ready);
        }

        assert_eq!(told(&socket), "READY=1\nSTATUS=ready");
    }
}
