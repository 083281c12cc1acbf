//! Servers that are there and do not let everybody do everything.

use std::fs;

use groundcrew_connect::{postgres::PostgresUrl, redis::RedisUrl};
use groundcrew_health::{
    Health, Registration, Status,
    checks::{PostgresCheck, RedisCheck},
};
use groundcrew_testkit::{Postgres, Redis};

use super::{postgres::client, *};

/// However busy the machine is.
fn postgres(url: &str) -> PostgresCheck {
    PostgresCheck::new(PostgresUrl::parse(url).unwrap())
        .timeout(LIMIT)
        .connect_timeout(LIMIT)
}

fn redis(url: &str) -> RedisCheck {
    RedisCheck::new(RedisUrl::parse(url).unwrap())
        .timeout(LIMIT)
        .connect_timeout(LIMIT)
}

#[tokio::test]
async fn a_role_of_postgres_that_may_not_come_in_is_refused_for_good() {
    let server = Postgres::start().await.unwrap();
    let (admin, _driver) = client(&server).await;
    for sql in [
        "CREATE DATABASE closed",
        "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
        "CREATE ROLE guest LOGIN PASSWORD 'hunter2'",
        "CREATE ROLE nobody PASSWORD 'hunter2'",
        "CREATE ROLE expired LOGIN PASSWORD 'hunter2' VALID UNTIL '2001-01-01'",
    ] {
        admin.simple_query(sql).await.unwrap();
    }
    let url = |role: &str, database: &str| format!("postgres://{role}:hunter2@{}/{database}", server.addr());

    for (role, database) in [
        ("guest", "closed"),
        ("guest", "missing"),
        ("nobody", "postgres"),
        ("expired", "postgres"),
        ("unknown", "postgres"),
    ] {
        let verdict = postgres(&url(role, database)).run().await;
        assert_eq!(
            (word(&verdict), verdict.status(), detail(&verdict, "permanent")),
            ("auth", Status::Unhealthy, &Detail::Bool(true)),
            "{verdict:?}"
        );
        assert!(!format!("{verdict:?}").contains("hunter2"), "{verdict:?}");
    }
    assert_eq!(word(&postgres(&url("guest", "postgres")).run().await), "up");
}

/// The engine asks at its interval, however short the time between two tries is, and the server counts.
#[tokio::test]
async fn a_wrong_password_is_tried_once_an_interval() {
    let interval = Duration::from_millis(200);
    let (sql, cache) = (Postgres::start().await.unwrap(), Redis::start().await.unwrap());
    let login = ["ACL", "SETUSER", "guest", "on", ">hunter2", "+@all"];
    cache.command(&login).await.unwrap();
    let sql_url = format!("postgres://postgres:wrong@{}/postgres", sql.addr());
    let cache_url = format!("redis://guest:wrong@{}", cache.addr());
    let hasty = |registration: Registration| registration.interval(interval).retry(Duration::from_millis(10));
    let began = Instant::now();
    let health = Health::builder("1")
        .register(hasty(Registration::new("database", postgres(&sql_url))))
        .register(hasty(Registration::new("redis", redis(&cache_url))))
        .start()
        .unwrap();
    let runs = || {
        health
            .stats()
            .checks
            .iter()
            .map(|check| check.runs)
            .min()
            .unwrap()
    };
    eventually(LIMIT, "runs", async || (runs() >= 12).then_some(())).await;
    assert!(health.shutdown(LIMIT).await.is_clean());
    let most = began.elapsed().as_secs_f64() / (0.9 * interval.as_secs_f64()) + 1.0;

    let log = fs::read_to_string(sql.log()).unwrap();
    let failures = u32::try_from(log.matches("password authentication failed").count()).unwrap();
    let said = cache.command(&["INFO", "errorstats"]).await.unwrap();
    let refusals = said.split("errorstat_WRONGPASS:count=").nth(1).unwrap();
    let refusals: u32 = refusals.lines().next().unwrap().trim().parse().unwrap();
    eprintln!("{failures} and {refusals} failed logins, at most {most:.1} are due");
    assert!(
        failures >= 12 && f64::from(failures) <= most,
        "{failures} of {most}"
    );
    assert!(
        refusals >= 12 && f64::from(refusals) <= most,
        "{refusals} of {most}"
    );
}

#[tokio::test]
async fn a_session_that_the_server_ends_when_it_is_idle_is_no_outage() {
    let server = Postgres::start().await.unwrap();
    let (admin, _driver) = client(&server).await;
    for sql in [
        "CREATE ROLE guest LOGIN PASSWORD 'hunter2'",
        "ALTER ROLE guest SET idle_session_timeout = 1000",
        "ALTER ROLE guest SET idle_in_transaction_session_timeout = 1",
    ] {
        admin.simple_query(sql).await.unwrap();
    }
    let check = postgres(&format!("postgres://guest:hunter2@{}/postgres", server.addr()));
    assert_eq!(word(&check.run().await), "up");

    // The server ends the session again and again.
    for _ in 0..3 {
        tokio::time::timeout(LIMIT, check.changed()).await.unwrap();
        assert_eq!(word(&check.run().await), "up");
    }
}

#[tokio::test]
async fn a_new_password_is_nothing_to_a_session_and_the_end_of_its_database_is_told() {
    let server = Postgres::start().await.unwrap();
    let (admin, _driver) = client(&server).await;
    for sql in [
        "CREATE DATABASE dropped",
        "CREATE ROLE guest LOGIN PASSWORD 'hunter2'",
    ] {
        admin.simple_query(sql).await.unwrap();
    }
    let check = postgres(&format!("postgres://guest:hunter2@{}/dropped", server.addr()));
    assert_eq!(word(&check.run().await), "up");

    // Nobody asks for the new password while the session lasts.
    admin
        .simple_query("ALTER ROLE guest PASSWORD 'other'")
        .await
        .unwrap();
    assert_eq!(word(&check.run().await), "up");
    admin
        .simple_query("DROP DATABASE dropped WITH (FORCE)")
        .await
        .unwrap();
    tokio::time::timeout(LIMIT, check.changed()).await.unwrap();
    let verdict = check.run().await;
    assert_eq!(
        (word(&verdict), detail(&verdict, "permanent")),
        ("auth", &Detail::Bool(true)),
        "{verdict:?}"
    );
}

/// It is there: whoever looks for a dead server looks in vain.
#[tokio::test]
async fn a_server_without_the_tls_that_is_asked_of_it_is_no_dead_one() {
    let plain = Postgres::start().await.unwrap();
    let server = Postgres::builder().tls().start().await.unwrap();
    let bare = server.url().split('?').next().unwrap().to_owned();
    assert_eq!(word(&postgres(&server.url()).run().await), "up");

    for (url, says) in [
        (plain.url() + "?sslmode=require", "does not support TLS"),
        (bare.clone() + "?sslmode=verify-full", "certificate"),
    ] {
        let verdict = postgres(&url).run().await;
        assert_eq!(
            (word(&verdict), verdict.status()),
            ("error", Status::Unhealthy),
            "{verdict:?}"
        );
        assert!(verdict.reason().unwrap().contains(says), "{verdict:?}");
    }

    let rules = server.data_dir().join("pg_hba.conf");
    fs::write(rules, "hostssl all all all scram-sha-256\nlocal all all trust\n").unwrap();
    let (admin, _driver) = client(&server).await;
    admin.simple_query("SELECT pg_reload_conf()").await.unwrap();
    let verdict = says(&postgres(&(bare + "?sslmode=disable")), "auth", LIMIT).await;
    assert!(verdict.reason().unwrap().contains("no encryption"), "{verdict:?}");
}

#[tokio::test]
async fn a_redis_without_the_tls_that_is_asked_of_it_is_no_dead_one() {
    let plain = Redis::start().await.unwrap();
    let server = Redis::builder().tls().start().await.unwrap();
    let authority = server.tls().unwrap().authority().display();
    let trusting = format!("{}?cacert={authority}", server.url());
    assert_eq!(word(&redis(&trusting).run().await), "up");

    let verdict = redis(&server.url()).run().await;

    assert_eq!(
        (word(&verdict), verdict.status()),
        ("error", Status::Unhealthy),
        "{verdict:?}"
    );
    assert!(verdict.reason().unwrap().contains("UnknownIssuer"), "{verdict:?}");
    let mute = redis(&plain.url().replacen("redis://", "rediss://", 1));
    let verdict = mute.run().await;
    assert_eq!(verdict.status(), Status::Unhealthy, "{verdict:?}");
}

#[tokio::test]
async fn a_redis_that_forbids_the_question_has_answered() {
    let server = Redis::start().await.unwrap();
    for (login, rules, knows_role) in [
        ("no-ping", &["+@all", "-ping"][..], true),
        ("no-info", &["+@all", "-info"], false),
        ("nothing", &["-@all"], false),
    ] {
        let mut command = vec!["ACL", "SETUSER", login, "on", ">hunter2"];
        command.extend(rules);
        server.command(&command).await.unwrap();
        let check = redis(&format!("redis://{login}:hunter2@{}", server.addr()));

        for _ in 0..2 {
            let verdict = check.run().await;
            assert_eq!(
                (word(&verdict), verdict.status()),
                ("up", Status::Healthy),
                "{login}: {verdict:?}"
            );
            assert_eq!(
                verdict.details().find("role").is_some(),
                knows_role,
                "{login}: {verdict:?}"
            );
        }
        // Whoever is no longer known is put out.
        server.command(&["ACL", "DELUSER", login]).await.unwrap();
        assert_eq!(word(&says(&check, "auth", LIMIT).await), "auth");
    }
}

#[tokio::test]
async fn a_redis_that_puts_its_clients_out_or_lets_them_wait_comes_back_by_itself() {
    let server = Redis::start().await.unwrap();
    let check = redis(&server.url());
    assert_eq!(word(&check.run().await), "up");

    for _ in 0..3 {
        let kill = ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"];
        server.command(&kill).await.unwrap();
        tokio::time::timeout(LIMIT, check.changed()).await.unwrap();
        assert_eq!(word(&check.run().await), "up");
    }
    let short = RedisCheck::new(RedisUrl::parse(&server.url()).unwrap()).timeout(TIMEOUT);
    drop(says(&short, "up", LIMIT).await);
    server
        .command(&["CLIENT", "PAUSE", "10000", "ALL"])
        .await
        .unwrap();
    drop(says(&short, "frozen", LIMIT).await);
    drop(says(&short, "up", LIMIT).await);
    server
        .command(&["CLIENT", "PAUSE", "600000", "WRITE"])
        .await
        .unwrap();
    assert_eq!(word(&check.run().await), "up");
}
