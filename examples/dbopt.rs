//! A table of players: bulk insert, a filtered listing page by page, a transaction, and the pool's numbers.
//!
//! `cargo run --example dbopt [DATABASE_URL]`: without a URL a private server is started for the run.

use std::{env, error::Error as StdError, time::Duration};

use groundcrew::dbopt::{Column, Columns, Db, Error, Table, label};
use groundcrew_testkit::Postgres;

struct Player {
    id: i64,
    name: String,
    rating: i64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let (url, _server) = match env::args().nth(1) {
        Some(url) => (url, None),
        None => {
            let server = Postgres::start().await?;
            (server.url(), Some(server))
        }
    };
    let db = Db::builder(url).application_name("dbopt-example").build()?;
    let plan = db.warm_up().await?;
    println!("pool: {plan}");

    insert(&db).await?;
    list(&db).await?;
    play(&db).await?;

    let stats = db.stats();
    println!(
        "{} queries, {} errors, {} connections",
        stats.queries, stats.errors, stats.size
    );
    println!("shutdown: {}", db.shutdown(Duration::from_secs(5)).await);
    Ok(())
}

async fn insert(db: &Db) -> Result<(), Error> {
    db.run(label("create", "example_players"), async |session| {
        session
            .batch_execute(
                "DROP TABLE IF EXISTS example_players; \
                 CREATE TABLE example_players (id int8 PRIMARY KEY, name text NOT NULL, rating int8 NOT NULL)",
            )
            .await
    })
    .await?;
    let table = Table::<Player>::builder("example_players")
        .column("id", |player| &player.id)
        .column("name", |player| &player.name)
        .column("rating", |player| &player.rating)
        .build()?;
    let players: Vec<Player> = (1..=1000)
        .map(|number| Player {
            id: number,
            name: format!("player {number}"),
            rating: 1000 + (number * 37) % 1000,
        })
        .collect();
    let report = db.bulk(&table).insert(&players).await?;
    println!("inserted {} rows by {:?}", report.rows, report.method);
    Ok(())
}

async fn list(db: &Db) -> Result<(), Error> {
    let players = Columns::builder("example_players")
        .column(Column::int("id"))
        .column(Column::text("name"))
        .column(Column::int("rating"))
        .key("id")
        .build()?;
    let filter = players.filter().parameters([("rating[gte]", "1900")])?;
    let (mut pages, mut rows, mut cursor) = (0, 0, None);
    loop {
        let page = db
            .list(&players)
            .filter(filter.clone())
            .sort(players.sort().parse("-rating")?)
            .limit(25)
            .after(cursor.take())
            .keyset()
            .await?;
        pages += 1;
        rows += page.rows.len();
        match page.next {
            Some(next) => cursor = Some(next.to_string()),
            None => break,
        }
    }
    println!("{rows} strong players on {pages} pages");
    match players.filter().parameters([("password", "x")]) {
        Ok(_) => println!("the filter was accepted"),
        Err(rejection) => println!("refused: {rejection}"),
    }
    Ok(())
}

async fn play(db: &Db) -> Result<(), Error> {
    let change = "UPDATE example_players SET rating = rating + $1 WHERE id = $2";
    let changed = db
        .transaction(label("rate", "example_players"), async |tx| {
            Ok::<_, Error>(
                tx.execute(change, &[&8_i64, &1_i64]).await? + tx.execute(change, &[&-8_i64, &2_i64]).await?,
            )
        })
        .await?;
    println!("{changed} ratings changed");
    let hurried = db.with_query_timeout(Duration::from_millis(100));
    match hurried
        .query(label("sleep", "none"), "SELECT pg_sleep(60)", &[])
        .await
    {
        Ok(_) => println!("the sleep ended"),
        Err(error) => println!("cancelled on the server: {error}"),
    }
    Ok(())
}
