use async_trait::async_trait;
use groundcrew::dbopt::{
    self, Column, Columns, Db, Label, Listing, Table, label,
    tokio_postgres::{Row, types::ToSql},
};

use super::{
    Action, CardTable, Ledger, LedgerError, NewAction, NewPlayer, NewTable, Page, Player, PlayerStats, Query,
};

/// Keeps the books in PostgreSQL.
#[derive(Debug)]
pub(crate) struct PostgresLedger {
    db: Db,
    players: Columns,
    actions: Columns,
    new_actions: Table<(i64, NewAction)>,
}

impl PostgresLedger {
    /// Declares what may be asked for.
    pub(crate) fn new(db: Db) -> Result<Self, dbopt::Error> {
        let players = Columns::builder("players")
            .column(Column::int("id"))
            .column(Column::text("name"))
            .column(Column::int("rating"))
            .column(
                Column::timestamp("created_at")
                    .named("createdAt")
                    .range("createdAfter", "createdBefore"),
            )
            .key("id")
            .build()?;
        let actions = Columns::builder("hand_actions")
            .column(Column::int("id"))
            .column(Column::int("hand"))
            .column(Column::int("player_id").named("player"))
            .column(Column::text("kind"))
            .column(Column::int("amount"))
            .column(Column::int("table_id").named("table"))
            .key("id")
            .build()?;
        let new_actions = Table::builder("hand_actions")
            .column("table_id", |(table, _): &(i64, NewAction)| table)
            .column("hand", |(_, action)| &action.hand)
            .column("player_id", |(_, action)| &action.player)
            .column("kind", |(_, action)| &action.kind)
            .column("amount", |(_, action)| &action.amount)
            .build()?;
        Ok(Self {
            db,
            players,
            actions,
            new_actions,
        })
    }

    /// Makes the tables if they are missing. Safe to run by several instances at once.
    pub(crate) async fn migrate(&self) -> Result<(), dbopt::Error> {
        self.db
            .transaction(MIGRATE, async |transaction| -> Result<(), dbopt::Error> {
                transaction
                    .execute("SELECT pg_advisory_xact_lock(7236)", &[])
                    .await?;
                transaction.batch_execute(SCHEMA).await
            })
            .await
    }

    async fn find(&self, listing: Listing, query: &Query) -> Result<(Vec<Row>, Option<String>), LedgerError> {
        let page = listing
            .limit(query.limit)
            .after(query.after.as_deref())
            .keyset()
            .await?;
        Ok((page.rows, page.next.map(|cursor| cursor.to_string())))
    }
}

#[async_trait]
impl Ledger for PostgresLedger {
    async fn add_player(&self, player: NewPlayer) -> Result<Player, LedgerError> {
        const SQL: &str =
            "INSERT INTO players (name, rating) VALUES ($1, $2) RETURNING id, name, rating, created_at";
        let row = self
            .db
            .query_one(label("insert", "players"), SQL, &[&player.name, &player.rating])
            .await?;
        Ok(read_player(&row))
    }

    async fn players(&self, query: Query) -> Result<Page<Player>, LedgerError> {
        let filter = self
            .players
            .filter()
            .parameters(query.filter.iter().map(|(name, value)| (name, value)))?;
        let mut listing = self.db.list(&self.players).filter(filter);
        if let Some(sort) = &query.sort {
            listing = listing.sort(self.players.sort().parse(sort)?);
        }
        let (rows, next) = self.find(listing, &query).await?;
        Ok(Page {
            items: rows.iter().map(read_player).collect(),
            next,
        })
    }

    async fn add_table(&self, table: NewTable) -> Result<CardTable, LedgerError> {
        const SQL: &str =
            "INSERT INTO card_tables (name, small_blind, big_blind) VALUES ($1, $2, $3) RETURNING id";
        let params: [&(dyn ToSql + Sync); 3] = [&table.name, &table.small_blind, &table.big_blind];
        let row = self
            .db
            .query_one(label("insert", "card_tables"), SQL, &params)
            .await?;
        let NewTable {
            name,
            small_blind,
            big_blind,
        } = table;
        Ok(CardTable {
            id: row.get(0),
            name,
            small_blind,
            big_blind,
        })
    }

    async fn record(&self, table: i64, actions: Vec<NewAction>) -> Result<u64, LedgerError> {
        let rows: Vec<(i64, NewAction)> = actions.into_iter().map(|action| (table, action)).collect();
        Ok(self.db.bulk(&self.new_actions).insert(&rows).await?.rows as u64)
    }

    async fn actions(&self, table: i64, query: Query) -> Result<Page<Action>, LedgerError> {
        let table = ("table".to_owned(), table.to_string());
        let asked = query.filter.iter().chain([&table]);
        let filter = self
            .actions
            .filter()
            .parameters(asked.map(|(name, value)| (name, value)))?;
        let listing = self.db.list(&self.actions).filter(filter);
        let (rows, next) = self.find(listing, &query).await?;
        Ok(Page {
            items: rows.iter().map(read_action).collect(),
            next,
        })
    }

    async fn stats(&self, player: i64) -> Result<PlayerStats, LedgerError> {
        const SQL: &str = "SELECT count(DISTINCT (a.table_id, a.hand)), count(a.id), coalesce(sum(a.amount), 0)::bigint \
             FROM players p LEFT JOIN hand_actions a ON a.player_id = p.id WHERE p.id = $1 GROUP BY p.id";
        let row = self
            .db
            .query_opt(label("stats", "hand_actions"), SQL, &[&player])
            .await?;
        let row = row.ok_or(LedgerError::NotFound {
            what: "player",
            id: player,
        })?;
        Ok(PlayerStats {
            hands: row.get(0),
            actions: row.get(1),
            wagered: row.get(2),
        })
    }
}

fn read_player(row: &Row) -> Player {
    Player {
        id: row.get(0),
        name: row.get(1),
        rating: row.get(2),
        created_at: row.get(3),
    }
}

fn read_action(row: &Row) -> Action {
    let action = NewAction {
        hand: row.get(1),
        player: row.get(2),
        kind: row.get(3),
        amount: row.get(4),
    };
    Action {
        id: row.get(0),
        action,
    }
}

const MIGRATE: Label = label("migrate", "schema");

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS players (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL CONSTRAINT players_name_taken UNIQUE CONSTRAINT players_name_length CHECK (length(name) BETWEEN 1 AND 64),
        rating integer NOT NULL CONSTRAINT players_rating_range CHECK (rating BETWEEN 0 AND 4000),
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE IF NOT EXISTS card_tables (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL CONSTRAINT card_tables_name_taken UNIQUE,
        small_blind bigint NOT NULL,
        big_blind bigint NOT NULL,
        CONSTRAINT card_tables_blinds CHECK (small_blind > 0 AND big_blind >= small_blind)
    );
    CREATE TABLE IF NOT EXISTS hand_actions (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        table_id bigint NOT NULL CONSTRAINT hand_actions_table REFERENCES card_tables,
        player_id bigint NOT NULL CONSTRAINT hand_actions_player REFERENCES players,
        hand bigint NOT NULL,
        kind text NOT NULL CONSTRAINT hand_actions_kind CHECK (kind IN ('post', 'fold', 'check', 'call', 'raise', 'show')),
        amount bigint NOT NULL CONSTRAINT hand_actions_amount CHECK (amount >= 0),
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX IF NOT EXISTS hand_actions_by_table ON hand_actions (table_id, id);
    CREATE INDEX IF NOT EXISTS hand_actions_by_player ON hand_actions (player_id);
";
