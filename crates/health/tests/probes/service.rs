//! Services with checks that are well or not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use groundcrew_base::ManualClock;
use groundcrew_health::{DetailsPolicy, Health, HealthBuilder, HealthConfig, Registration, Status, Verdict};
use groundcrew_testkit::eventually;

use crate::{LIMIT, get};

/// A service whose `database` is critical and `redis` optional; both can be switched off.
pub(crate) async fn switched(details: DetailsPolicy) -> (Health, [Arc<AtomicBool>; 2]) {
    let switches = [Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(true))];
    let [database, redis] = switches.clone();
    let check = |up: Arc<AtomicBool>| {
        move || {
            std::future::ready(if up.load(Ordering::SeqCst) {
                Verdict::healthy().detail("connection", "ok")
            } else {
                Verdict::unhealthy("cannot reach redis://:hunter2@cache")
            })
        }
    };
    let mut config = HealthConfig::default();
    config.details = details;
    config.details_token = Some("letmein".into());
    config.interval = Duration::from_millis(20);
    let health = Health::builder("1.4.0")
        .config(config)
        .check("database", check(database))
        .register(Registration::new("redis", check(redis)).optional())
        .start()
        .unwrap();
    eventually(LIMIT, "healthy", async || {
        (get(&health, "/healthz").await.1 == "healthy\n").then_some(())
    })
    .await;
    (health, switches)
}

pub(crate) fn builder(details: DetailsPolicy) -> HealthBuilder {
    let mut config = HealthConfig::default();
    config.details = details;
    config.details_token = Some("letmein".into());
    let clock = ManualClock::new(UNIX_EPOCH + Duration::from_millis(1_763_787_600_042));
    Health::builder("1.4.0").config(config).clock(clock.clock())
}

/// A database that is well, a mail server that is not, and a licence that ends.
pub(crate) async fn mixed(details: DetailsPolicy) -> Health {
    let database = || async { Verdict::healthy().detail("connection", "ok") };
    let mail = || async { Verdict::unhealthy("cannot reach smtp://app:hunter2@mail") };
    let licence = || async { Verdict::degraded("ends\nsoon").detail("days", 3_u64) };
    let health = builder(details)
        .register(Registration::new("database", database).tag("storage").tag("all"))
        .register(Registration::new("mail", mail).optional().tag("all"))
        .register(Registration::new("licence", licence).informational())
        .start()
        .unwrap();
    eventually(LIMIT, "all asked", async || {
        let report = health.report();
        let mut checks = report.checks.iter();
        checks
            .all(|check| check.status() != Status::Unknown)
            .then_some(())
    })
    .await;
    health
}
