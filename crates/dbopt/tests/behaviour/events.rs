use std::time::Duration;

use groundcrew_dbopt::label;
use groundcrew_testkit::Events;

use crate::support::{TestResult, database};

#[tokio::test]
async fn slow_and_failed_work_is_told_with_the_documented_fields() -> TestResult {
    let (events, _guard) = Events::of("groundcrew::dbopt");
    let (_database, builder) = database().await?;
    let db = builder.slow_after(Duration::from_millis(50)).build()?;

    db.query(label("select", "players"), "SELECT pg_sleep(0.1)", &[])
        .await?;
    let failed = db
        .query(label("divide", "players"), "SELECT 1/0 AS \"hidden value\"", &[])
        .await;

    assert!(failed.is_err());
    let events = events.take();
    let find = |message: &str| events.iter().find(|event| event["message"] == message).unwrap();
    let slow = find("slow database query detected");
    assert_eq!(slow["level"], "WARN");
    assert_eq!(slow["operation"], "select");
    assert_eq!(slow["table"], "players");
    assert_eq!(slow["category"], "performance");
    assert!(slow["duration"].parse::<f64>()? > 0.05);
    let failure = find("database query failed");
    assert_eq!(failure["level"], "ERROR");
    assert_eq!(failure["operation"], "divide");
    assert_eq!(failure["sqlstate"], "22012");
    assert!(!format!("{events:?}").contains("hidden value"));
    Ok(())
}
