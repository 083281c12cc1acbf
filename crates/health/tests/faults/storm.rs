use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use axum::body::Body;
use groundcrew_connect::{postgres::PostgresUrl, redis::RedisUrl};
use groundcrew_health::{
    Health, ProbeListener, Registration, Status, Verdict,
    checks::{PostgresCheck, RedisCheck},
};
use groundcrew_testkit::{Proxy, eventually};
use http::{Request, StatusCode};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::*;

/// A service whose checks ask a real PostgreSQL and a real Redis, which count.
struct Counted {
    postgres: Postgres,
    redis: Redis,
    health: Health,
}

impl Counted {
    async fn start() -> Self {
        let postgres = Postgres::builder()
            .setting("log_statement", "all")
            .start()
            .await
            .unwrap();
        let redis = Redis::start().await.unwrap();
        // However busy the machine is, they are not taken for frozen.
        let database = PostgresCheck::new(PostgresUrl::parse(&postgres.url()).unwrap()).timeout(LIMIT);
        let cache = RedisCheck::new(RedisUrl::parse(&redis.url()).unwrap()).timeout(LIMIT);
        let health = Health::builder("1")
            .register(Registration::new("database", database).deadline(LIMIT * 2))
            .register(Registration::new("redis", cache).deadline(LIMIT * 2))
            .start()
            .unwrap();
        eventually(LIMIT, "healthy", async || {
            (health.report().status == Status::Healthy).then_some(())
        })
        .await;
        Self {
            postgres,
            redis,
            health,
        }
    }

    /// Asserts that each is asked once an interval at most while `storm` lasts.
    async fn bear<T>(&self, what: &str, storm: impl Future<Output = T>) -> T {
        let count = async || (questions(&self.postgres), pings(&self.redis).await);
        let (began, before) = (Instant::now(), count().await);

        let outcome = storm.await;

        let (after, took) = (count().await, began.elapsed());
        let asked = (after.0 - before.0, after.1 - before.1);
        // The shortest interval is 0.9 s; one run may fall on each end.
        let most = u64::try_from(took.as_millis()).unwrap() / 900 + 2;
        eprintln!(
            "{what} in {took:?}: {} questions to PostgreSQL, {} to Redis, bar {most}",
            asked.0, asked.1
        );
        assert!(asked.0 <= most && asked.1 <= most, "{asked:?} of {most}");
        outcome
    }
}

const PROBES: usize = 10_000;

const PATHS: [&str; 4] = [
    "/readyz",
    "/api/health",
    "/healthz/database",
    "/api/health?fresh=0",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_concurrent_probes_cause_one_run_a_check_and_interval_at_most() {
    let service = Counted::start().await;
    let router = service.health.router();
    let probes: JoinSet<_> = (0..PROBES)
        .map(|at| {
            let request = Request::get(PATHS[at % PATHS.len()]).body(Body::empty()).unwrap();
            router.clone().oneshot(request)
        })
        .collect();

    let answers = service.bear("10,000 probes", probes.join_all()).await;

    assert!(
        answers
            .into_iter()
            .all(|answer| answer.unwrap().status() == StatusCode::OK)
    );
}

/// Who has asked and waits for the answer.
struct Asker {
    address: SocketAddr,
    stream: TcpStream,
    path: &'static str,
    /// How often it was sent away before it had an answer.
    sent_away: usize,
}

impl Asker {
    fn ask(address: SocketAddr, path: &'static str) -> io::Result<Self> {
        Ok(Self {
            address,
            stream: Self::connect(address, path)?,
            path,
            sent_away: 0,
        })
    }

    fn connect(address: SocketAddr, path: &str) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(LIMIT * 12))?;
        // Who has been sent away meanwhile is told by the answer.
        drop(write!(stream, "GET {path} HTTP/1.1\r\nhost: probes\r\n\r\n"));
        Ok(stream)
    }

    /// The status of the answer. The socket stays open.
    fn answer(&mut self) -> u16 {
        loop {
            let mut head = [0; "HTTP/1.1 200".len()];
            match self.stream.read_exact(&mut head) {
                Ok(()) => return String::from_utf8_lossy(&head)[9..].parse().unwrap(),
                Err(error) => {
                    assert!(is_sent_away(error.kind()), "{error}");
                    self.sent_away += 1;
                    self.stream = Self::connect(self.address, self.path).unwrap();
                }
            }
        }
    }
}

/// What it is to be sent away: before the request has come, in the middle of it, or after it.
const fn is_sent_away(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

/// As many sockets at once as the process may have, up to so many.
fn sockets(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.maximum;
    setrlimit(Resource::Nofile, Rlimit { current, ..limit }).unwrap();
    let allowed = current.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
    wanted.min(allowed.saturating_sub(OTHER_FILES))
}

/// What the listener, the servers' clients and the tests beside this one open.
const OTHER_FILES: usize = 700;

/// What so many probes were answered, and how often one was sent away.
#[derive(Default)]
struct Answers {
    statuses: Vec<u16>,
    sent_away: usize,
}

/// Asks so often, with all of a wave open and waiting at once; every socket stays open until the last of its wave has the answer.
fn storm(address: SocketAddr, probes: usize, at_once: usize) -> Answers {
    let mut answers = Answers::default();
    while answers.statuses.len() < probes {
        let wave = at_once.min(probes - answers.statuses.len());
        let asked = Barrier::new(THREADS);
        let ask = |thread: usize| {
            let asking = (thread..wave).step_by(THREADS);
            let askers: io::Result<Vec<_>> = asking
                .map(|at| Asker::ask(address, PATHS[at % PATHS.len()]))
                .collect();
            // The others wait for this one, whether it has asked or not.
            asked.wait();
            let mut askers = askers.unwrap();
            let statuses: Vec<_> = askers.iter_mut().map(Asker::answer).collect();
            (askers, statuses)
        };
        let answered: Vec<_> = thread::scope(|scope| {
            let ask = &ask;
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| scope.spawn(move || ask(thread)))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (askers, statuses) in answered {
            answers.sent_away += askers.iter().map(|asker| asker.sent_away).sum::<usize>();
            answers.statuses.extend(statuses);
        }
    }
    answers
}

/// In a hundred: the kernel's queue is shorter than the storm, so a request may come long after its connection.
const SENT_AWAY: usize = 1;

const THREADS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_sockets_at_once_are_answered_and_ask_the_servers_no_more_than_none() {
    let service = Counted::start().await;
    let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), service.health.router()).unwrap();
    let (address, at_once) = (probes.address(), sockets(PROBES));
    eprintln!("{at_once} sockets are open at once");

    let storm = tokio::task::spawn_blocking(move || storm(address, PROBES, at_once));
    let answers = service.bear("10,000 probes over sockets", storm).await.unwrap();

    eprintln!("{} of them were sent away first", answers.sent_away);
    assert_eq!(answers.statuses, [200; PROBES]);
    assert!(
        answers.sent_away <= PROBES * SENT_AWAY / 100,
        "{}",
        answers.sent_away
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_probes_over_two_hundred_connections_are_all_answered() {
    let runs = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&runs);
    let check = Registration::new("database", move || {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Verdict::healthy())
    });
    let health = Health::builder("1")
        .register(check.interval(Duration::from_hours(1)))
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;
    let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), health.router()).unwrap();
    let address = probes.address();

    let askers: Vec<_> = (0..200)
        .map(|_| thread::spawn(move || (0..50).filter(|_| ask(address, "/readyz").0 == 200).count()))
        .collect();
    let answered = tokio::task::spawn_blocking(move || {
        askers
            .into_iter()
            .map(|asker| asker.join().unwrap())
            .sum::<usize>()
    });

    assert_eq!(answered.await.unwrap(), 10_000);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn one_failure_in_three_never_flips() {
    let (runs, flips) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (count, seen) = (Arc::clone(&runs), Arc::clone(&flips));
    let health = Health::builder("1")
        .register(
            Registration::new("flaky", move || {
                let fails = count.fetch_add(1, Ordering::SeqCst) % 3 == 2;
                std::future::ready(if fails {
                    Verdict::unhealthy("lost")
                } else {
                    Verdict::healthy()
                })
            })
            .interval(Duration::from_millis(20)),
        )
        .on_transition(move |transition| seen.lock().unwrap().push(transition.to))
        .start()
        .unwrap();

    eventually(LIMIT * 4, "a hundred runs", async || {
        (runs.load(Ordering::SeqCst) >= 100).then_some(())
    })
    .await;

    assert_eq!(*flips.lock().unwrap(), [Status::Healthy]);
    assert!(health.stats().checks[0].failures >= 33);
}

#[tokio::test]
async fn with_the_defaults_a_black_hole_is_seen_in_3_s_and_its_end_in_1500_ms() {
    let server = Postgres::start().await.unwrap();
    let proxy = Proxy::start(server.addr()).await.unwrap();
    let url = server
        .url()
        .replace(&server.addr().to_string(), &proxy.addr().to_string());
    let health = Health::builder("1")
        .check("database", PostgresCheck::new(PostgresUrl::parse(&url).unwrap()))
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;

    in_time("a black hole", 2, async || {
        let began = Instant::now();
        proxy.black_hole();
        eventually(LATE, "the outage", async || health.readiness().err()).await;
        let outage = began.elapsed();
        // The old connection is given up, and new ones are not answered either.
        let runs = || health.stats().checks[0].runs;
        let seen = runs();
        eventually(LATE, "more runs", async || (runs() > seen + 4).then_some(())).await;
        let began = Instant::now();
        proxy.restore();
        eventually(LATE, "the recovery", async || health.readiness().ok()).await;
        (outage, began.elapsed())
    })
    .await;
}
