use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use groundcrew_envcfg::{
    Config, ProblemKind, Report, Secret, Vars, Warning,
    preflight::{Backoff, Check, Preflight, ServiceCheck, Startup, Verdict},
};
use tokio::time::{Instant, sleep};

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// One attempt a second.
fn each_second() -> Backoff {
    Backoff::new(seconds(1), seconds(1)).jitter(0.0)
}

fn failing(after: Duration, reason: &'static str) -> ServiceCheck {
    let check = move || async move {
        sleep(after).await;
        Verdict::unhealthy(reason)
    };
    ServiceCheck::new(check).once()
}

fn hanging() -> impl Check {
    || std::future::pending::<Verdict>()
}

#[tokio::test(start_paused = true)]
async fn every_failure_stands_in_one_report_in_the_order_of_the_checks() {
    let preflight = Preflight::new()
        .check("database", failing(seconds(3), "down").variable("DATABASE_URL"))
        .check("licence", || async { Verdict::healthy() })
        .check("redis", failing(seconds(1), "no route to redis://:hunter2@cache"))
        .check("search", failing(seconds(2), "503"));

    let report = preflight.run().await.unwrap_err();

    assert_eq!(
        report.to_string(),
        "services are not usable: 3 problems\n  \
         DATABASE_URL: service database: down (1 attempt in 3.0s)\n  \
         service redis: no route to redis://:***@cache (1 attempt in 1.0s)\n  \
         service search: 503 (1 attempt in 2.0s)"
    );
    let codes: Vec<_> = report
        .iter()
        .map(|problem| (problem.kind(), problem.code()))
        .collect();
    assert_eq!(codes[0], (ProblemKind::Service, String::from("service.database")));
    assert_eq!(report.exit_code(), 69);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        json["problems"][0]["tried"],
        serde_json::json!({"attempts": 1, "elapsed_ms": 3000})
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_starts_late_is_asked_again() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let check = move || {
        let n = counted.fetch_add(1, Ordering::Relaxed);
        async move {
            if n < 2 {
                Verdict::unknown("starting")
            } else {
                Verdict::healthy()
            }
        }
    };

    let warnings = Preflight::new().check("late", check).run().await.unwrap();

    assert_eq!(warnings, []);
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn attempts_end_when_the_next_would_be_too_late() {
    let down = || async { Verdict::unhealthy("down") };
    let check = ServiceCheck::new(down).retry(each_second()).deadline(seconds(5));

    let report = Preflight::new().check("database", check).run().await.unwrap_err();

    let tried = report.problems()[0].tried().unwrap();
    assert_eq!((tried.attempts, tried.elapsed), (5, seconds(4)));
}

#[tokio::test(start_paused = true)]
async fn what_repetition_cannot_heal_is_asked_once() {
    let refused = || async { Verdict::unhealthy("wrong password").detail("permanent", true) };

    let report = Preflight::new()
        .check("database", refused)
        .run()
        .await
        .unwrap_err();

    assert_eq!(report.problems()[0].tried().unwrap().attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_hangs_leaves_time_for_others() {
    let check = ServiceCheck::new(hanging()).retry(each_second());

    let report = Preflight::new().check("database", check).run().await.unwrap_err();

    assert_eq!(
        report.problems()[0].to_string(),
        "service database: no answer within 3s (3 attempts in 10.0s)"
    );
}

#[tokio::test(start_paused = true)]
async fn the_longest_deadline_bounds_the_whole() {
    let began = Instant::now();
    let hang = |limit| ServiceCheck::new(hanging()).deadline(seconds(limit));
    let preflight = Preflight::new()
        .check("a", hang(1))
        .check("b", hang(7))
        .check("c", hang(2));

    let report = preflight.run().await.unwrap_err();

    assert_eq!(began.elapsed(), seconds(7));
    let elapsed: Vec<_> = report
        .iter()
        .map(|problem| problem.tried().unwrap().elapsed)
        .collect();
    assert_eq!(elapsed, [1, 7, 2].map(seconds));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_check_that_blocks_its_thread_does_not_hide_the_others() {
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Arc::new(Mutex::new(blocked));
    let blocking = move || {
        let blocked = Arc::clone(&blocked);
        async move {
            let _released = blocked.lock().unwrap().recv();
            Verdict::healthy()
        }
    };
    let preflight = Preflight::new()
        .check(
            "blocking",
            ServiceCheck::new(blocking).deadline(Duration::from_millis(300)),
        )
        .check("search", failing(Duration::ZERO, "503"));

    let report = preflight.run().await.unwrap_err();
    drop(release);

    let messages: Vec<_> = report.iter().map(|problem| problem.message()).collect();
    assert_eq!(
        messages,
        ["service blocking: no answer within 300ms", "service search: 503"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_of_its_check_alone() {
    let panicking = || async { panic!("password=hunter2") };
    let preflight = Preflight::new()
        .check("broken", ServiceCheck::new(panicking).once())
        .check("search", failing(Duration::ZERO, "503"));

    let report = preflight.run().await.unwrap_err();

    let messages: Vec<_> = report.iter().map(|problem| problem.message()).collect();
    assert_eq!(
        messages,
        [
            "service broken: the check panicked: password=***",
            "service search: 503"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_optional_or_degraded_passes_with_a_warning() {
    let preflight = Preflight::new()
        .check("maps", failing(seconds(1), "503").optional())
        .check("database", || async { Verdict::degraded("no connection left") });

    let warnings = preflight.run().await.unwrap();

    let service = |service: &str, message: &str| Warning::Service {
        service: service.to_owned(),
        message: message.to_owned(),
    };
    assert_eq!(
        warnings,
        [
            service("maps", "503 (1 attempt in 1.0s)"),
            service("database", "no connection left")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn words_of_a_service_stay_on_one_line_of_bounded_length() {
    let long: &'static str = String::leak(format!("a\nb\u{1b}[31m{}", "x".repeat(400)));

    let report = Preflight::new()
        .check("odd", failing(Duration::ZERO, long))
        .run()
        .await
        .unwrap_err();

    let expected = format!("service odd: a b [31m{}...", "x".repeat(292));
    assert_eq!(report.problems()[0].message(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_preflight_that_is_given_up_leaves_no_check_behind() {
    struct Running(Arc<AtomicBool>);
    impl Drop for Running {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&dropped);
    let check = move || {
        let running = Running(Arc::clone(&seen));
        async move {
            std::future::pending::<()>().await;
            drop(running);
            Verdict::healthy()
        }
    };

    let run = Preflight::new().check("database", check).run();
    assert!(tokio::time::timeout(seconds(1), run).await.is_err());
    // Aborted tasks are dropped when the runtime comes to them.
    tokio::task::yield_now().await;

    assert!(dropped.load(Ordering::Relaxed));
}

#[derive(Debug, Config)]
struct Settings {
    port: u16,
    #[config(nested)]
    database: Database,
    email_api_key: Option<Secret>,
}

#[derive(Debug, Config)]
struct Database {
    #[config(scheme("postgres"))]
    database_url: Secret,
}

/// Says what it was told, as a careless driver would.
fn quoting(text: &Secret) -> ServiceCheck {
    let text = text.expose().clone();
    let check = move || {
        let reason = format!("cannot use \"{text}\" or hunter2");
        async move { Verdict::unhealthy(reason) }
    };
    ServiceCheck::new(check).once()
}

fn startup() -> Startup<Settings> {
    Startup::new()
        .service("database", |part: &Database| {
            quoting(&part.database_url).variable("DATABASE_URL")
        })
        .service_if("email", |settings: &Settings| {
            settings.email_api_key.as_ref().map(|key| quoting(key).optional())
        })
}

const DATABASE_URL: &str = "postgres://app:hunter2@db/shop";

#[tokio::test(start_paused = true)]
async fn a_service_is_asked_although_another_variable_is_wrong() {
    let vars = Vars::from([("PORT", "80x"), ("DATABASE_URL", DATABASE_URL)]);

    let report = startup().run(&vars).await.unwrap_err();

    assert_eq!(
        report.to_string(),
        "configuration is invalid: 2 problems\n  \
         PORT = \"80x\": expected a whole number from 0 to 65535 (from given)\n  \
         DATABASE_URL: service database: cannot use \"postgres://app:***@db/shop\" or <secret> (1 attempt in 0ms) (from given)\n  \
         warning: service email was not checked, because its configuration is not valid"
    );
    assert_eq!(report.exit_code(), 78);
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_configuration_is_wrong_is_named_as_not_checked() {
    let vars = Vars::from([("PORT", "80")]);

    let report = startup().run(&vars).await.unwrap_err();

    let codes: Vec<_> = report.iter().map(|problem| problem.code()).collect();
    assert_eq!(codes, ["missing"]);
    let not_checked = |service: &str| Warning::NotChecked {
        service: service.to_owned(),
    };
    assert_eq!(report.warnings(), [not_checked("database"), not_checked("email")]);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_stands_outside_the_whole_is_reported_too() {
    let vars = Vars::from([("PORT", "80")]);
    let startup = Startup::<Port>::new().service("database", |part: &Database| quoting(&part.database_url));

    let report = startup.run(&vars).await.unwrap_err();

    assert_eq!(report.problems()[0].variable(), Some("DATABASE_URL"));
    assert_eq!(report.len(), 1);
}

#[derive(Debug, Config)]
struct Port {
    port: u16,
}

#[derive(Debug, Config)]
struct Prefixed {
    #[config(profile, default = "development")]
    profile: groundcrew_envcfg::Profile,
    #[config(nested, prefix = "SHOP_")]
    shop: Shop,
    #[config(nested, prefix = "MAIL_")]
    mail: Option<Relay>,
}

#[derive(Debug, Config)]
struct Shop {
    url: String,
    #[config(default = "slow", default(production = "fast"))]
    speed: String,
}

#[derive(Debug, Config)]
struct Relay {
    relay: String,
}

async fn prefixed(vars: Vars) -> Report {
    let says = |text: String| {
        ServiceCheck::new(move || {
            let text = text.clone();
            async move { Verdict::unhealthy(text) }
        })
        .once()
    };
    let startup = Startup::<Prefixed>::new()
        .service("shop", move |shop: &Shop| {
            says(format!("{} {}", shop.url, shop.speed))
        })
        .service("mail", move |mail: &Relay| says(mail.relay.clone()));
    startup.run(&vars).await.expect_err("no service is well")
}

#[tokio::test(start_paused = true)]
async fn a_nested_part_is_read_with_its_prefix_and_the_profile_of_the_whole() {
    let vars = Vars::from([
        ("SHOP_URL", "shop.example"),
        ("MAIL_RELAY", "relay.example"),
        ("PROFILE", "production"),
    ]);

    let report = prefixed(vars).await;

    let messages: Vec<_> = report.iter().map(groundcrew_envcfg::Problem::message).collect();
    assert_eq!(
        messages,
        ["service shop: shop.example fast", "service mail: relay.example",]
    );
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_wrong_is_reported_once_and_an_absent_group_is_not_asked() {
    let report = prefixed(Vars::new()).await;

    let variables: Vec<_> = report.iter().map(groundcrew_envcfg::Problem::variable).collect();
    assert_eq!(variables, [Some("SHOP_URL")]);
    assert_eq!(
        report.warnings(),
        [Warning::NotChecked {
            service: "shop".to_owned()
        }]
    );
}

#[tokio::test(start_paused = true)]
async fn warnings_of_services_stand_with_those_of_the_load() {
    let vars = Vars::from([("PORT", "80"), ("EMAIL_API_KEY", "SG.canary")]);
    let startup = Startup::<Port>::new().service_if("email", |email: &Email| {
        email.email_api_key.as_ref().map(|key| quoting(key).optional())
    });

    let loaded = startup.run(&vars).await.unwrap();

    assert_eq!(loaded.config().port, 80);
    assert_eq!(loaded.warnings().len(), 1);
    assert_eq!(
        loaded.warnings()[0].to_string(),
        "service email: cannot use \"<secret>\" or hunter2 (1 attempt in 0ms)"
    );
}

#[derive(Debug, Config)]
struct Email {
    email_api_key: Option<Secret>,
}

#[tokio::test(start_paused = true)]
async fn reports_are_joined_in_their_order() {
    let settings = Port::from_source(&Vars::new()).unwrap_err();
    let services = Preflight::new()
        .check("redis", failing(Duration::ZERO, "down"))
        .run()
        .await
        .unwrap_err();

    let report = settings.and(services);

    let codes: Vec<_> = report.iter().map(|problem| problem.code()).collect();
    assert_eq!(codes, ["missing", "service.redis"]);
}
