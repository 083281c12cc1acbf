use crate::{Counter, Family, Gauge, GaugeGuard, LabelValue, RegisterError, Registry, label_set::label_set};

/// Records WebSocket connections and messages.
///
/// Exposes `websocket_connections` and `websocket_messages_total{type,direction}`.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{Direction, Registry, WebSocketMetrics};
///
/// let registry = Registry::new();
/// let sockets = WebSocketMetrics::register(&registry)?;
/// let connection = sockets.connection();
/// sockets.message("bet", Direction::Inbound);
/// assert_eq!(sockets.open(), 1.0);
/// drop(connection);
/// assert_eq!(sockets.open(), 0.0);
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct WebSocketMetrics {
    connections: Gauge,
    messages: Family<MessageLabels<'static>, Counter>,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Direction {
    /// From the client.
    Inbound,
    /// To the client.
    Outbound,
}

impl WebSocketMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        Ok(Self {
            connections: registry.gauge("websocket_connections", "WebSocket connections that are open")?,
            messages: registry.counter_family("websocket_messages_total", "WebSocket messages")?,
        })
    }

    /// Counts a connection as open until the guard is dropped.
    pub fn connection(&self) -> GaugeGuard {
        self.connections.track()
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> f64 {
        self.connections.value()
    }

    /// Counts one message. `kind` is one of a fixed set of names, never text from the message.
    pub fn message(&self, kind: &str, direction: Direction) {
        self.messages.inc(&MessageLabels { kind, direction });
    }
}

impl LabelValue for Direction {
    const VALUES: &'static [&'static str] = &["inbound", "outbound"];

    fn text(&self) -> impl AsRef<str> {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    fn index(&self) -> usize {
        *self as usize
    }
}

label_set! {
    struct MessageLabels<'a> {
        "type" => kind: &'a str,
        "direction" => direction: Direction,
    }
}
