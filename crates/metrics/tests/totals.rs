//! What is recorded is counted, by many threads and without an allocation.

#[path = "labels/request.rs"]
mod request;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use groundcrew_metrics::{Counter, CounterF64, Family, Histogram, RegisterError, Registry};

use crate::request::Request;

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
