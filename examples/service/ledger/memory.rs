use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;

use super::{
    Action, CardTable, Ledger, LedgerError, NewAction, NewPlayer, NewTable, Page, Player, PlayerStats, Query,
};

/// Keeps the books in memory, with the same rules, until the process ends. Filters and sorts need PostgreSQL.
#[derive(Debug, Default)]
pub(crate) struct MemoryLedger(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    players: Vec<Player>,
    tables: Vec<CardTable>,
    actions: Vec<(i64, Action)>,
}

impl MemoryLedger {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn add_player(&self, player: NewPlayer) -> Result<Player, LedgerError> {
        let mut books = self.books();
        rule(
            "players_name_length",
            (1..=64).contains(&player.name.chars().count()),
        )?;
        rule("players_rating_range", (0..=4000).contains(&player.rating))?;
        rule(
            "players_name_taken",
            books.players.iter().all(|other| other.name != player.name),
        )?;
        let NewPlayer { name, rating } = player;
        let player = Player {
            id: next_id(books.players.len()),
            name,
            rating,
            created_at: SystemTime::now(),
        };
        books.players.push(player.clone());
        Ok(player)
    }

    async fn players(&self, query: Query) -> Result<Page<Player>, LedgerError> {
        page(self.books().players.iter(), |player| player.id, &query)
    }

    async fn add_table(&self, table: NewTable) -> Result<CardTable, LedgerError> {
        let mut books = self.books();
        rule(
            "card_tables_blinds",
            table.small_blind > 0 && table.big_blind >= table.small_blind,
        )?;
        rule(
            "card_tables_name_taken",
            books.tables.iter().all(|other| other.name != table.name),
        )?;
        let NewTable {
            name,
            small_blind,
            big_blind,
        } = table;
        let table = CardTable {
            id: next_id(books.tables.len()),
            name,
            small_blind,
            big_blind,
        };
        books.tables.push(table.clone());
        Ok(table)
    }

    async fn record(&self, table: i64, actions: Vec<NewAction>) -> Result<u64, LedgerError> {
        let mut books = self.books();
        rule(
            "hand_actions_table",
            books.tables.iter().any(|known| known.id == table),
        )?;
        let players: BTreeSet<i64> = books.players.iter().map(|player| player.id).collect();
        for action in &actions {
            rule("hand_actions_player", players.contains(&action.player))?;
            rule("hand_actions_kind", KINDS.contains(&action.kind.as_str()))?;
            rule("hand_actions_amount", action.amount >= 0)?;
        }
        let recorded = actions.len() as u64;
        for action in actions {
            let id = next_id(books.actions.len());
            books.actions.push((table, Action { id, action }));
        }
        Ok(recorded)
    }

    async fn actions(&self, table: i64, query: Query) -> Result<Page<Action>, LedgerError> {
        let books = self.books();
        let at_table = books
            .actions
            .iter()
            .filter(|(at, _)| *at == table)
            .map(|(_, action)| action);
        page(at_table, |action| action.id, &query)
    }

    async fn stats(&self, player: i64) -> Result<PlayerStats, LedgerError> {
        let books = self.books();
        if books.players.iter().all(|known| known.id != player) {
            return Err(LedgerError::NotFound {
                what: "player",
                id: player,
            });
        }
        let mut hands = BTreeSet::new();
        let mut stats = PlayerStats::default();
        for (table, action) in books
            .actions
            .iter()
            .filter(|(_, action)| action.action.player == player)
        {
            hands.insert((*table, action.action.hand));
            stats.actions += 1;
            stats.wagered += action.action.amount;
        }
        stats.hands = i64::try_from(hands.len()).unwrap_or(i64::MAX);
        Ok(stats)
    }
}

fn page<'a, T: Clone + 'a>(
    all: impl Iterator<Item = &'a T>,
    id: impl Fn(&T) -> i64,
    query: &Query,
) -> Result<Page<T>, LedgerError> {
    if !query.filter.is_empty() || query.sort.is_some() {
        return Err(LedgerError::Conflict(
            "filters and sorts need PostgreSQL".to_owned(),
        ));
    }
    let after = match &query.after {
        None => 0,
        Some(text) => text
            .parse()
            .map_err(|_| LedgerError::Conflict("the cursor is damaged".to_owned()))?,
    };
    let limit = usize::try_from(query.limit.clamp(1, 1000)).unwrap_or(1000);
    let mut items: Vec<T> = all
        .filter(|item| id(item) > after)
        .take(limit + 1)
        .cloned()
        .collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| id(last).to_string());
    Ok(Page { items, next })
}

fn rule(name: &str, holds: bool) -> Result<(), LedgerError> {
    if holds {
        Ok(())
    } else {
        Err(LedgerError::Conflict(format!("{name} is violated")))
    }
}

fn next_id(known: usize) -> i64 {
    i64::try_from(known).unwrap_or(i64::MAX).saturating_add(1)
}

const KINDS: [&str; 6] = ["post", "fold", "check", "call", "raise", "show"];
