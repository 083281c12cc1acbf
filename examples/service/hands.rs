use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use groundcrew::metrics::{BusinessMetrics, GameMetrics, HandInPlay};

use crate::ledger::NewAction;

/// The hands being played, one at each table: a hand lasts until cards are shown or the next one begins.
#[derive(Debug)]
pub(crate) struct Hands {
    games: GameMetrics,
    business: BusinessMetrics,
    tables: Mutex<HashMap<i64, Hand>>,
}

#[derive(Debug)]
struct Hand {
    number: i64,
    pot: i64,
    play: HandInPlay,
}

impl Hands {
    pub(crate) fn new(games: GameMetrics, business: BusinessMetrics) -> Self {
        Self {
            games,
            business,
            tables: Mutex::default(),
        }
    }

    /// Follows actions that were recorded.
    pub(crate) fn follow(&self, table: i64, actions: &[NewAction]) {
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
            if action.kind == "show" {
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
    #[expect(
        clippy::cast_precision_loss,
        reason = "a pot of more than 2^53 chips is not played for"
    )]
    fn complete(&self, hand: Option<Hand>) {
        if let Some(hand) = hand {
            hand.play.complete();
            self.business.revenue("rake", hand.pot as f64 * RAKE);
        }
    }
}

/// What the house takes.
const RAKE: f64 = 0.05;

/// Hands at more tables than this are not followed.
const MOST_TABLES: usize = 10_000;
