use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use groundcrew::metrics::{
    BusinessMetrics, Counter, Family, GameMetrics, Gauge, HandInPlay, Labels, Metrics,
};

use crate::ledger::NewAction;

/// The hands being played, one at each table: a hand lasts until cards are shown or the next one begins.
#[derive(Debug)]
pub(crate) struct Hands {
    games: GameMetrics,
    business: BusinessMetrics,
    metrics: TableMetrics,
    tables: Mutex<HashMap<i64, Hand>>,
}

/// What happens at each table, shown for as long as it is played at: tables come and go for ever.
#[derive(Debug, Metrics)]
#[metrics(prefix = "table")]
pub(crate) struct TableMetrics {
    /// Chips in the pot of the hand that is being played
    #[metric(expire = "10m", max_series = 1000)]
    pot_chips: Family<AtTable, Gauge>,
    /// Actions that were recorded
    // Longer than what rules and dashboards look back on: a counter that comes back would look as if it had only grown.
    #[metric(expire = "2h", max_series = 1000)]
    actions: Family<AtTable, Counter>,
}

#[derive(Labels)]
struct AtTable {
    table: i64,
}

#[derive(Debug)]
struct Hand {
    number: i64,
    pot: i64,
    play: HandInPlay,
}

impl Hands {
    pub(crate) fn new(games: GameMetrics, business: BusinessMetrics, metrics: TableMetrics) -> Self {
        Self {
            games,
            business,
            metrics,
            tables: Mutex::default(),
        }
    }

    /// Follows actions that were recorded.
    pub(crate) fn follow(&self, table: i64, actions: &[NewAction]) {
        let at_table = AtTable { table };
        self.metrics.actions.inc_by(&at_table, actions.len() as u64);
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        for action in actions {
            let mut hand = match tables.remove(&table) {
                Some(hand) if hand.number == action.hand => hand,
                earlier => {
                    self.complete(earlier);
                    self.begin(action.hand)
                }
            };
            hand.pot = hand.pot.saturating_add(action.amount);
            let is_over = action.kind == "show";
            let pot = if is_over { 0 } else { hand.pot };
            self.metrics.pot_chips.set(&at_table, chips(pot));
            if is_over {
                self.complete(Some(hand));
            } else if tables.len() < MOST_TABLES {
                tables.insert(table, hand);
            }
        }
    }

    fn begin(&self, number: i64) -> Hand {
        Hand {
            number,
            pot: 0,
            play: self.games.hand(),
        }
    }

    /// Ends a hand: the house takes its share of the pot.
    fn complete(&self, hand: Option<Hand>) {
        if let Some(hand) = hand {
            hand.play.complete();
            self.business.revenue("rake", chips(hand.pot) * RAKE);
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a pot of more than 2^53 chips is not played for"
)]
const fn chips(pot: i64) -> f64 {
    pot as f64
}

/// What the house takes.
const RAKE: f64 = 0.05;

/// Hands at more tables than this are not followed.
const MOST_TABLES: usize = 10_000;
