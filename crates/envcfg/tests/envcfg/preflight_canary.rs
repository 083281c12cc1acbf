//! Secrets of services that really fail: no report, log, panic or `Debug` has them, nor a piece of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::{fmt::Debug, net::SocketAddr, time::Duration};

use groundcrew_envcfg::{
    Config, Report, Secret, Vars,
    preflight::{
        ApiCheck, Backoff, Check, EmailProvider, PaymentProvider, PostgresPing, Preflight, RedisPing,
        ServiceCheck, Startup, Verdict,
    },
};
use groundcrew_testkit::{Postgres, Redis};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{canary_words::leak, log::Log, report::outputs};

/// Secrets of these lengths; the longer one is cut where a message is too long.
const LENGTHS: [usize; 2] = [40, 150];

fn canary(length: usize) -> String {
    let mut random = fastrand::Rng::with_seed(length as u64);
    std::iter::repeat_with(|| random.alphanumeric())
        .take(length)
        .collect()
}

/// Everything that came out of one start.
#[derive(Default)]
struct Seen(Vec<String>);

impl Seen {
    fn debug(&mut self, value: &impl Debug) {
        self.0.push(format!("{value:?} {value:#?}"));
    }

    fn report(&mut self, report: &Report) {
        self.0.extend(outputs(report));
        self.debug(report);
        self.0.push(serde_json::to_string(report).unwrap());
    }

    fn assert_silent(&self, canary: &str) {
        for output in &self.0 {
            assert_eq!(leak(output, canary), None, "{output}");
        }
    }
}

/// Refuses every request and says in every place what the key was.
struct Parrot {
    addr: SocketAddr,
    _task: JoinSet<()>,
}

impl Parrot {
    async fn start(status: u16, words: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let answer = format!(
            "HTTP/1.1 {status} {words}\r\nlocation: https://parrot.example/?key={words}\r\n\
             x-amzn-errortype: {words}\r\nwww-authenticate: Bearer error=\"{words}\"\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{words}",
            words.len()
        );
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that is gone has its answer already.
                drop(refuse(stream, &answer).await);
            }
        });
        Self { addr, _task: task }
    }

    fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

async fn refuse(mut stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    stream.write_all(answer.as_bytes()).await
}

/// Fails, is asked again, and fails.
fn hasty(check: impl Check) -> ServiceCheck {
    ServiceCheck::new(check)
        .deadline(Duration::from_millis(1500))
        .retry(Backoff::new(Duration::from_millis(100), Duration::from_millis(100)).jitter(0.0))
}

async fn fails(check: impl Check + Debug, seen: &mut Seen) {
    seen.debug(&check);
    let preflight = Preflight::new().check("it", ServiceCheck::new(check).once());
    seen.debug(&preflight);
    let report = preflight.run().await.unwrap_err();
    assert_eq!(report.len(), 1);
    seen.report(&report);
}

#[tokio::test]
async fn a_refused_password_of_a_real_server_is_in_no_output() {
    let postgres = Postgres::start().await.unwrap();
    let redis = Redis::builder().password("correct-horse").start().await.unwrap();

    for length in LENGTHS {
        let canary = canary(length);
        let (log, _guard) = Log::of_this_thread();
        let mut seen = Seen::default();
        let url = format!("postgres://postgres:{canary}@{}/postgres", postgres.addr());
        fails(PostgresPing::new(&url), &mut seen).await;
        let url = format!("redis://:{canary}@{}", redis.addr());
        fails(RedisPing::new(&url), &mut seen).await;
        let url = format!("redis://someone:{canary}@{}", redis.addr());
        fails(RedisPing::new(&url), &mut seen).await;
        let bare = RedisPing::new(&format!("redis://{}", redis.addr()));
        fails(bare.password(&Secret::from(canary.as_str())), &mut seen).await;

        seen.0.push(log.text());
        seen.assert_silent(&canary);
    }
}

/// What stands in a password where it has no place, and makes another URL of it or none.
const MIDDLES: [&str; 13] = [
    "",
    "/",
    "?",
    "#",
    "@",
    ":",
    "%",
    "%zz",
    " ",
    "\\",
    "[",
    "&sslmode=",
    "?password=",
];

async fn fails_everywhere(password: &str, seen: &mut Seen) {
    let at = "127.0.0.1:1";
    fails(
        PostgresPing::new(&format!("postgres://app:{password}@{at}/shop")),
        seen,
    )
    .await;
    fails(RedisPing::new(&format!("redis://:{password}@{at}")), seen).await;
    fails(ApiCheck::endpoint(format!("http://app:{password}@{at}/")), seen).await;
}

#[tokio::test]
async fn a_url_that_is_broken_by_its_password_is_in_no_output() {
    for length in LENGTHS {
        let canary = canary(length);
        let (log, _guard) = Log::of_this_thread();
        let mut seen = Seen::default();
        let (head, tail) = canary.split_at(length / 2);
        for middle in MIDDLES {
            fails_everywhere(&format!("{head}{middle}{tail}"), &mut seen).await;
        }

        seen.0.push(log.text());
        seen.assert_silent(&canary);
    }
}

#[tokio::test]
async fn a_key_that_a_provider_repeats_is_in_no_output() {
    for length in LENGTHS {
        let canary = canary(length);
        let key = Secret::from(canary.as_str());
        let pair = Secret::from(format!("AKIDEXAMPLE:{canary}"));
        for status in [301, 401, 403, 503] {
            let parrot = Parrot::start(status, &canary).await;
            let (log, _guard) = Log::of_this_thread();
            let mut seen = Seen::default();
            let checks = [
                ApiCheck::supabase("", &key),
                ApiCheck::email(EmailProvider::SendGrid, &key),
                ApiCheck::email(EmailProvider::Postmark, &key),
                ApiCheck::email(EmailProvider::Ses, &pair),
                ApiCheck::payment(PaymentProvider::PayPal, &pair),
            ];
            for check in checks {
                fails(check.base_url(parrot.url()), &mut seen).await;
            }

            seen.0.push(log.text());
            seen.assert_silent(&canary);
        }
    }
}

#[derive(Debug, Config)]
struct Settings {
    #[config(nested)]
    database: Database,
    #[config(nested)]
    redis: Cache,
    #[config(nested)]
    email: Email,
}

#[derive(Debug, Config)]
struct Database {
    database_url: Secret,
}

#[derive(Debug, Config)]
struct Cache {
    redis_url: Secret,
}

#[derive(Debug, Config)]
struct Email {
    email_api_key: Secret,
}

/// Says in its own words and at length what it was given.
fn careless(secret: &Secret) -> ServiceCheck {
    let text = secret.expose().clone();
    hasty(move || {
        let long = "x".repeat(250);
        let reason = format!("cannot use {text} {text:?} {} {long} {text}", text.to_uppercase());
        async move { Verdict::unhealthy(reason) }
    })
}

fn panicking(secret: &Secret) -> ServiceCheck {
    let text = secret.expose().clone();
    hasty(move || {
        let text = text.clone();
        async move { panic!("cannot use {text:?}") }
    })
}

fn startup(parrot: &Parrot) -> Startup<Settings> {
    let url = parrot.url();
    Startup::new()
        .service("database", |database: &Database| {
            hasty(PostgresPing::new(database.database_url.expose())).field("database_url")
        })
        .service("redis", |redis: &Cache| {
            hasty(RedisPing::new(redis.redis_url.expose())).field("redis_url")
        })
        .service("email", move |email: &Email| {
            hasty(ApiCheck::email(EmailProvider::SendGrid, &email.email_api_key).base_url(&url))
                .field("email_api_key")
        })
        .service("words", |email: &Email| careless(&email.email_api_key))
        .service("warning", |email: &Email| {
            careless(&email.email_api_key).optional()
        })
        .service("url", |database: &Database| careless(&database.database_url))
        .service("panic", |email: &Email| panicking(&email.email_api_key))
        .service("panic-url", |redis: &Cache| panicking(&redis.redis_url))
}

#[tokio::test]
async fn what_fails_at_a_start_is_in_one_report_without_any_secret() {
    let postgres = Postgres::start().await.unwrap();
    let redis = Redis::builder().password("correct-horse").start().await.unwrap();

    for length in LENGTHS {
        let canary = canary(length);
        let parrot = Parrot::start(401, &canary).await;
        let (log, _guard) = Log::of_this_thread();
        let vars = Vars::from([
            (
                "DATABASE_URL",
                format!("postgres://postgres:{canary}@{}/postgres", postgres.addr()),
            ),
            ("REDIS_URL", format!("redis://:{canary}@{}", redis.addr())),
            ("EMAIL_API_KEY", canary.clone()),
        ]);
        let startup = startup(&parrot);
        let mut seen = Seen::default();
        seen.debug(&startup);

        let report = startup.run(&vars).await.unwrap_err();

        let failed: Vec<_> = report.iter().map(|problem| problem.code()).collect();
        let services = ["database", "redis", "email", "words", "url", "panic", "panic-url"];
        assert_eq!(failed, services.map(|service| format!("service.{service}")));
        assert_eq!(report.warnings().len(), 1);
        assert!(
            log.text().contains("a service does not answer as it should yet"),
            "{}",
            log.text()
        );
        seen.report(&report);
        seen.0.push(log.text());
        seen.assert_silent(&canary);
    }
}
