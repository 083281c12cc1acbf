use std::sync::Arc;

use crate::{Counter, CounterF64, Family, RegisterError, Registry, label_set::label_set};

/// Records what the business asks for: users, games, revenue.
///
/// Exposes `users_registered_total`, `games_started_total{type}` and `revenue_total{source}`.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{BusinessMetrics, Registry};
///
/// let registry = Registry::new();
/// let business = BusinessMetrics::register(&registry)?;
/// business.user_registered();
/// business.game_started("tournament");
/// business.revenue("rake", 12.5);
/// assert!(registry.encode().contains("revenue_total{source=\"rake\"} 12.5"));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BusinessMetrics(Option<Arc<Metrics>>);

#[derive(Debug)]
struct Metrics {
    users: Counter,
    games: Family<GameLabels<'static>, Counter>,
    revenue: Family<RevenueLabels<'static>, CounterF64>,
}

impl BusinessMetrics {
    /// Registers the metrics, or gives those that are registered already.
    ///
    /// # Errors
    /// When something else has one of the names.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        let make = || {
            Ok(Self(Some(Arc::new(Metrics {
                users: registry.counter("users_registered_total", "Users who have registered")?,
                games: registry.counter_family("games_started_total", "Games that were started")?,
                revenue: registry
                    .counter_f64_family("revenue_total", "Revenue, in the currency of the service")?,
            }))))
        };
        registry.recorder("", make, Self(None))
    }

    /// Counts a new user.
    pub fn user_registered(&self) {
        if let Some(metrics) = &self.0 {
            metrics.users.inc();
        }
    }

    /// Counts a game. `kind` is one of a fixed set of names.
    pub fn game_started(&self, kind: &str) {
        if let Some(metrics) = &self.0 {
            metrics.games.inc(&GameLabels { kind });
        }
    }

    /// Adds revenue. An amount that is not positive is ignored.
    pub fn revenue(&self, source: &str, amount: f64) {
        if let Some(metrics) = &self.0 {
            metrics.revenue.inc_by(&RevenueLabels { source }, amount);
        }
    }
}

label_set! {
    struct GameLabels<'a> {
        "type" => kind: &'a str,
    }
}

label_set! {
    struct RevenueLabels<'a> {
        "source" => source: &'a str,
    }
}
