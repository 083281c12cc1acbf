//! Series that expire, by the clock of the machine, and caps under many threads.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

#[path = "labels/pair.rs"]
mod pair;

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

use groundcrew_base::ManualClock;
use groundcrew_metrics::{Counter, Family, Registry};
use groundcrew_testkit::eventually;

use crate::pair::Pair;

const PAIR: Pair<'static> = Pair {
    first: "a",
    second: "b",
};

/// The values of both labels and of the sample, of each series of this metric.
fn series(scrape: &str, metric: &str) -> Vec<(String, String, u64)> {
    scrape
        .lines()
        .filter_map(|line| line.strip_prefix(metric)?.strip_prefix("{first=\""))
        .map(|line| {
            let (first, rest) = line.split_once("\",second=\"").unwrap();
            let (second, value) = rest.split_once("\"} ").unwrap();
            (first.to_owned(), second.to_owned(), value.parse().unwrap())
        })
        .collect()
}

/// How many values of its own each label has.
fn distinct(series: &[(String, String, u64)]) -> (usize, usize) {
    let count = |values: BTreeSet<&str>| values.len() - usize::from(values.contains("__other__"));
    (
        count(series.iter().map(|(first, ..)| first.as_str()).collect()),
        count(series.iter().map(|(_, second, _)| second.as_str()).collect()),
    )
}

/// Many threads, each with labels of which most have no room.
fn crowd(family: &Family<Pair<'static>, Counter>, meanwhile: impl Fn() + Sync) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                meanwhile();
            }
        });
        thread::scope(|scope| {
            for thread in 0..THREADS {
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let first = format!("f{}", (round * 7 + thread) % 40);
                        let second = format!("s{}", (round * 11 + thread * 3) % 30);
                        family.inc(&Pair {
                            first: &first,
                            second: &second,
                        });
                    }
                });
            }
        });
        is_over.store(true, Ordering::Relaxed);
    });
}

const THREADS: u64 = 6;
const ROUNDS: u64 = 3_000;
const FIRST: usize = 5;
const SECOND: usize = 3;

#[test]
fn two_capped_labels_keep_their_caps_and_the_total_under_many_threads() {
    let registry = Registry::new();
    let family = registry
        .family("stay_total", "They stay")
        .max_values("first", FIRST)
        .max_values("second", SECOND)
        .register()
        .unwrap();

    crowd(&family, || {
        let (first, second) = distinct(&series(&registry.encode(), "stay_total"));
        assert!(first <= FIRST && second <= SECOND, "{first} {second}");
    });

    let scrape = registry.encode();
    let shown = series(&scrape, "stay_total");
    assert_eq!(distinct(&shown), (FIRST, SECOND));
    assert_eq!(
        shown.iter().map(|(.., value)| value).sum::<u64>(),
        THREADS * ROUNDS
    );
    let other = |label: fn(&(String, String, u64)) -> &String| -> u64 {
        let others = shown.iter().filter(|series| label(series) == "__other__");
        others.map(|(.., value)| value).sum()
    };
    for (label, overflowed) in [
        ("first", other(|series| &series.0)),
        ("second", other(|series| &series.1)),
    ] {
        let line = format!("metrics_overflow_total{{family=\"stay_total\",label=\"{label}\"}} {overflowed}");
        assert!(scrape.lines().any(|found| found == line), "{line}\n{scrape}");
    }
}

#[test]
fn two_capped_labels_keep_their_caps_while_series_expire_under_many_threads() {
    let hands = ManualClock::new(SystemTime::now());
    let registry = Registry::new().with_clock(hands.clock());
    let idle = Duration::from_secs(600);
    let family = registry
        .family("expire_total", "They expire")
        .max_values("first", FIRST)
        .max_values("second", SECOND)
        .expire_after(idle)
        .register()
        .unwrap();

    crowd(&family, || {
        let (first, second) = distinct(&series(&registry.encode(), "expire_total"));
        assert!(first <= FIRST && second <= SECOND, "{first} {second}");
        hands.advance(idle / 2);
    });

    let _shown = registry.encode();
    hands.advance(idle);
    assert_eq!(series(&registry.encode(), "expire_total"), []);
    // All of the room is free again.
    family.inc(&PAIR);
    assert_eq!(
        series(&registry.encode(), "expire_total"),
        [("a".to_owned(), "b".to_owned(), 1)]
    );
}

#[tokio::test]
async fn a_series_expires_by_the_clock_of_the_machine() {
    let registry = Registry::new();
    registry.show_created(true);
    let idle = Duration::from_secs(1);
    let family: Family<Pair<'_>, Counter> = registry
        .family("hands_total", "Hands")
        .expire_after(idle)
        .register()
        .unwrap();
    let now = || {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap().as_secs_f64()
    };

    let (before, began) = (now(), Instant::now());
    family.inc(&PAIR);
    let scrape = registry.encode_open_metrics();
    let after = now();

    let created = "hands_created{first=\"a\",second=\"b\"} ";
    let created = scrape.lines().find_map(|line| line.strip_prefix(created));
    let created: f64 = created.unwrap().parse().unwrap();
    // In whole milliseconds, of a clock that may be set meanwhile.
    assert!(
        (before - 0.1..=after + 0.1).contains(&created),
        "{before} {created} {after}"
    );
    eventually(Duration::from_secs(30), "the series is gone", async || {
        registry.encode().is_empty().then_some(())
    })
    .await;
    assert!(began.elapsed() >= idle, "{:?}", began.elapsed());
}
