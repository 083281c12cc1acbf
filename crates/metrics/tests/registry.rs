//! Registration, families, collectors, and interop with `prometheus_client`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use groundcrew_metrics::{
    Collector, Counter, CounterF64, Descriptor, Family, Histogram, LabelVisitor, Labels, ProcessCollector,
    RegisterError, Registry, Samples, prometheus_client,
};

struct Request<'a> {
    route: &'a str,
    status: u16,
}

impl Labels for Request<'_> {
    type With<'a> = Request<'a>;
    const NAMES: &'static [&'static str] = &["route", "status"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.route);
        visitor.value(&self.status);
    }
}

#[test]
fn mistakes_are_found_at_registration() {
    let registry = Registry::new();
    let app = registry.with_prefix("app").with_prefix("http");
    app.counter("requests_total", "Requests").unwrap();

    let duplicate = registry.gauge("app_http_requests_total", "Requests").unwrap_err();
    assert!(matches!(duplicate, RegisterError::ReservedName { .. }));
    assert_eq!(
        registry.counter("app_http_requests_total", "Again").unwrap_err(),
        RegisterError::Duplicate {
            name: "app_http_requests_total".into()
        }
    );
    // OpenMetrics calls the counter above by this name.
    assert_eq!(
        app.gauge("requests", "Requests").unwrap_err(),
        RegisterError::Duplicate {
            name: "app_http_requests".into()
        }
    );
    assert_eq!(
        registry
            .with_prefix("bad prefix")
            .gauge("x", "X")
            .unwrap_err()
            .to_string(),
        "metric name \"bad prefix_x\" is not valid: letters, digits and underscores, no digit first"
    );
    assert_eq!(
        app.histogram("size_bytes", "Size", &[2.0, 1.0]).unwrap_err(),
        RegisterError::UnsortedBuckets {
            name: "app_http_size_bytes".into(),
            bound: 1.0
        }
    );
    assert_eq!(
        app.histogram_family::<Request<'_>>("size_bytes", "Size", &[])
            .unwrap_err(),
        RegisterError::EmptyBuckets {
            name: "app_http_size_bytes".into()
        }
    );
    assert!(!registry.encode().contains("size_bytes"));
}

#[test]
fn labels_that_a_histogram_needs_are_refused() {
    struct Le;
    impl Labels for Le {
        type With<'a> = Self;
        const NAMES: &'static [&'static str] = &["le"];
        fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
            visitor.value("1");
        }
    }

    let error = Registry::new()
        .histogram_family::<Le>("age_seconds", "Age", &[1.0])
        .unwrap_err();

    assert_eq!(
        error,
        RegisterError::InvalidLabel {
            name: "age_seconds".into(),
            label: "le".into()
        }
    );
}

struct Recorders {
    requests: Family<Request<'static>, Counter>,
    revenue: CounterF64,
    ages: Family<Request<'static>, Histogram>,
}

impl Recorders {
    fn register(registry: &Registry) -> Result<Self, RegisterError> {
        Ok(Self {
            requests: registry.counter_family("requests_total", "Requests")?,
            revenue: registry.counter_f64("revenue_total", "Revenue")?,
            ages: registry.histogram_family("age_seconds", "Age", &[1.0, 2.0])?,
        })
    }

    fn work(&self, worker: u16) {
        let own = self.requests.handle(&Request {
            route: "own",
            status: worker,
        });
        for round in 0..ROUNDS {
            let route = format!("/{}", round % 50);
            self.requests.inc(&Request {
                route: &route,
                status: 200,
            });
            own.inc();
            self.revenue.inc_by(0.5);
            self.ages.observe(
                &Request {
                    route: "x",
                    status: 1,
                },
                (round % 3) as f64,
            );
        }
    }
}

fn scrape_until(done: &AtomicBool, registry: &Registry) {
    let mut last = 0;
    while !done.load(Ordering::Relaxed) {
        let text = registry.encode();
        let series = "requests_total{route=\"/0\",status=\"200\"} ";
        let line = text.lines().find_map(|line| line.strip_prefix(series));
        let now: u64 = line.map_or(0, |value| value.parse().expect("a whole number"));
        assert!(now >= last, "a counter went down from {last} to {now}");
        last = now;
    }
}

const THREADS: u16 = 8;
const ROUNDS: u64 = 5_000;

#[test]
fn totals_are_exact_under_eight_threads_and_a_scrape() {
    let registry = Registry::new();
    let recorders = Recorders::register(&registry).unwrap();
    let done = AtomicBool::new(false);

    thread::scope(|scope| {
        scope.spawn(|| scrape_until(&done, &registry));
        thread::scope(|scope| {
            for worker in 0..THREADS {
                let recorders = &recorders;
                scope.spawn(move || recorders.work(worker));
            }
        });
        done.store(true, Ordering::Relaxed);
    });

    let total = u64::from(THREADS) * ROUNDS;
    let count = |route: &str, status| recorders.requests.handle(&Request { route, status }).value();
    for route in 0..50 {
        assert_eq!(count(&format!("/{route}"), 200), total / 50);
    }
    for worker in 0..THREADS {
        assert_eq!(count("own", worker), ROUNDS);
    }
    assert_eq!(recorders.requests.len(), 58);
    assert_eq!(recorders.revenue.value(), total as f64 * 0.5);
    let ages = recorders.ages.handle(&Request {
        route: "x",
        status: 1,
    });
    // 5,000 rounds are 1,667 times 0, 1,667 times 1 and 1,666 times 2.
    let sum = f64::from(THREADS) * (1_667.0 + 2.0 * 1_666.0);
    assert_eq!((ages.count(), ages.sum()), (total, sum));
}

#[test]
fn a_known_series_is_found_without_an_allocation() {
    let registry = Registry::new();
    let recorders = Recorders::register(&registry).unwrap();
    let record = || {
        recorders.requests.inc(&Request {
            route: "/players/{id}",
            status: 200,
        });
        recorders.ages.observe(
            &Request {
                route: "/players/{id}",
                status: 404,
            },
            0.5,
        );
    };
    record();

    let counted = allocation_counter::measure(|| (0..100).for_each(|_| record()));

    assert_eq!(counted.count_total, 0);
}

#[test]
fn a_scrape_that_hangs_in_a_collector_holds_up_nobody() {
    struct Stuck(mpsc::SyncSender<()>, std::sync::Mutex<mpsc::Receiver<()>>);
    impl Collector for Stuck {
        fn describe(&self) -> Vec<Descriptor> {
            vec![Descriptor::gauge("stuck", "Stuck")]
        }
        fn collect(&self, samples: &mut Samples<'_>) {
            self.0.send(()).unwrap();
            self.1.lock().unwrap().recv().unwrap();
            samples.gauge("stuck", &[], 1_u64);
        }
    }
    let registry = Registry::new();
    let requests = registry
        .counter_family::<Request<'_>>("requests_total", "Requests")
        .unwrap();
    requests.inc(&Request {
        route: "/old",
        status: 200,
    });
    let (entered, is_in) = mpsc::sync_channel(1);
    let (release, released) = mpsc::sync_channel(1);
    registry.collector(Stuck(entered, released.into())).unwrap();

    let text = thread::scope(|scope| {
        let scrape = scope.spawn(|| registry.encode());
        is_in.recv().unwrap();
        requests.inc(&Request {
            route: "/new",
            status: 200,
        });
        requests.inc(&Request {
            route: "/old",
            status: 200,
        });
        registry.gauge("late", "Registered during a scrape").unwrap();
        release.send(()).unwrap();
        scrape.join().unwrap()
    });

    assert!(text.contains("\nstuck 1\n"));
    assert_eq!(
        requests
            .handle(&Request {
                route: "/old",
                status: 200
            })
            .value(),
        2
    );
}

struct Flaky {
    panics: Arc<AtomicBool>,
}

impl Collector for Flaky {
    fn describe(&self) -> Vec<Descriptor> {
        vec![
            Descriptor::counter("flaky_total", "Flaky"),
            Descriptor::gauge("flaky_state", "Flaky"),
        ]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        samples.counter("flaky_total", &[("a", "1")], 3_u64);
        assert!(!self.panics.load(Ordering::Relaxed), "on purpose");
        samples.gauge("flaky_state", &[], -0.5);
    }
}

#[test]
fn a_collector_that_panics_loses_its_own_metrics_alone() {
    let registry = Registry::new();
    let panics = Arc::new(AtomicBool::new(true));
    registry
        .with_prefix("app")
        .collector(Flaky {
            panics: Arc::clone(&panics),
        })
        .unwrap();
    registry.gauge("up", "Up").unwrap().set(1.0);

    let failed = registry.encode();
    panics.store(false, Ordering::Relaxed);
    let well = registry.encode();

    assert!(!failed.contains("\napp_flaky_total"), "{failed}");
    assert!(failed.contains("\nup 1.0\n"));
    assert!(failed.contains("scrape_collector_success{collector=\"app_flaky_total\"} 0\n"));
    assert!(well.contains("\napp_flaky_total{a=\"1\"} 3\n"));
    assert!(well.contains("\napp_flaky_state -0.5\n"));
    assert!(well.contains("scrape_collector_success{collector=\"app_flaky_total\"} 1\n"));
}

#[test]
fn a_collector_is_registered_whole_or_not_at_all() {
    let registry = Registry::new();
    registry.gauge("flaky_state", "Taken").unwrap();

    let error = registry
        .collector(Flaky {
            panics: Arc::default(),
        })
        .unwrap_err();

    assert_eq!(
        error,
        RegisterError::Duplicate {
            name: "flaky_state".into()
        }
    );
    registry.counter("flaky_total", "Still free").unwrap();
    assert!(!registry.encode().contains("scrape_collector_success"));
}

#[test]
fn a_sample_that_was_not_described_shows_the_collector_as_failed() {
    struct Sloppy;
    impl Collector for Sloppy {
        fn describe(&self) -> Vec<Descriptor> {
            vec![Descriptor::gauge("known", "Known")]
        }
        fn collect(&self, samples: &mut Samples<'_>) {
            samples.gauge("known", &[("a", "1")], 1_u64);
            samples.gauge("known", &[("a", "1")], 2_u64);
            samples.gauge("unknown", &[], 1_u64);
            samples.counter("known", &[], 1_u64);
            samples.gauge("known", &[("a", "1"), ("a", "2")], 1_u64);
            samples.gauge("known", &[("bad-name", "1")], 1_u64);
        }
    }
    let registry = Registry::new();
    registry.collector(Sloppy).unwrap();

    let text = registry.encode();
    assert!(text.starts_with("# HELP known Known\n# TYPE known gauge\nknown{a=\"1\"} 2\n# HELP scrape_"));
    assert!(text.contains("\nscrape_collector_success{collector=\"known\"} 0\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn process_metrics_tell_the_truth() {
    let registry = Registry::new();
    registry.collector(ProcessCollector::new()).unwrap();
    let value = |name: &str| -> f64 {
        let text = registry.encode();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is missing"))
            .parse()
            .unwrap()
    };
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();

    let files: Vec<_> = (0..100)
        .map(|_| std::fs::File::open("/proc/self/stat").unwrap())
        .collect();
    let with_files = value("process_open_fds");
    drop(files);

    assert!(with_files - value("process_open_fds") >= 90.0);
    assert!(value("process_max_fds") >= with_files);
    assert!(value("process_resident_memory_bytes") > 500_000.0);
    assert!(value("process_virtual_memory_bytes") >= value("process_resident_memory_bytes"));
    assert!(value("process_threads") >= 1.0);
    assert!(value("process_cpu_seconds_total") >= 0.0);
    let age = now - value("process_start_time_seconds");
    assert!((-2.0..3600.0).contains(&age), "the process is {age} s old");
}

#[test]
fn everything_of_ours_shows_in_their_registry() {
    let ours = Registry::new();
    ours.counter("jobs_total", "Jobs").unwrap().inc_by(2);
    ours.counter_f64("revenue_total", "Two\nlines")
        .unwrap()
        .inc_by(1.5);
    ours.gauge_family::<Request<'_>>("depth", "Depth").unwrap().set(
        &Request {
            route: "a\"b",
            status: 7,
        },
        4.0,
    );
    let ages = ours.histogram("age_seconds", "Age", &[1.0, 2.0]).unwrap();
    [0.5, 1.5, 9.0].into_iter().for_each(|age| ages.observe(age));
    ours.collector(Flaky {
        panics: Arc::default(),
    })
    .unwrap();
    let mut theirs = prometheus_client::registry::Registry::default();
    theirs.register_collector(Box::new(ours));

    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &theirs).unwrap();

    assert_eq!(
        text,
        r#"# HELP jobs Jobs
# TYPE jobs counter
jobs_total 2
# HELP revenue Two lines
# TYPE revenue counter
revenue_total 1.5
# HELP depth Depth
# TYPE depth gauge
depth{route="a\"b",status="7"} 4.0
# HELP age_seconds Age
# TYPE age_seconds histogram
age_seconds_sum 11.0
age_seconds_count 3
age_seconds_bucket{le="1.0"} 1
age_seconds_bucket{le="2.0"} 2
age_seconds_bucket{le="+Inf"} 3
# HELP flaky Flaky
# TYPE flaky counter
flaky_total{a="1"} 3
# HELP flaky_state Flaky
# TYPE flaky_state gauge
flaky_state -0.5
# EOF
"#
    );
}

#[test]
fn our_types_can_be_registered_with_theirs() {
    let ours = Registry::new();
    let requests = ours
        .counter_family::<Request<'_>>("requests_total", "Requests")
        .unwrap();
    requests.inc(&Request {
        route: "/",
        status: 200,
    });
    let mut theirs = prometheus_client::registry::Registry::default();
    theirs.register("requests", "Requests", requests);

    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &theirs).unwrap();

    assert!(
        text.contains("requests_total{route=\"/\",status=\"200\"} 1\n"),
        "{text}"
    );
}
