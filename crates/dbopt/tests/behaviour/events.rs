use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use groundcrew_dbopt::label;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, prelude::*};

use crate::support::{TestResult, database};

/// The events of one target: their fields, with the level as `level`.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Fields>>>);

type Fields = BTreeMap<&'static str, String>;

struct Texts<'a>(&'a mut Fields);

impl Visit for Texts<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "groundcrew::dbopt" {
            let mut fields = Fields::from([("level", event.metadata().level().to_string())]);
            event.record(&mut Texts(&mut fields));
            self.0.lock().unwrap().push(fields);
        }
    }
}

#[tokio::test]
async fn slow_and_failed_work_is_told_with_the_documented_fields() -> TestResult {
    let recorder = Recorder::default();
    let _guard = tracing_subscriber::registry()
        .with(recorder.clone())
        .set_default();
    let (_database, builder) = database().await?;
    let db = builder.slow_after(Duration::from_millis(50)).build()?;

    db.query(label("select", "players"), "SELECT pg_sleep(0.1)", &[])
        .await?;
    let failed = db
        .query(label("divide", "players"), "SELECT 1/0 AS \"hidden value\"", &[])
        .await;

    assert!(failed.is_err());
    let events = recorder.0.lock().unwrap();
    let find = |message: &str| events.iter().find(|event| event["message"] == message).unwrap();
    let slow = find("slow database query detected");
    assert_eq!(slow["level"], "WARN");
    assert_eq!(slow["operation"], "\"select\"");
    assert_eq!(slow["table"], "\"players\"");
    assert_eq!(slow["category"], "\"performance\"");
    assert!(slow["duration"].parse::<f64>()? > 0.05);
    let failure = find("database query failed");
    assert_eq!(failure["level"], "ERROR");
    assert_eq!(failure["operation"], "\"divide\"");
    assert_eq!(failure["sqlstate"], "\"22012\"");
    assert!(!format!("{events:?}").contains("hidden value"));
    Ok(())
}
