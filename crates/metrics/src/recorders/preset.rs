/// Which names the ready recorders expose.
///
/// The names of [`Conventional`](Self::Conventional) follow Prometheus: only counters end in `_total`. Dashboards
/// written for the others keep working with [`Legacy`](Self::Legacy), the recorders registered with the prefix
/// `poker`, and [`ProcessCollector`](crate::ProcessCollector) with `poker_app`:
///
/// | recorder | `Conventional` | `Legacy` |
/// |---|---|---|
/// | [`WebSocketMetrics`](crate::WebSocketMetrics) | `websocket_connections` | `websocket_connections_total` |
/// | [`GameMetrics`](crate::GameMetrics) | `active_sessions` | `active_sessions_total` |
/// | | `active_hands` | `active_hands_total` |
/// | [`DbMetrics`](crate::DbMetrics) | `database_connections_active` | `db_connections_active` |
///
/// All other names are the same in both. `promtool check metrics` complains about the gauges of `Legacy`.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{GameMetrics, NamePreset, Registry};
///
/// let registry = Registry::new();
/// let poker = registry.with_prefix("poker");
/// let games = GameMetrics::register_preset(&poker, NamePreset::Legacy)?;
/// let _session = games.session();
/// assert!(registry.encode().contains("\npoker_active_sessions_total 1.0\n"));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NamePreset {
    /// Names that follow Prometheus's conventions. The default.
    #[default]
    Conventional,
    /// Names with `_total` at gauges, as older dashboards have them.
    Legacy,
}

impl NamePreset {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Conventional => "conventional",
            Self::Legacy => "legacy",
        }
    }
}
