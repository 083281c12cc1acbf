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
pub struct BusinessMetrics {
    users: Counter,
    games: Family<GameLabels<'static>, Counter>,
    revenue: Family<RevenueLabels<'static>, CounterF64>,
}

impl BusinessMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        Ok(Self {
            users: registry.counter("users_registered_total", "Users who have registered")?,
            games: registry.counter_family("games_started_total", "Games that were started")?,
            revenue: registry
                .counter_f64_family("revenue_total", "Revenue, in the currency of the service")?,
        })
    }

    /// Counts a new user.
    pub fn user_registered(&self) {
        self.users.inc();
    }

    /// Counts a game. `kind` is one of a fixed set of names.
    pub fn game_started(&self, kind: &str) {
        self.games.inc(&GameLabels { kind });
    }

    /// Adds revenue. An amount that is not positive is ignored.
    pub fn revenue(&self, source: &str, amount: f64) {
        self.revenue.inc_by(&RevenueLabels { source }, amount);
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
