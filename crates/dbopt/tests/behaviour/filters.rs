use std::time::{Duration, SystemTime};

use groundcrew_dbopt::{Column, Columns, Db, Direction, Error, Operator, Rejection, label};
use groundcrew_testkit::Database;

use crate::support::{TestResult, database};

fn players() -> Columns {
    Columns::builder("players")
        .column(Column::int("id"))
        .column(Column::text("name"))
        .column(Column::int("rating"))
        .column(Column::decimal("balance").nullable())
        .column(Column::text("state"))
        .column(Column::uuid("token"))
        .column(
            Column::timestamp("created_at")
                .named("createdAt")
                .range("createdAfter", "createdBefore"),
        )
        .key("id")
        .build()
        .unwrap()
}

async fn with_players() -> Result<(Database, Db), Box<dyn std::error::Error>> {
    let (database, builder) = database().await?;
    let db = builder.build()?;
    db.run(label("create", "players"), async |session| {
        session
            .batch_execute(
                "CREATE TYPE state AS ENUM ('active', 'gone'); \
                 CREATE TABLE players (id int4 PRIMARY KEY, name varchar(80) NOT NULL, rating int2 NOT NULL, \
                 balance numeric, state state NOT NULL, token uuid NOT NULL, created_at timestamptz NOT NULL); \
                 INSERT INTO players VALUES \
                 (1, 'Ann', 1500, 10.50, 'active', 'c56a4180-65aa-42ec-a945-5fd21dec0538', '2026-01-01T00:00:00Z'), \
                 (2, 'Bob_by', 1600, NULL, 'gone', 'c56a4180-65aa-42ec-a945-5fd21dec0539', '2026-02-01T00:00:00Z'), \
                 (3, 'x'' OR 1=1', 1700, 0, 'active', 'c56a4180-65aa-42ec-a945-5fd21dec053a', '2026-03-01T00:00:00Z')",
            )
            .await
    })
    .await?;
    Ok((database, db))
}

/// Parameters, and the players they select.
type Case = (&'static [(&'static str, &'static str)], &'static [i32]);

async fn ids(db: &Db, columns: &Columns, pairs: &[(&str, &str)]) -> Result<Vec<i32>, Error> {
    let filter = columns.filter().parameters(pairs.iter().copied())?;
    let page = db.list(columns).filter(filter).keyset().await?;
    Ok(page.rows.iter().map(|row| row.get("id")).collect())
}

#[tokio::test]
async fn parameters_select_what_they_say() -> TestResult {
    let (_database, db) = with_players().await?;
    let columns = players();
    let cases: [Case; 17] = [
        (&[], &[1, 2, 3]),
        (&[("name", "Ann")], &[1]),
        (&[("name[ne]", "Ann")], &[2, 3]),
        (&[("rating[gt]", "1500")], &[2, 3]),
        (&[("rating[gte]", "1500"), ("rating[lt]", "1700")], &[1, 2]),
        (&[("rating[lte]", "99999999999")], &[1, 2, 3]),
        (&[("id[in]", "3,1")], &[1, 3]),
        (&[("state", "active")], &[1, 3]),
        (&[("state[in]", "gone")], &[2]),
        (&[("balance[gte]", "10.5")], &[1]),
        (&[("balance[isNull]", "true")], &[2]),
        (&[("name[contains]", "B_B")], &[2]),
        (&[("name[contains]", "%")], &[]),
        (&[("name[startsWith]", "a")], &[1]),
        (&[("token", "c56a4180-65aa-42ec-a945-5fd21dec053a")], &[3]),
        (
            &[("createdAfter", "2026-01-01"), ("createdBefore", "2026-03-01")],
            &[1, 2],
        ),
        (&[("createdAt", "2026-02-01T01:00:00+01:00")], &[2]),
    ];

    for (pairs, expected) in cases {
        assert_eq!(ids(&db, &columns, pairs).await?, expected, "{pairs:?}");
    }
    Ok(())
}

#[tokio::test]
async fn typed_values_select_what_they_say() -> TestResult {
    let (_database, db) = with_players().await?;
    let columns = players();
    let february = SystemTime::UNIX_EPOCH + Duration::from_secs(1_769_904_000);

    let filter = columns
        .filter()
        .when("rating", Operator::In, vec![1500, 1600])?
        .when("createdAt", Operator::Gte, february)?;
    let predicate = filter.to_sql(2);
    let sql = format!("SELECT id FROM players WHERE id > $1 AND {}", predicate.sql());
    let mut params: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = vec![&0_i32];
    params.extend(predicate.params());
    let rows = db.query(label("select", "players"), &sql, &params).await?;

    assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<i32>>(), [2]);
    assert_eq!(db.list(&columns).filter(filter).count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn injection_attempts_are_values_or_refusals() -> TestResult {
    let (_database, db) = with_players().await?;
    let columns = players();
    let attacks = [
        "x' OR 1=1",
        "'; DROP TABLE players; --",
        "\\'; DROP TABLE players; --",
        "$1",
        "1) OR (1=1",
        "\" OR \"\"=\"",
        "NULL",
        "{\"a\",\"b\"}",
        "\u{feff}\u{2019} OR 1=1",
    ];

    for attack in attacks {
        let expected: &[i32] = if attack == "x' OR 1=1" { &[3] } else { &[] };
        assert_eq!(
            ids(&db, &columns, &[("name", attack)]).await?,
            expected,
            "{attack}"
        );
        let list = ids(&db, &columns, &[("name[in]", attack)]).await?;
        assert_eq!(list, expected, "{attack}");
        assert_eq!(ids(&db, &columns, &[("name[contains]", attack)]).await?, expected);
        for column in ["id", "rating", "balance", "token", "createdAt", "createdAfter"] {
            let refused = columns.filter().parameters([(column, attack)]).unwrap_err();
            assert!(matches!(refused, Rejection::Value { .. }), "{column} {attack}");
            assert!(!refused.to_string().contains(attack));
        }
        let name = columns.filter().parameters([(attack, "1")]).unwrap_err();
        assert!(matches!(name, Rejection::UnknownColumn { .. }));
        let operator = columns
            .filter()
            .parameters([(format!("id[{attack}]"), "1")])
            .unwrap_err();
        assert!(matches!(operator, Rejection::Operator { .. }), "{operator}");
        let sort = columns.sort().by(attack, Direction::Ascending).unwrap_err();
        assert!(matches!(sort, Rejection::Sort { .. }));
    }
    assert_eq!(db.list(&columns).count().await?, 3);
    Ok(())
}

#[tokio::test]
async fn refusals_list_what_is_allowed() {
    let columns = players();

    let texts = [
        columns.filter().when("password", Operator::Eq, "x").unwrap_err(),
        columns
            .filter()
            .when("rating", Operator::Contains, "1")
            .unwrap_err(),
        columns.filter().when("id", Operator::IsNull, true).unwrap_err(),
        columns.filter().when("name", Operator::Eq, 5).unwrap_err(),
        columns.sort().parse("balance").unwrap_err(),
    ]
    .map(|rejection| rejection.to_string());

    assert_eq!(
        texts,
        [
            "unknown column \"password\", allowed are id, name, rating, balance, state, token, createdAt",
            "column rating has no operator \"contains\", allowed are eq, ne, lt, lte, gt, gte, in",
            "column id has no operator \"isNull\", allowed are eq, ne, lt, lte, gt, gte, in",
            "the value for name is not text without NUL",
            "\"balance\" cannot be sorted by, allowed are id, name, rating, state, token, createdAt",
        ]
    );
}

#[tokio::test]
async fn text_enum_uuid_and_time_page_too() -> TestResult {
    let (_database, db) = with_players().await?;
    let columns = players();
    let orders: [(&str, [i32; 3]); 4] = [
        ("-name", [3, 2, 1]),
        ("-state,id", [2, 1, 3]),
        ("-token", [3, 2, 1]),
        ("createdAt", [1, 2, 3]),
    ];

    for (order, expected) in orders {
        let mut seen: Vec<i32> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let sort = columns.sort().parse(order)?;
            let page = db
                .list(&columns)
                .sort(sort)
                .limit(1)
                .after(cursor)
                .keyset()
                .await?;
            seen.extend(page.rows.iter().map(|row| row.get::<_, i32>("id")));
            cursor = page.next.map(|next| next.to_string());
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "{order}");
    }
    Ok(())
}

#[tokio::test]
async fn a_value_that_only_the_server_can_judge_is_rejected_too() -> TestResult {
    let (_database, db) = with_players().await?;
    let columns = players();

    let refused = ids(&db, &columns, &[("state", "unknown")]).await.unwrap_err();

    assert!(
        matches!(refused, Error::Rejected(Rejection::Unreadable)),
        "{refused:?}"
    );
    Ok(())
}

#[test]
fn floats_are_finite() {
    let columns = Columns::builder("t")
        .column(Column::int("id"))
        .column(Column::float("share"))
        .key("id")
        .build()
        .unwrap();
    let when = |value: f64| columns.filter().when("share", Operator::Gt, value);

    assert!(when(0.5).is_ok());
    for value in [f64::NAN, f64::INFINITY] {
        assert!(matches!(when(value), Err(Rejection::Value { .. })), "{value}");
    }
}
