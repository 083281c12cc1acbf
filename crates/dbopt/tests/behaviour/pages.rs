use std::collections::HashSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use groundcrew_dbopt::{Column, Columns, CursorError, Db, Error, Rejection, label};
use groundcrew_testkit::Database;
use tokio::task::JoinSet;

use crate::support::{TestResult, database};

fn hands() -> Columns {
    Columns::builder("hands")
        .column(Column::int("id"))
        .column(Column::int("pot"))
        .column(Column::timestamp("at"))
        .key("id")
        .build()
        .unwrap()
}

/// `rows` hands, ten of which share each instant and a hundred each pot.
async fn with_hands(rows: i32) -> Result<(Database, Db), Box<dyn std::error::Error>> {
    let (database, builder) = database().await?;
    let db = builder.build()?;
    db.run(label("create", "hands"), async |session| {
        session
            .batch_execute(
                "CREATE TABLE hands (id int8 PRIMARY KEY, pot float8 NOT NULL, at timestamptz NOT NULL); \
                 CREATE INDEX ON hands (at, id)",
            )
            .await?;
        session
            .execute(
                "INSERT INTO hands SELECT i, i / 100, '2026-01-01'::timestamptz + (i / 10) * interval '1.000001 s' \
                 FROM generate_series(1, $1::int4) i",
                &[&rows],
            )
            .await
    })
    .await?;
    Ok((database, db))
}

fn page_ids(rows: &[tokio_postgres::Row]) -> Vec<i64> {
    rows.iter().map(|row| row.get("id")).collect()
}

#[tokio::test]
async fn ten_thousand_rows_are_each_visited_once_while_others_are_inserted() -> TestResult {
    let (_database, db) = with_hands(10_000).await?;
    let columns = hands();
    let mut writers = JoinSet::new();
    for writer in 0..2_i64 {
        let db = db.clone();
        writers.spawn(async move {
            for number in 0..150_i64 {
                let id = 100_000 + writer * 1_000 + number;
                db.execute(
                    label("insert", "hands"),
                    "INSERT INTO hands SELECT $1::int8, 5, at FROM hands WHERE id = $2",
                    &[&id, &(number * 60 + 1)],
                )
                .await?;
            }
            Ok::<_, Error>(())
        });
    }

    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = db
            .list(&columns)
            .sort(columns.sort().parse("-at")?)
            .limit(97)
            .after(cursor.take())
            .keyset()
            .await?;
        seen.extend(page_ids(&page.rows));
        match page.next {
            Some(next) => cursor = Some(next.to_string()),
            None => break,
        }
    }
    while let Some(done) = writers.join_next().await {
        done??;
    }

    let old: Vec<i64> = seen.iter().copied().filter(|&id| id <= 10_000).collect();
    assert_eq!(old.len(), 10_000);
    assert_eq!(seen.len(), seen.iter().collect::<HashSet<_>>().len());
    Ok(())
}

#[tokio::test]
async fn every_order_visits_every_row_both_ways() -> TestResult {
    let (_database, db) = with_hands(230).await?;
    let columns = pots();

    for order in ["", "at", "-at", "-pot,at", "pot,-at,id", "-pot,id", "-id"] {
        let listing = || {
            db.list(&columns)
                .sort(columns.sort().parse(order).unwrap())
                .limit(50)
        };
        let mut forward = Vec::new();
        let mut page = listing().keyset().await?;
        assert_eq!(page.previous, None);
        loop {
            forward.push(page_ids(&page.rows));
            let Some(next) = page.next else { break };
            page = listing().after(Some(next.to_string())).keyset().await?;
        }
        let mut back = vec![page_ids(&page.rows)];
        while let Some(previous) = page.previous {
            page = listing().after(Some(previous.to_string())).keyset().await?;
            back.push(page_ids(&page.rows));
        }
        back.reverse();

        assert_eq!(forward, back, "{order}");
        let all: HashSet<i64> = forward.into_iter().flatten().collect();
        assert_eq!(all.len(), 230, "{order}");
    }
    Ok(())
}

fn pots() -> Columns {
    Columns::builder("public.hands")
        .column(Column::int("id"))
        .column(Column::float("pot"))
        .column(Column::timestamp("at"))
        .key("id")
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_deep_page_seeks_in_the_index() -> TestResult {
    let (_database, db) = with_hands(10_000).await?;
    let plan = "EXPLAIN (COSTS OFF) SELECT id FROM hands WHERE TRUE AND (\"at\", \"id\") < \
         (($1::text)::timestamptz, ($2::text)::bigint) ORDER BY at DESC, id DESC LIMIT 51";

    let rows = db
        .run(label("explain", "hands"), async |session| {
            session.batch_execute("ANALYZE hands").await?;
            session.query(plan, &[&"2026-01-01 00:05:00+00", &"5"]).await
        })
        .await?;

    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("Index Cond: (ROW(at, id) <")),
        "{lines:#?}"
    );
    Ok(())
}

#[tokio::test]
async fn cursors_of_other_queries_and_damaged_ones_are_told_apart() -> TestResult {
    let (_database, db) = with_hands(100).await?;
    let columns = hands();
    let first = db.list(&columns).limit(10).keyset().await?;
    let cursor = first.next.unwrap().to_string();
    let with = async |listing: groundcrew_dbopt::Listing, cursor: String| match listing
        .after(Some(cursor))
        .keyset()
        .await
    {
        Err(Error::Rejected(Rejection::Cursor(error))) => Some(error),
        _ => None,
    };

    let sorted = db.list(&columns).sort(columns.sort().parse("-id")?);
    let filtered = db
        .list(&columns)
        .filter(columns.filter().parameters([("id[gt]", "5")])?);
    let other_table = db.list(&pots());
    let same_with_other_limit = db.list(&columns).limit(20);

    assert_eq!(with(sorted, cursor.clone()).await, Some(CursorError::OtherQuery));
    assert_eq!(
        with(filtered, cursor.clone()).await,
        Some(CursorError::OtherQuery)
    );
    assert_eq!(
        with(other_table, cursor.clone()).await,
        Some(CursorError::OtherQuery)
    );
    assert_eq!(with(same_with_other_limit, cursor.clone()).await, None);
    assert_eq!(
        with(db.list(&columns), cursor.replace('A', "B")).await,
        Some(CursorError::Damaged)
    );
    assert_eq!(
        with(db.list(&columns), "' OR 1=1".to_owned()).await,
        Some(CursorError::Damaged)
    );
    Ok(())
}

#[tokio::test]
async fn numbered_pages_start_at_one() -> TestResult {
    let (_database, db) = with_hands(120).await?;
    let columns = hands();

    let first = db.list(&columns).page(1).await?;
    let last = db.list(&columns).page(3).await?;
    let beyond = db.list(&columns).page(4).await?;

    assert_eq!(page_ids(&first.rows), (1..=50).collect::<Vec<i64>>());
    assert!(first.has_next);
    assert_eq!(page_ids(&last.rows), (101..=120).collect::<Vec<i64>>());
    assert!(!last.has_next);
    assert_eq!(beyond.rows.len(), 0);
    for page in [0, u64::MAX] {
        let refused = db.list(&columns).page(page).await.unwrap_err();
        assert!(
            matches!(refused, Error::Rejected(Rejection::Page { .. })),
            "{refused}"
        );
    }
    for limit in [0, 1001] {
        let refused = db.list(&columns).limit(limit).keyset().await.unwrap_err();
        assert!(
            matches!(refused, Error::Rejected(Rejection::Limit { most: 1000, .. })),
            "{refused}"
        );
    }
    Ok(())
}

/// A cursor whose checksum is right and whose only value is `value`.
fn forged(cursor: &str, value: &str) -> String {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
    let mut bytes = bytes.get(..10).unwrap().to_vec();
    bytes.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
    bytes.extend(value.as_bytes());
    let checksum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    bytes.extend(checksum.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test]
async fn a_forged_cursor_is_damaged() -> TestResult {
    let (_database, db) = with_hands(20).await?;
    let columns = hands();
    let first = db.list(&columns).limit(10).keyset().await?;
    let cursor = first.next.unwrap().to_string();
    let after = async |value: &str| {
        let listing = db.list(&columns).after(Some(forged(&cursor, value)));
        listing.keyset().await
    };

    assert_eq!(page_ids(&after("15").await?.rows), [16, 17, 18, 19, 20]);
    for value in ["x", "", "99999999999999999999"] {
        let refused = after(value).await.unwrap_err();
        assert!(
            matches!(refused, Error::Rejected(Rejection::Cursor(CursorError::Damaged))),
            "{value:?} {refused:?}"
        );
    }
    Ok(())
}
