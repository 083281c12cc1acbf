//! A scrape that stands still delays no recording, wherever it stands.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    fmt,
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

use groundcrew_metrics::{
    Collector, Counter, Descriptor, Family, Gauge, Histogram, LabelVisitor, Labels, Registry, Samples,
    prometheus_client::{encoding::text, registry::Registry as ForeignRegistry},
};

struct Route<'a>(&'a str);

impl Labels for Route<'_> {
    type With<'a> = Route<'a>;
    const NAMES: &'static [&'static str] = &["route"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.0);
    }
}

/// One way into each kind of metric.
#[derive(Clone)]
struct Recorders {
    jobs: Counter,
    load: Gauge,
    ages: Histogram,
    stay: Family<Route<'static>, Counter>,
    stay_ages: Family<Route<'static>, Histogram>,
    expire: Family<Route<'static>, Counter>,
    expire_ages: Family<Route<'static>, Histogram>,
}

impl Recorders {
    fn register(registry: &Registry) -> Self {
        let idle = Duration::from_secs(600);
        let recorders = Self {
            jobs: registry.counter("jobs_total", "Jobs").unwrap(),
            load: registry.gauge("load", "Load").unwrap(),
            ages: registry.histogram("age_seconds", "Age", &[1.0]).unwrap(),
            stay: registry.counter_family("stay_total", "They stay").unwrap(),
            stay_ages: registry
                .histogram_family("stay_seconds", "They stay", &[1.0])
                .unwrap(),
            expire: registry
                .family("expire_total", "They expire")
                .expire_after(idle)
                .register()
                .unwrap(),
            expire_ages: registry
                .family("expire_seconds", "They expire")
                .expire_after(idle)
                .register()
                .unwrap(),
        };
        recorders.record("/old");
        recorders
    }

    fn record(&self, route: &str) {
        let route = Route(route);
        self.jobs.inc();
        self.load.add(1.0);
        self.ages.observe(0.5);
        for family in [&self.stay, &self.expire] {
            family.inc(&route);
            family.handle(&route).inc();
        }
        for family in [&self.stay_ages, &self.expire_ages] {
            family.observe(&route, 0.5);
            drop(family.start_timer(&route));
        }
    }

    /// Records while a scrape stands still, in series that are there and in new ones; panics when it has to wait.
    fn record_meanwhile(&self) {
        let (done, is_done) = mpsc::channel();
        let recorders = self.clone();
        thread::spawn(move || {
            recorders.record("/old");
            recorders.record("/new");
            done.send(()).unwrap();
        });
        is_done
            .recv_timeout(PATIENCE)
            .expect("a recording waits for a scrape that stands still");
    }

    fn assert_recorded(&self, registry: &Registry) {
        let scrape = registry.encode();
        for line in [
            "jobs_total 3",
            "load 3.0",
            "age_seconds_count 3",
            "stay_total{route=\"/old\"} 4",
            "stay_total{route=\"/new\"} 2",
            "stay_seconds_count{route=\"/old\"} 4",
            "stay_seconds_count{route=\"/new\"} 2",
            "expire_total{route=\"/old\"} 4",
            "expire_total{route=\"/new\"} 2",
            "expire_seconds_count{route=\"/old\"} 4",
            "expire_seconds_count{route=\"/new\"} 2",
        ] {
            assert!(scrape.lines().any(|found| found == line), "{line}\n{scrape}");
        }
    }
}

/// Where a scrape stands still until it is let go.
struct Gate {
    entered: mpsc::Sender<()>,
    released: mpsc::Receiver<()>,
}

impl Gate {
    fn new() -> (Self, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let (entered, is_in) = mpsc::channel();
        let (release, released) = mpsc::channel();
        (Self { entered, released }, is_in, release)
    }

    fn pass(&self) {
        self.entered.send(()).unwrap();
        self.released.recv().unwrap();
    }
}

/// Stands still once.
struct Stuck(Mutex<Option<Gate>>);

impl Collector for Stuck {
    fn describe(&self) -> Vec<Descriptor> {
        vec![Descriptor::gauge("stuck", "Stuck")]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let gate = self.0.lock().unwrap().take();
        gate.iter().for_each(Gate::pass);
        samples.gauge("stuck", &[], 1_u64);
    }
}

#[test]
fn a_scrape_that_hangs_in_a_collector_holds_up_nobody() {
    let registry = Registry::new();
    let recorders = Recorders::register(&registry);
    let (gate, is_in, release) = Gate::new();
    let scraped = Registry::clone(&registry);
    registry.collector(Stuck(Mutex::new(Some(gate)))).unwrap();

    let scrape = thread::spawn(move || scraped.encode());
    is_in.recv().unwrap();
    recorders.record_meanwhile();
    registry.gauge("late", "Registered during a scrape").unwrap();
    release.send(()).unwrap();

    assert!(scrape.join().unwrap().contains("\nstuck 1\n"));
    recorders.assert_recorded(&registry);
}

/// Stands still at the first text that holds the mark.
struct Paused {
    mark: &'static str,
    gate: Option<Gate>,
    text: String,
}

impl fmt::Write for Paused {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text.push_str(text);
        if self.text.contains(self.mark)
            && let Some(gate) = self.gate.take()
        {
            gate.pass();
        }
        Ok(())
    }
}

#[test]
fn an_encoder_that_stands_still_within_a_family_holds_up_nobody() {
    for mark in [
        "jobs_total ",
        "stay_total{route=\"/old\"",
        "stay_seconds_sum{route=\"/old\"",
        "expire_total{route=\"/old\"",
        "expire_seconds_sum{route=\"/old\"",
    ] {
        let registry = Registry::new();
        let recorders = Recorders::register(&registry);
        let mut theirs = ForeignRegistry::default();
        theirs.register_collector(Box::new(Registry::clone(&registry)));
        let (gate, is_in, release) = Gate::new();

        let scrape = thread::spawn(move || {
            let mut to = Paused {
                mark,
                gate: Some(gate),
                text: String::new(),
            };
            text::encode(&mut to, &theirs).unwrap();
            to.text
        });
        is_in.recv().unwrap_or_else(|_| panic!("never at {mark}"));
        recorders.record_meanwhile();
        release.send(()).unwrap();

        assert!(scrape.join().unwrap().ends_with("# EOF\n"), "{mark}");
        recorders.assert_recorded(&registry);
    }
}

/// More than any thread waits for its turn of the processor.
const PATIENCE: Duration = Duration::from_secs(30);
