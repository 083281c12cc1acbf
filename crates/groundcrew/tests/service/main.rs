//! What `Service` adds to its parts: its errors, what it waits for, and the order of its stop.
//!
//! A service takes over the log, the panic hook and the signals of its process, so each test runs in a process of
//! its own: a child of this binary that runs the same test.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod probes;

use std::{
    error::Error as StdError,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use groundcrew::{
    Service, ServiceConfig, ServiceError,
    axum::{Router, routing::get},
    base::{ShutdownReport, Verdict},
    cache::Cache,
    envcfg::{Config, Vars},
    health::{self, Registration, probe::probe},
    lifecycle::{self, Exit},
    logging,
};
use groundcrew_testkit::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Runtime,
    sync::Notify,
    task::{JoinSet, spawn_blocking},
};

/// How a child ended, and what it printed and logged.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
}

/// Runs `scenario` in a child, which ends with its exit; 101 means that an assertion failed there.
fn alone<F: Future<Output = Exit>>(test: &str, scenario: impl FnOnce() -> F) -> Ended {
    if std::env::var_os(CHILD).is_some() {
        let exit = Runtime::new().unwrap().block_on(scenario());
        #[expect(clippy::exit, reason = "the exit code is under test")]
        std::process::exit(exit.code().into());
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(out.contains("running 1 test"), "{test} is no test: {out}");
    Ended {
        code: output.status.code(),
        out,
    }
}

/// The kernel chooses the ports, and the log is for programs.
fn config() -> ServiceConfig {
    let mut config = ServiceConfig::default();
    config.bind_addr = Ipv4Addr::LOCALHOST.into();
    config.port = 0;
    config.health_addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    config.logging.format = logging::Format::Json;
    config
}

fn start(config: ServiceConfig) -> Result<Service, ServiceError> {
    Service::builder("shop", "1.4.0").config(config).start()
}

async fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let url = format!("http://{address}{path}");
    let asked = spawn_blocking(move || probe(&url, Duration::from_secs(5)));
    match asked.await.unwrap() {
        Ok(status) | Err(health::probe::ProbeError::Status { status }) => Some(status),
        Err(_) => None,
    }
}

fn taken() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn is_in_use(source: &io::Error) -> bool {
    source.kind() == io::ErrorKind::AddrInUse
}

#[test]
fn a_required_check_is_waited_for_and_then_watched() {
    let ended = alone("a_required_check_is_waited_for_and_then_watched", || async {
        let mut service = start(config()).unwrap();
        let lifecycle = service.lifecycle().clone();
        let up = Arc::new(AtomicBool::new(false));
        let answer = Arc::clone(&up);
        service.require("ledger", move || {
            let up = answer.load(Ordering::Relaxed);
            async move {
                match up {
                    true => Verdict::healthy(),
                    false => Verdict::unhealthy("no ledger yet"),
                }
            }
        });
        let bound = service.bind(Router::new()).await.unwrap();
        let (address, probes) = (bound.address(), bound.probe_address());
        let mut running = JoinSet::from_iter([bound.run()]);

        let before = (
            status(probes, "/livez").await,
            status(probes, "/readyz").await,
            status(probes, "/startupz").await,
        );
        up.store(true, Ordering::Relaxed);
        for (address, path) in [
            (probes, "/readyz"),
            (address, "/readyz"),
            (address, "/healthz/ledger"),
        ] {
            eventually(SOON, path, async || {
                (status(address, path).await == Some(200)).then_some(())
            })
            .await;
        }
        lifecycle.stop("the test is over");

        assert_eq!(before, (Some(200), Some(503), Some(503)));
        running.join_next().await.unwrap().unwrap()
    });

    assert_eq!(ended.code, Some(0), "{}", ended.out);
}

#[test]
fn a_required_check_that_stays_away_ends_the_start_with_69() {
    let ended = alone(
        "a_required_check_that_stays_away_ends_the_start_with_69",
        || async {
            let mut config = config();
            config.lifecycle.startup_timeout = Duration::from_millis(300);
            let mut service = start(config).unwrap();
            service.require("ledger", || async { Verdict::unhealthy("no ledger today") });

            service.bind(Router::new()).await.unwrap().run().await
        },
    );

    assert_eq!(ended.code, Some(69), "{}", ended.out);
    assert!(
        ended.out.contains("dependency ledger is not available after "),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("no ledger today"), "{}", ended.out);
}

#[test]
fn a_grace_period_that_is_too_short_and_a_service_manager_that_is_away_are_told_at_the_start() {
    let name = "a_grace_period_that_is_too_short_and_a_service_manager_that_is_away_are_told_at_the_start";
    let ended = alone(name, || async {
        let mut config = config();
        config.lifecycle.termination_grace_period = Some(Duration::from_secs(5));
        config.lifecycle.notify_socket = Some("/nonexistent/notify".to_owned());
        let service = start(config).unwrap();
        let lifecycle = service.lifecycle().clone();
        let bound = service.bind(Router::new()).await.unwrap();

        let mut running = JoinSet::from_iter([bound.run()]);
        let mut phases = lifecycle.phases();
        phases
            .wait_for(|phase| *phase == lifecycle::Phase::Ready)
            .await
            .unwrap();
        lifecycle.stop("the test is over");
        running.join_next().await.unwrap().unwrap()
    });

    assert_eq!(ended.code, Some(0), "{}", ended.out);
    let lines = |text: &str| ended.out.lines().filter(|line| line.contains(text)).count();
    assert_eq!(
        lines("a stop may take longer than the grace period"),
        1,
        "{}",
        ended.out
    );
    assert_eq!(
        lines("that NOTIFY_SOCKET names cannot be told"),
        1,
        "{}",
        ended.out
    );
}

#[test]
fn a_stop_before_the_service_is_ready_is_no_error() {
    let ended = alone("a_stop_before_the_service_is_ready_is_no_error", || async {
        let mut service = start(config()).unwrap();
        let lifecycle = service.lifecycle().clone();
        service.require("ledger", || async { Verdict::unhealthy("no ledger yet") });
        let bound = service.bind(Router::new()).await.unwrap();

        let (exit, ()) = tokio::join!(bound.run(), async { lifecycle.stop("the test has seen enough") });
        exit
    });

    assert_eq!(ended.code, Some(0), "{}", ended.out);
    assert!(
        ended.out.contains("told to stop before it was ready"),
        "{}",
        ended.out
    );
    assert!(!ended.out.contains(r#""level":"error""#), "{}", ended.out);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let ended = alone("a_port_that_is_taken_is_named", || async {
        let (_held, address) = taken();
        let mut config = config();
        config.port = address.port();

        let refused = start(config).unwrap().bind(Router::new()).await.unwrap_err();

        assert_eq!(refused.to_string(), format!("listening on {address}"));
        let ServiceError::Listen {
            address: named,
            source,
        } = &refused
        else {
            unreachable!("{refused:?}")
        };
        assert_eq!((*named, is_in_use(source)), (address, true));
        refused.exit()
    });

    assert_eq!(ended.code, Some(78), "{}", ended.out);
}

#[test]
fn two_checks_of_one_name_are_refused() {
    let ended = alone("two_checks_of_one_name_are_refused", || async {
        let mut service = start(config()).unwrap();
        service.require("ledger", || async { Verdict::healthy() });
        service.check(Registration::new("ledger", || async { Verdict::healthy() }).optional());

        let refused = service.bind(Router::new()).await.unwrap_err();

        assert_eq!(
            refused.source().unwrap().to_string(),
            "check name ledger is taken"
        );
        assert!(
            matches!(&refused, ServiceError::Health(health::Error::DuplicateName { name }) if name == "ledger"),
            "{refused:?}"
        );
        refused.exit()
    });

    assert_eq!(ended.code, Some(78), "{}", ended.out);
}

#[test]
fn a_check_whose_name_is_no_name_is_refused() {
    let ended = alone("a_check_whose_name_is_no_name_is_refused", || async {
        let mut service = start(config()).unwrap();
        service.require("the ledger", || async { Verdict::healthy() });

        let refused = service.bind(Router::new()).await.unwrap_err();

        assert!(
            matches!(&refused, ServiceError::Health(health::Error::InvalidName { name }) if name == "the ledger"),
            "{refused:?}"
        );
        refused.exit()
    });

    assert_eq!(ended.code, Some(78), "{}", ended.out);
}

#[test]
fn a_process_has_one_service() {
    let ended = alone("a_process_has_one_service", || async {
        let _first = start(config()).unwrap();

        let refused = start(config()).unwrap_err();

        assert_eq!(refused.to_string(), "starting the log");
        assert!(
            matches!(&refused, ServiceError::Logging(logging::Error::AlreadyInstalled)),
            "{refused:?}"
        );
        refused.exit()
    });

    assert_eq!(ended.code, Some(78), "{}", ended.out);
}

#[test]
fn a_limit_that_does_not_fit_is_refused_before_anything_is_taken_over() {
    let name = "a_limit_that_does_not_fit_is_refused_before_anything_is_taken_over";
    let ended = alone(name, || async {
        let mut wrong = config();
        wrong.lifecycle.stop_timeout = Duration::ZERO;

        let refused = start(wrong).unwrap_err();

        assert!(
            matches!(
                &refused,
                ServiceError::Lifecycle(lifecycle::Error::ZeroTimeout { name: "stop_timeout" })
            ),
            "{refused:?}"
        );
        let service = start(config()).unwrap();
        service.lifecycle().stop("the test is over");
        service.bind(Router::new()).await.unwrap().run().await
    });

    assert_eq!(ended.code, Some(0), "{}", ended.out);
}

#[test]
fn two_parts_that_want_the_same_metric_are_refused() {
    let ended = alone("two_parts_that_want_the_same_metric_are_refused", || async {
        let mut service = start(config()).unwrap();
        let cache = Cache::builder().build().await.unwrap();
        service.cache(&cache, None).unwrap();

        let refused = service.cache(&cache, None).unwrap_err();

        assert_eq!(refused.to_string(), "registering metrics");
        assert!(matches!(&refused, ServiceError::Metrics(_)), "{refused:?}");
        refused.exit()
    });

    assert_eq!(ended.code, Some(78), "{}", ended.out);
}

#[test]
fn requests_end_first_then_the_parts_in_reverse_then_the_probes_and_the_log() {
    let name = "requests_end_first_then_the_parts_in_reverse_then_the_probes_and_the_log";
    let ended = alone(name, || async {
        let service = start(config()).unwrap();
        let lifecycle = service.lifecycle().clone();
        let order = Arc::new(Mutex::new(Vec::new()));
        let entered = Arc::new(Notify::new());
        let slow = {
            let (lifecycle, order, entered) = (lifecycle.clone(), Arc::clone(&order), Arc::clone(&entered));
            move || async move {
                entered.notify_one();
                lifecycle.stopping().await;
                order.lock().unwrap().push("request");
                "done"
            }
        };
        let bound = service
            .bind(Router::new().route("/slow", get(slow)))
            .await
            .unwrap();
        let (address, probes) = (bound.address(), bound.probe_address());
        for part in ["first", "second"] {
            let order = Arc::clone(&order);
            lifecycle.on_stop(part, async move |_| {
                let (alive, refused) = (
                    status(probes, "/livez").await,
                    TcpStream::connect(address).is_err(),
                );
                assert_eq!((alive, refused), (Some(200), true));
                order.lock().unwrap().push(part);
                tracing::info!("closed the {part} part");
                ShutdownReport::clean(Duration::ZERO)
            });
        }
        let mut running = JoinSet::from_iter([bound.run()]);
        let mut asking = JoinSet::from_iter([ask(address)]);
        entered.notified().await;

        lifecycle.stop("the test is over");

        let exit = running.join_next().await.unwrap().unwrap();
        let answer = asking.join_next().await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_eq!(*order.lock().unwrap(), ["request", "second", "first"]);
        assert_eq!(status(probes, "/livez").await, None);
        exit
    });

    assert_eq!(ended.code, Some(0), "{}", ended.out);
    for line in ["closed the second part", "closed the first part"] {
        assert!(ended.out.contains(line), "{}", ended.out);
    }
}

async fn ask(address: SocketAddr) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = "GET /slow HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// What the log's panic hook tells lifecycle, wherever it happens.
#[test]
fn every_panic_of_the_process_is_counted() {
    let ended = alone("every_panic_of_the_process_is_counted", || async {
        let service = start(config()).unwrap();
        let (lifecycle, registry) = (service.lifecycle().clone(), service.registry().clone());
        let counted = || {
            let text = registry.encode();
            ["panics", "handler_panics", "task_panics"].map(|which| {
                let sample = format!("lifecycle_{which}_total ");
                let mut values = text.lines().filter_map(|line| line.strip_prefix(&sample));
                values.next().unwrap().parse::<u32>().unwrap()
            })
        };
        let bound = service
            .bind(Router::new().route("/slow", get(gives_up)))
            .await
            .unwrap();
        let address = bound.address();
        let mut running = JoinSet::from_iter([bound.run()]);
        assert_eq!(counted(), [0, 0, 0]);

        assert!(std::thread::spawn(|| panic!("on purpose")).join().is_err());
        assert_eq!(counted(), [1, 0, 0]);
        let answer = ask(address).await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert_eq!(counted(), [2, 1, 0]);
        lifecycle.spawn("worker", gives_up());
        let exit = running.join_next().await.unwrap().unwrap();

        assert_eq!(counted(), [3, 1, 1]);
        exit
    });

    assert_eq!(ended.code, Some(70), "{}", ended.out);
}

async fn gives_up() {
    assert!(SOON.is_zero(), "on purpose");
}

#[test]
fn two_listeners_on_one_address_are_a_problem_of_the_configuration() {
    let cases = [
        ("0.0.0.0", "127.0.0.1:9090", true),
        ("127.0.0.1", "127.0.0.1:9090", true),
        ("127.0.0.1", "0.0.0.0:9090", true),
        ("::", "127.0.0.1:9090", true),
        ("127.0.0.1", "127.0.0.2:9090", false),
        ("0.0.0.0", "[::1]:9090", false),
        ("0.0.0.0", "127.0.0.1:9091", false),
    ];

    for (bind, health, clash) in cases {
        let vars = Vars::from([("PORT", "9090"), ("BIND_ADDR", bind), ("HEALTH_ADDR", health)]);
        let read = ServiceConfig::from_source(&vars);
        let problems = read.err().map(|report| report.to_string());
        let address = SocketAddr::from((bind.parse::<std::net::IpAddr>().unwrap(), 9090));
        let said = format!(
            "configuration is invalid: 1 problem\n  HEALTH_ADDR: is taken by the service's own address, {address}"
        );
        assert_eq!(problems, clash.then_some(said), "{bind} {health}");
    }
    let chosen = Vars::from([("PORT", "0"), ("HEALTH_ADDR", "0.0.0.0:0")]);
    assert_eq!(ServiceConfig::from_source(&chosen).unwrap().port, 0);
}

const CHILD: &str = "SERVICE_TEST_CHILD";
const SOON: Duration = Duration::from_secs(20);
