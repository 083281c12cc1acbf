//! Two threads on one series, and a recording thread beside a scraping one.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use groundcrew_metrics::Registry;
use harness::{Bar, Kind, Row};
use prometheus_client::metrics::{counter::Counter, family::Family};
use rustix::time::{ClockId, clock_gettime};

use crate::{
    ours::{Http, counters},
    prometheus_clients::Static,
    requests::{Method, Request, Status, requests},
};

/// Reported, without a bar: on a loaded machine both threads rarely run at once.
pub(crate) fn one_series() -> Row {
    let request = requests()[0];
    let ours = counters(&Registry::new());
    let theirs = Family::<Static, Counter>::default();
    let our_time = both(|| ours.inc(&labels(&request)));
    let their_time = both(|| {
        theirs.get_or_create(&Static::of(&request)).inc();
    });
    Row::relative(
        "counter.two_threads_one_series",
        Kind::Ratio,
        "ns/op",
        (our_time, their_time),
        "prometheus-client",
        None,
    )
}

/// The least processor time of an operation, over rounds in which two threads begin together.
fn both(record: impl Fn() + Sync) -> f64 {
    let round = || {
        let barrier = Barrier::new(2);
        let worker = || {
            barrier.wait();
            let before = processor_time();
            (0..OPERATIONS).for_each(|_| record());
            (processor_time() - before).as_nanos() as f64 / f64::from(OPERATIONS)
        };
        thread::scope(|scope| {
            let other = scope.spawn(worker);
            let mine = worker();
            f64::midpoint(mine, other.join().expect("it does not panic"))
        })
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}

/// The longest that a recording took of the processor while 100,000 series were scraped and new ones came.
///
/// What the kernel does to the thread counts as well, so the median over runs is taken.
pub(crate) fn stall() -> Row {
    let mut longest: Vec<f64> = (0..STALL_RUNS).map(|_| longest_recording()).collect();
    longest.sort_by(f64::total_cmp);
    Row::absolute(
        "stall.scrape_100k",
        Kind::Latency,
        "us",
        longest[STALL_RUNS / 2],
        Bar::AtMost(50.0),
    )
}

fn longest_recording() -> f64 {
    let registry = Registry::new();
    let family = counters(&registry);
    let route = |number: usize| format!("/api/v1/players/{number}");
    let add = |number: usize| {
        family.inc(&Http {
            method: Method::Get,
            route: &route(number),
            status: Status::Ok.code(),
        });
    };
    (0..SERIES).for_each(add);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3 {
                std::hint::black_box(registry.encode());
            }
            is_over.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            let mut number = SERIES;
            while !is_over.load(Ordering::Relaxed) && number < 2 * SERIES {
                add(number);
                number += 1;
            }
        });
        let known = route(SERIES / 2);
        let mut longest = Duration::ZERO;
        while !is_over.load(Ordering::Relaxed) {
            let before = processor_time();
            family.inc(&Http {
                method: Method::Get,
                route: &known,
                status: Status::Ok.code(),
            });
            longest = longest.max(processor_time() - before);
        }
        longest.as_secs_f64() * 1e6
    })
}

fn labels(request: &Request) -> Http<'_> {
    Http {
        method: request.method,
        route: request.route,
        status: request.status.code(),
    }
}

/// What this thread has used of the processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

const OPERATIONS: u32 = 200_000;
const ROUNDS: usize = 15;
const SERIES: usize = 100_000;
const STALL_RUNS: usize = 5;
