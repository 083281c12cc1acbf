use std::{fmt, io, time::Duration};

use tracing::Level;

use crate::level::{LEVELS, rank};

/// Takes finished lines: a file, the standard output, or what you bring.
///
/// It is called by a thread of logging, a batch of lines at a time; beside other sinks by one of its own, so that it
/// may take its time. What a sink logs itself through `tracing` on that thread is ignored, so that it cannot feed
/// itself. Other threads that a sink waits for must not wait for the log: with [`Overflow::Block`](crate::Overflow::Block) a full queue
/// would make them wait for each other.
///
/// # Examples
/// ```
/// use std::io;
///
/// use groundcrew_logging::Sink;
///
/// struct Collected(std::sync::mpsc::Sender<Vec<u8>>);
///
/// impl Sink for Collected {
///     fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
///         self.0.send(lines.to_vec()).map_err(io::Error::other)?;
///         Ok(lines.len())
///     }
/// }
/// ```
pub trait Sink: Send + 'static {
    /// Takes whole lines from the start of `lines`, which holds one or more, each ended by `\n`, and says
    /// how many bytes they have. It is called again with the rest.
    ///
    /// # Errors
    /// When no line could be taken. All of `lines` is then given up and counted as dropped.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize>;

    /// Called when there is time: after lines were written, but not more than once a second, and, if it asks
    /// for that, while nothing is logged. Says after how long it wants to be called again at the latest; by
    /// default it does nothing and wants nothing.
    fn maintain(&mut self) -> Option<Duration> {
        None
    }

    /// Opens anew what somebody else may have moved away; called by [`Logging::reopen`](crate::Logging::reopen).
    /// By default it does nothing.
    fn reopen(&mut self) {}
}

/// The form of the lines that a sink gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Console,
    /// JSON, of audit events alone.
    Audit,
}

/// A sink and what it takes.
pub(crate) struct Outlet {
    pub(crate) name: String,
    pub(crate) encoding: Encoding,
    /// The least grave level it takes.
    pub(crate) least: Level,
    pub(crate) sink: Box<dyn Sink>,
}

impl Outlet {
    /// Whether lines of its encoding and of this level go to it. No level keeps an audit event from its file.
    fn takes(&self, level: Level) -> bool {
        level <= self.least || self.encoding == Encoding::Audit
    }
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet")
            .field("name", &self.name)
            .field("encoding", &self.encoding)
            .field("least", &self.least)
            .finish_non_exhaustive()
    }
}

/// A set of outlets, one bit each.
pub(crate) type Route = u32;

/// Which outlets a line of a level goes to.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    json: [Route; LEVELS.len()],
    console: [Route; LEVELS.len()],
    audit: Route,
}

impl Routes {
    pub(crate) fn new(outlets: &[Outlet]) -> Self {
        let of = |encoding: Encoding, level: Level| {
            outlets
                .iter()
                .enumerate()
                .filter(|(_, outlet)| outlet.encoding == encoding && outlet.takes(level))
                .fold(0, |route, (at, _)| route | 1 << at)
        };
        Self {
            json: LEVELS.map(|level| of(Encoding::Json, level)),
            console: LEVELS.map(|level| of(Encoding::Console, level)),
            audit: of(Encoding::Json, Level::INFO) | of(Encoding::Audit, Level::INFO),
        }
    }

    pub(crate) fn json(&self, level: Level) -> Route {
        self.json.get(rank(level)).copied().unwrap_or_default()
    }

    /// The way of audit events.
    pub(crate) const fn audit(&self) -> Route {
        self.audit
    }

    pub(crate) fn console(&self, level: Level) -> Route {
        self.console.get(rank(level)).copied().unwrap_or_default()
    }
}

/// The most outlets a [`Route`] has room for.
pub(crate) const MOST_OUTLETS: usize = Route::BITS as usize;
