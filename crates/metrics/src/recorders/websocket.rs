use std::sync::Arc;

use crate::{
    Counter, Family, Gauge, GaugeGuard, LabelValue, NamePreset, RegisterError, Registry, label_set::label_set,
};

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
pub struct WebSocketMetrics(Option<Arc<Metrics>>);

#[derive(Debug)]
struct Metrics {
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
    /// Registers the metrics, or gives those that are registered already.
    ///
    /// # Errors
    /// When something else has one of the names.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        Self::register_preset(registry, NamePreset::default())
    }

    /// Registers the metrics with the names of this preset.
    ///
    /// # Errors
    /// When something else has one of the names.
    pub fn register_preset(registry: &Registry, names: NamePreset) -> Result<Self, RegisterError> {
        let help = "WebSocket connections that are open";
        registry.recorder(
            names.as_str(),
            || {
                let connections = match names {
                    NamePreset::Conventional => registry.gauge("websocket_connections", help),
                    NamePreset::Legacy => registry.gauge_as_it_is("websocket_connections_total", help),
                };
                Ok(Self(Some(Arc::new(Metrics {
                    connections: connections?,
                    messages: registry.counter_family("websocket_messages_total", "WebSocket messages")?,
                }))))
            },
            Self(None),
        )
    }

    /// Counts a connection as open until the guard is dropped.
    pub fn connection(&self) -> GaugeGuard {
        match &self.0 {
            Some(metrics) => metrics.connections.track(),
            None => GaugeGuard::of_nothing(),
        }
    }

    /// Changes the number of open connections, where no guard can be held.
    pub fn connections_changed(&self, by: i32) {
        if let Some(metrics) = &self.0 {
            metrics.connections.add(by.into());
        }
    }

    /// How many connections are open; 0 in a registry that is disabled.
    #[must_use]
    pub fn open(&self) -> f64 {
        self.0.as_ref().map_or(0.0, |metrics| metrics.connections.value())
    }

    /// Counts one message. `kind` is one of a fixed set of names, never text from the message.
    pub fn message(&self, kind: &str, direction: Direction) {
        if let Some(metrics) = &self.0 {
            metrics.messages.inc(&MessageLabels { kind, direction });
        }
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
