//! How soon the check of PostgreSQL says what is the matter, and whether it is right, on a real server.

use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, Pool, tokio_postgres::NoTls};
use groundcrew_connect::postgres::PostgresUrl;
use groundcrew_health::{Check as _, Detail, Verdict, checks::PostgresCheck};
use groundcrew_testkit::Postgres;
use harness::{Bar, Kind, Row, tail};
use tokio::{runtime::Runtime, task::JoinSet};

/// The 99th percentile of each verdict, how many of the four are right, and what they take from the pool.
pub(crate) fn rows() -> Vec<Row> {
    let bench = Bench::start();
    let up = bench.verdict("up", 100);
    let held: Vec<_> = (0..POOL_SIZE)
        .map(|_| bench.runtime.block_on(bench.pool.get()).expect("there is room"))
        .collect();
    let before = bench.sessions();
    let exhausted = bench.verdict("pool_exhausted", 100);
    let used = before
        .iter()
        .zip(bench.sessions())
        .filter(|(old, new)| *old != new)
        .count();
    drop(held);
    bench.server.pause().expect("it runs");
    let frozen = bench.verdict("frozen", 3);
    bench.server.resume().expect("it is paused");
    bench.runtime.block_on(bench.server.kill()).expect("it runs");
    let down = bench.verdict("down", 100);
    let right = [&up, &exhausted, &frozen, &down]
        .iter()
        .filter(|said| said.right)
        .count();
    let latency = |name, said: &Said, bar| {
        let milliseconds = said.tail.as_secs_f64() * 1e3;
        Row::absolute(
            name,
            Kind::Latency,
            "ms",
            milliseconds.max(0.01),
            Bar::AtMost(bar),
        )
    };
    let count = |name, value: usize, bar| {
        let value = u32::try_from(value).unwrap_or(u32::MAX);
        Row::absolute(name, Kind::Count, "count", f64::from(value), bar)
    };
    vec![
        latency("verdict.up_p99", &up, 5.0),
        latency("verdict.exhausted_p99", &exhausted, 5.0),
        latency("verdict.down_p99", &down, 50.0),
        latency(
            "verdict.frozen_p99",
            &frozen,
            (TIMEOUT + MARGIN).as_secs_f64() * 1e3,
        ),
        count("verdict.right_of_4", right, Bar::AtLeast(4.0)),
        count("verdict.pool_connections_used", used, Bar::AtMost(0.0)),
    ]
}

struct Bench {
    runtime: Runtime,
    server: Postgres,
    pool: Pool,
    check: PostgresCheck,
}

struct Said {
    /// Whether every answer was the right one.
    right: bool,
    tail: Duration,
}

impl Bench {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime can be made");
        let server = runtime
            .block_on(Postgres::start())
            .expect("PostgreSQL is installed");
        let mut config: deadpool_postgres::tokio_postgres::Config = server.url().parse().expect("a URL");
        config.application_name("pool");
        let pool = Pool::builder(Manager::new(config, NoTls))
            .max_size(POOL_SIZE)
            .build();
        let pool = pool.expect("no timeout needs a runtime");
        let usage = pool.clone();
        let check = PostgresCheck::new(PostgresUrl::parse(&server.url()).expect("a URL"))
            .timeout(TIMEOUT)
            .pool(move || {
                let status = usage.status();
                (status.size - status.available, status.max_size)
            });
        Self {
            runtime,
            server,
            pool,
            check,
        }
    }

    /// What is asked in a state that it has had a moment to notice.
    fn verdict(&self, expected: &str, samples: usize) -> Said {
        drop(self.ask());
        let mut right = true;
        let tail = tail(
            0.99,
            ROUNDS,
            samples,
            || {
                let began = Instant::now();
                let verdict = self.ask();
                let took = began.elapsed();
                right &= verdict.details().find("verdict") == Some(&Detail::from(expected.to_owned()));
                took
            },
            || {
                let began = Instant::now();
                self.runtime.block_on(tokio::task::yield_now());
                began.elapsed()
            },
        );
        Said { right, tail }
    }

    fn ask(&self) -> Verdict {
        self.runtime.block_on(self.check.run())
    }

    /// When each session of the pool last did something.
    fn sessions(&self) -> Vec<String> {
        let url = PostgresUrl::parse(&self.server.url()).expect("a URL");
        let sql = "SELECT pid || ' ' || state_change FROM pg_stat_activity WHERE application_name = 'pool' ORDER BY pid";
        let rows = self.runtime.block_on(async {
            let (client, connection) = url.connect(Duration::from_secs(5)).await.expect("it is up");
            let _driver = JoinSet::from_iter([async move { drop(connection.await) }]);
            client.query(sql, &[]).await.expect("the query is right")
        });
        rows.iter().map(|row| row.get(0)).collect()
    }
}

const POOL_SIZE: usize = 4;

/// The default.
const TIMEOUT: Duration = Duration::from_millis(500);

const MARGIN: Duration = Duration::from_millis(50);

const ROUNDS: usize = 5;
