use std::time::{Duration, SystemTime};

use groundcrew_dbopt::{BulkMethod, ConstraintKind, Db, Error, Table, label};

use crate::support::{TestResult, database};

#[derive(Clone)]
struct Action {
    hand: i64,
    seat: i16,
    kind: String,
    amount: Option<f64>,
    at: SystemTime,
}

fn actions(count: i64) -> Vec<Action> {
    (0..count)
        .map(|number| Action {
            hand: number,
            seat: i16::try_from(number % 9).unwrap(),
            kind: format!("kind {number}"),
            amount: (number % 3 != 0).then_some(number as f64 / 4.0),
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + number.unsigned_abs()),
        })
        .collect()
}

fn table() -> Table<Action> {
    Table::builder("hand_actions")
        .column("hand", |action: &Action| &action.hand)
        .column("seat", |action| &action.seat)
        .column("kind", |action| &action.kind)
        .column("amount", |action| &action.amount)
        .column("at", |action| &action.at)
        .computed("is_bet", |action| action.amount.is_some())
        .build()
        .unwrap()
}

async fn create(db: &Db) -> Result<(), Error> {
    db.run(label("create", "hand_actions"), async |session| {
        session
            .batch_execute(
                "CREATE DOMAIN seat AS int2 CHECK (VALUE < 9); \
                 CREATE TABLE hand_actions (hand int8 PRIMARY KEY, seat seat NOT NULL, kind text NOT NULL, \
                 amount float8 CHECK (amount >= 0), at timestamptz NOT NULL, is_bet bool NOT NULL)",
            )
            .await
    })
    .await
}

async fn count(db: &Db) -> i64 {
    db.query_one(
        label("select", "hand_actions"),
        "SELECT count(*) FROM hand_actions",
        &[],
    )
    .await
    .unwrap()
    .get(0)
}

#[tokio::test]
async fn both_methods_store_the_same_rows() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.build()?;
    create(&db).await?;
    let rows = actions(10_000);
    let sum = "SELECT md5(string_agg(a::text, '|' ORDER BY hand)) FROM hand_actions a";
    let mut sums = Vec::new();

    for method in [BulkMethod::Copy, BulkMethod::Unnest] {
        let report = db.bulk(&table()).method(method).insert(&rows).await?;
        assert_eq!((report.rows, report.method), (10_000, Some(method)));
        assert_eq!(count(&db).await, 10_000);
        let row = db.query_one(label("select", "hand_actions"), sum, &[]).await?;
        sums.push(row.get::<_, String>(0));
        db.execute(label("delete", "hand_actions"), "DELETE FROM hand_actions", &[])
            .await?;
    }

    assert_eq!(sums[0], sums[1]);
    assert_eq!(db.stats().discarded, 0);
    Ok(())
}

#[tokio::test]
async fn the_method_follows_the_number_of_rows() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.build()?;
    create(&db).await?;

    let none = db.bulk(&table()).insert(&[]).await?;
    let few = db.bulk(&table()).insert(&actions(99)).await?;
    db.execute(label("delete", "hand_actions"), "DELETE FROM hand_actions", &[])
        .await?;
    let many = db.bulk(&table()).insert(&actions(100)).await?;

    assert_eq!((none.rows, none.method), (0, None));
    assert_eq!(few.method, Some(BulkMethod::Unnest));
    assert_eq!(many.method, Some(BulkMethod::Copy));
    Ok(())
}

#[tokio::test]
async fn a_violation_in_the_last_row_inserts_nothing_and_is_named() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.pool_size(1).build()?;
    create(&db).await?;
    let mut twice = actions(10_000);
    twice[9_999].hand = 0;
    let mut negative = actions(10_000);
    negative[9_999].amount = Some(-1.0);

    let copied = db.bulk(&table()).insert(&twice).await.unwrap_err();
    let checked = db.bulk(&table()).insert(&negative).await.unwrap_err();
    let unnested = db
        .bulk(&table())
        .method(BulkMethod::Unnest)
        .insert(&twice)
        .await
        .unwrap_err();

    let of = |error: &Error| match error {
        Error::Constraint { kind, row, .. } => Some((*kind, *row)),
        _ => None,
    };
    assert_eq!(
        of(&copied),
        Some((ConstraintKind::Unique, Some(9_999))),
        "{copied:?}"
    );
    assert_eq!(
        of(&checked),
        Some((ConstraintKind::Check, Some(9_999))),
        "{checked:?}"
    );
    assert_eq!(
        of(&unnested),
        Some((ConstraintKind::Unique, None)),
        "{unnested:?}"
    );
    assert_eq!(
        copied.to_string(),
        "the unique constraint \"hand_actions_pkey\" is violated by row 9999"
    );
    assert_eq!(count(&db).await, 0);
    Ok(())
}

#[tokio::test]
async fn a_violation_in_the_first_of_many_rows_is_the_error_that_comes_out() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.pool_size(1).build()?;
    create(&db).await?;
    let mut rows = actions(50_000);
    rows[0].amount = Some(-1.0);

    let error = db.bulk(&table()).insert(&rows).await.unwrap_err();

    assert!(
        matches!(
            error,
            Error::Constraint {
                kind: ConstraintKind::Check,
                row: Some(0),
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(count(&db).await, 0);
    Ok(())
}

#[tokio::test]
async fn a_nul_in_a_text_names_its_row() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.pool_size(1).build()?;
    create(&db).await?;
    let mut rows = actions(1_000);
    rows[321].kind = "a\0b".to_owned();

    let error = db.bulk(&table()).insert(&rows).await.unwrap_err();

    assert!(
        matches!(&error, Error::Query { sqlstate, row: Some(321), .. } if sqlstate.code() == "22021"),
        "{error:?}"
    );
    assert_eq!(count(&db).await, 0);
    Ok(())
}

#[tokio::test]
async fn a_value_that_cannot_be_sent_names_row_and_column_and_spares_the_connection() -> TestResult {
    #[derive(Debug)]
    struct Odd(i64);
    impl tokio_postgres::types::ToSql for Odd {
        fn to_sql(
            &self,
            ty: &tokio_postgres::types::Type,
            out: &mut bytes::BytesMut,
        ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
            if self.0 == 7 {
                return Err("seven is odd".into());
            }
            self.0.to_sql(ty, out)
        }
        fn accepts(ty: &tokio_postgres::types::Type) -> bool {
            <i64 as tokio_postgres::types::ToSql>::accepts(ty)
        }
        tokio_postgres::types::to_sql_checked!();
    }
    let (_database, builder) = database().await?;
    let db = builder.pool_size(1).build()?;
    db.run(label("create", "t"), async |session| {
        session.batch_execute("CREATE TABLE t (id int8)").await
    })
    .await?;
    let table = Table::<Odd>::builder("t")
        .computed("id", |odd: &Odd| Odd(odd.0))
        .build()?;
    let rows: Vec<Odd> = (0..10).map(Odd).collect();

    for method in [BulkMethod::Copy, BulkMethod::Unnest] {
        let error = db.bulk(&table).method(method).insert(&rows).await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::Encode {
                    row: 7,
                    column: "id",
                    ..
                }
            ),
            "{method:?} {error:?}"
        );
    }

    let left = db
        .query_one(label("select", "t"), "SELECT count(*) FROM t", &[])
        .await?;
    assert_eq!(left.get::<_, i64>(0), 0);
    assert_eq!(db.stats().discarded, 0);
    Ok(())
}

#[tokio::test]
async fn a_column_of_another_type_is_refused_before_anything_is_sent() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.build()?;
    create(&db).await?;
    let wrong = Table::<Action>::builder("hand_actions")
        .column("hand", |action: &Action| &action.kind)
        .build()?;

    let error = db.bulk(&wrong).insert(&actions(1)).await.unwrap_err();

    assert_eq!(
        error.to_string(),
        "column hand is int8 on the server, which alloc::string::String does not fit"
    );
    Ok(())
}

#[tokio::test]
async fn arrays_and_enums_survive() -> TestResult {
    struct Hand {
        cards: Vec<String>,
        kind: i32,
    }
    let (_database, builder) = database().await?;
    let db = builder.build()?;
    db.run(label("create", "hands"), async |session| {
        session
            .batch_execute(
                "CREATE SCHEMA game; CREATE TABLE game.\"Hands\" (\"the cards\" text[] NOT NULL, kind int4)",
            )
            .await
    })
    .await?;
    let table = Table::<Hand>::builder("game.Hands")
        .column("the cards", |hand: &Hand| &hand.cards)
        .column("kind", |hand| &hand.kind)
        .build()?;
    let hand = |cards: &[&str], kind| Hand {
        cards: cards.iter().map(|&card| card.to_owned()).collect(),
        kind,
    };

    let report = db
        .bulk(&table)
        .insert(&[hand(&["As", "Kd"], 1), hand(&["2c"], 2)])
        .await?;

    assert_eq!(report.method, Some(BulkMethod::Copy));
    let rows = db
        .query(
            label("select", "hands"),
            "SELECT \"the cards\" FROM game.\"Hands\" ORDER BY kind",
            &[],
        )
        .await?;
    let cards: Vec<Vec<String>> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(cards, [vec!["As", "Kd"], vec!["2c"]]);
    Ok(())
}
