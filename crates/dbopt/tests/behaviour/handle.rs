use std::time::Duration;

use groundcrew_dbopt::{Db, DbConfig, Error, label};

use crate::support::{TestResult, database};

#[tokio::test]
async fn ssl_that_contradicts_the_url_is_an_error() {
    let off = Db::builder("postgres://app:hunter2@db.example.com/shop?sslmode=require")
        .ssl(false)
        .build();
    let on = Db::builder("postgres://app:hunter2@db.example.com/shop?sslmode=disable")
        .ssl(true)
        .build();
    let agreeing = Db::builder("postgres://app@localhost/shop?sslmode=disable")
        .ssl(false)
        .build();

    for error in [off.unwrap_err(), on.unwrap_err()] {
        assert!(matches!(error, Error::Url(_)), "{error:?}");
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
    assert!(agreeing.is_ok());
}

#[tokio::test]
async fn settings_that_cannot_work_are_named() {
    let mut config = DbConfig::default();
    config.url = "postgres://app@localhost/shop".into();
    config.pool_size = 0;

    let error = Db::from_config(config).build().unwrap_err();

    assert_eq!(error.to_string(), "setting pool_size: must not be zero");
}

#[tokio::test]
async fn the_url_is_the_one_that_is_connected_with() -> TestResult {
    let db = Db::builder("postgres://app:hunter2@db.example.com/shop")
        .ssl(false)
        .application_name("tables")
        .build()?;

    let url = db.url();

    assert_eq!(url.sslmode().as_str(), "disable");
    assert_eq!(url.config().get_application_name(), Some("tables"));
    assert_eq!(url.database(), Some("shop"));
    assert!(!format!("{url:?} {url}").contains("hunter2"));
    Ok(())
}

#[test]
fn a_missing_runtime_is_an_error_and_not_a_panic() {
    let error = Db::builder("postgres://app@localhost/shop").build().unwrap_err();

    assert_eq!(error.to_string(), "setting runtime: no tokio runtime is running");
}

#[tokio::test]
async fn one_row_is_one_row() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.build()?;
    let select = label("select", "none");

    let none = db.query_one(select, "SELECT 1 WHERE false", &[]).await;
    let two = db.query_opt(select, "SELECT generate_series(1, 2)", &[]).await;
    let absent = db.query_opt(select, "SELECT 1 WHERE false", &[]).await?;

    assert!(matches!(none, Err(Error::NoRow)));
    assert!(matches!(two, Err(Error::TooManyRows { count: 2 })));
    assert!(absent.is_none());
    Ok(())
}

#[tokio::test]
async fn errors_say_what_the_caller_can_do() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.build()?;
    let select = label("select", "none");

    let syntax = db.query(select, "SELEC 1", &[]).await.unwrap_err();
    let mismatch = db.query(select, "SELECT $1::int4", &[&"text"]).await.unwrap_err();
    let statement_timeout = db
        .run(select, async |session| {
            session
                .batch_execute("SET statement_timeout = 50; SELECT pg_sleep(60)")
                .await
        })
        .await
        .unwrap_err();

    assert!(matches!(&syntax, Error::Query { sqlstate, .. } if sqlstate.code() == "42601"));
    assert!(!syntax.is_retryable());
    assert!(matches!(mismatch, Error::Mismatch(_)), "{mismatch:?}");
    assert!(statement_timeout.is_timeout());
    Ok(())
}

#[tokio::test]
async fn slow_work_is_counted() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.slow_after(Duration::from_millis(50)).build()?;

    db.query(label("select", "none"), "SELECT pg_sleep(0.1)", &[])
        .await?;
    db.query(label("select", "none"), "SELECT 1", &[]).await?;

    assert_eq!((db.stats().queries, db.stats().errors), (2, 0));
    assert!(db.stats().slow >= 1);
    Ok(())
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn pool_and_durations_are_exposed() -> TestResult {
    let (_database, builder) = database().await?;
    let db = builder.pool_size(7).build()?;
    let registry = groundcrew_metrics::Registry::new();
    db.register_metrics(&registry)?;

    db.query(label("select", "players"), "SELECT 1", &[]).await?;
    let failed = db.query(label("select", "players"), "SELECT 1/0", &[]).await;

    assert!(failed.is_err());
    let text = registry.encode();
    for line in [
        "database_connections_max 7",
        "database_connections_active 0",
        r#"db_query_duration_seconds_count{operation="select",table="players"} 2"#,
        r#"db_query_errors_total{operation="select",table="players"} 1"#,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    Ok(())
}

#[cfg(feature = "envcfg")]
#[test]
fn the_environment_has_the_documented_names_ranges_and_defaults() -> TestResult {
    use groundcrew_envcfg::{Config, Vars};

    let url = "postgres://app:hunter2@localhost/shop";
    let least = DbConfig::from_source(&Vars::from([("DATABASE_URL", url)]))?;
    let all = DbConfig::from_source(&Vars::from([
        ("DATABASE_URL", url),
        ("DATABASE_POOL_SIZE", "5"),
        ("DATABASE_TIMEOUT", "60000"),
        ("DATABASE_SSL", "false"),
        ("DATABASE_MAX_CONNECTIONS", "200"),
        ("DATABASE_SLOW_QUERY", "250"),
    ]))?;
    let wrong = DbConfig::from_source(&Vars::from([
        ("DATABASE_POOL_SIZE", "101"),
        ("DATABASE_TIMEOUT", "4999"),
        ("DATABASE_SSL", "maybe"),
    ]));

    let mut expected = DbConfig::default();
    expected.url = url.into();
    assert_eq!(least, expected);
    assert_eq!(
        (all.pool_size, all.max_connections, all.ssl),
        (5, 200, Some(false))
    );
    assert_eq!(all.query_timeout, Duration::from_secs(60));
    assert_eq!(all.slow_after, Duration::from_millis(250));
    let report = wrong.unwrap_err().to_string();
    for name in [
        "DATABASE_URL",
        "DATABASE_POOL_SIZE",
        "DATABASE_TIMEOUT",
        "DATABASE_SSL",
    ] {
        assert!(report.contains(name), "{report}");
    }
    Ok(())
}

#[cfg(feature = "envcfg")]
#[test]
fn a_url_that_cannot_work_is_a_problem_of_its_variable() {
    use groundcrew_envcfg::{Config, Vars};

    let cases = [
        ("mysql://app:hunter2@localhost/shop", "true", "DATABASE_URL: "),
        (
            "postgres://app:hunter2@h/shop?sslmode=maybe",
            "true",
            "DATABASE_URL: ",
        ),
        (
            "postgres://app:hunter2@h/shop?sslmode=disable",
            "true",
            "DATABASE_SSL: ",
        ),
        (
            "postgres://app:hunter2@h/shop?sslmode=require",
            "false",
            "DATABASE_SSL: ",
        ),
    ];

    for (url, ssl, names) in cases {
        let vars = Vars::from([("DATABASE_URL", url), ("DATABASE_SSL", ssl)]);
        let report = DbConfig::from_source(&vars).unwrap_err().to_string();

        assert!(report.contains(names), "{url} {report}");
        assert!(!report.contains("hunter2"), "{report}");
    }
}
