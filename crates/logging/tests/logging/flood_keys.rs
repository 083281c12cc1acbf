//! Flood control with a key: who floods masks nobody else, and is named.

use std::{collections::HashMap, time::Duration};

use groundcrew_base::ManualClock;
use groundcrew_logging::{Action, Flood, Redactor};
use serde_json::Value as Json;
use tracing::{Span, field::Empty, info, info_span, warn};

use crate::{
    capture::{DEADLINE, Kept, run},
    flood::{identity, limited, now, summaries},
};

/// How many lines have this value of a field.
fn seen(kept: &Kept, name: &str, value: &str) -> usize {
    let lines = kept.lines();
    lines.iter().filter(|line| line.field(name) == value).count()
}

#[test]
fn each_value_of_a_key_has_a_budget_of_its_own() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));

    run(
        limited(&kept, Flood::per_callsite(1, 2).key("tenant"), &clock),
        |logging| {
            let log = |tenant: &str| info!(tenant, "x");
            for _ in 0..10 {
                log("loud");
            }
            log("quiet");
            log("still");
            logging.flush(DEADLINE).unwrap();

            let seen = |tenant: &str| {
                kept.lines()
                    .iter()
                    .filter(|line| line.field("tenant") == tenant)
                    .count()
            };
            assert_eq!((seen("loud"), seen("quiet"), seen("still")), (2, 1, 1));
        },
    );
}

/// The one callsite of a library that several components run.
fn give_up(attempt: u32) {
    warn!(attempt, "request failed");
}

/// vectordotdev/vector #971 and #6563: a limit of a callsite that several components share.
#[test]
fn a_component_that_floods_a_shared_callsite_does_not_mask_another_one() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));
    let flood = Flood::per_callsite(1, 5).key("component");

    run(limited(&kept, flood, &clock), |logging| {
        let (loud, quiet) = (
            info_span!("source", component = "kafka"),
            info_span!("sink", component = "s3"),
        );
        for attempt in 0..1000 {
            loud.in_scope(|| give_up(attempt));
        }
        for attempt in 0..5 {
            quiet.in_scope(|| give_up(attempt));
        }
        give_up(0);
        logging.flush(DEADLINE).unwrap();

        assert_eq!(seen(&kept, "component", "kafka"), 5);
        assert_eq!(seen(&kept, "component", "s3"), 5);
        assert_eq!(kept.lines().len(), 11, "one has no component");
        assert_eq!(identity(logging).ratelimit, 995);
    });
}

#[test]
fn of_several_values_of_a_key_the_innermost_counts() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));

    run(
        limited(&kept, Flood::per_callsite(1, 2).key("tenant"), &clock),
        |logging| {
            let mark = |mark: &'static str| {
                for _ in 0..10 {
                    info!(mark, "x");
                }
            };
            let outer = info_span!("outer", tenant = "a");
            let silent = info_span!(parent: &outer, "silent", other = "z");
            let inner = info_span!(parent: &silent, "inner", tenant = Empty);
            outer.in_scope(|| mark("outer"));
            silent.in_scope(|| mark("silent has that of the outer one"));
            inner.in_scope(|| mark("inner has none yet"));
            inner.record("tenant", "b");
            inner.in_scope(|| mark("inner"));
            inner.record("tenant", "c");
            inner.in_scope(|| mark("recorded anew"));
            inner.record("tenant", "b");
            inner.in_scope(|| mark("as before"));
            outer.record("tenant", "d");
            outer.in_scope(|| mark("outer recorded anew"));
            info!(parent: &inner, tenant = "e", "own and of a parent");
            inner.in_scope(|| info!(tenant = 7, "own"));
            logging.flush(DEADLINE).unwrap();

            let of = |mark: &str| seen(&kept, "mark", mark);
            assert_eq!(of("outer"), 2);
            assert_eq!(of("silent has that of the outer one"), 0);
            assert_eq!(of("inner has none yet"), 0);
            assert_eq!(of("inner"), 2);
            assert_eq!(of("recorded anew"), 2);
            assert_eq!(of("as before"), 0);
            assert_eq!(of("outer recorded anew"), 2);
            assert_eq!(seen(&kept, "message", "own and of a parent"), 1);
            assert_eq!(seen(&kept, "message", "own"), 1);
        },
    );
}

#[test]
fn the_span_of_an_event_is_the_one_that_it_names() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));

    run(
        limited(&kept, Flood::per_callsite(1, 1).key("tenant"), &clock),
        |logging| {
            let (a, b) = (info_span!("a", tenant = "a"), info_span!("b", tenant = "b"));
            let log = |span: &Span| a.in_scope(|| info!(parent: span, "x"));
            for _ in 0..10 {
                log(&a);
            }
            log(&b);
            log(&Span::none());
            logging.flush(DEADLINE).unwrap();

            assert_eq!(kept.lines().len(), 3);
        },
    );
}

#[test]
fn a_key_whose_value_no_line_shows_still_tells_apart() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));
    let redactor = Redactor::default().key_with("tenant", Action::Remove);
    let builder = limited(&kept, Flood::per_callsite(1, 1).key("tenant"), &clock).redactor(redactor);

    run(builder, |logging| {
        let log = |tenant: &'static str, n: u64| info_span!("s", tenant).in_scope(|| info!(n, "x"));
        for n in 0..10 {
            log("a", n);
        }
        log("b", 10);
        logging.flush(DEADLINE).unwrap();

        let numbers: Vec<_> = kept
            .lines()
            .iter()
            .map(|line| line.field("n").as_u64().unwrap())
            .collect();
        assert_eq!(numbers, [0, 10]);
        assert!(!kept.text().contains("tenant"));
    });
}

/// How often each value of the field `tenant` stands on lines.
fn lines_of_tenants(kept: &Kept) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for line in kept.lines() {
        if let Some(tenant) = line.field("tenant").as_str() {
            *counts.entry(tenant.to_owned()).or_default() += 1;
        }
    }
    counts
}

#[test]
fn of_a_thousand_tenants_the_noisy_one_alone_loses_lines_and_is_named() {
    for slots in [64, 8192] {
        let (kept, clock) = (Kept::default(), ManualClock::new(now()));
        let flood = Flood::per_callsite(1, 5).key("tenant").key_slots(slots);

        run(limited(&kept, flood, &clock), |logging| {
            let log = |tenant: &str| info!(tenant, "x");
            for _ in 0..5 {
                for n in 1..1000 {
                    log(&format!("quiet-{n}"));
                    (0..2).for_each(|_| log("noisy"));
                }
            }

            let summaries = summaries(logging, &kept);
            let mut counts = lines_of_tenants(&kept);
            assert_eq!(counts.remove("noisy"), Some(5), "{slots}");
            assert_eq!(counts.len(), 999, "{slots}");
            assert!(counts.values().all(|count| *count == 5), "{slots}: {counts:?}");
            assert_eq!(identity(logging).ratelimit, 5 * 999 * 2 - 5);
            assert_eq!(summaries.len(), 1);
            assert_eq!(summaries[0].field("suppressed"), 9985);
            assert_eq!(summaries[0].field("key.name"), "tenant");
            assert_eq!(summaries[0].field("key.value"), "noisy");
        });
    }
}

#[test]
fn quiet_values_come_and_go_beside_some_that_flood() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));
    let flood = Flood::per_callsite(1, 3).key("tenant").key_slots(64);

    run(limited(&kept, flood, &clock), |logging| {
        let log = |tenant: &str| info!(tenant, "x");
        for n in 0..8 {
            let loud = format!("loud-{n}");
            (0..100).for_each(|_| log(&loud));
        }
        for n in 0..500 {
            clock.advance(Duration::from_millis(400));
            log(&format!("quiet-{n}"));
        }
        logging.flush(DEADLINE).unwrap();

        for n in 0..8 {
            assert_eq!(seen(&kept, "tenant", &format!("loud-{n}")), 3);
        }
        assert_eq!(kept.lines().len(), 24 + 500);
    });
}

#[test]
fn more_values_than_there_are_slots_may_flood_and_all_is_accounted() {
    let (kept, clock) = (Kept::default(), ManualClock::new(now()));
    let flood = Flood::per_callsite(1, 2).key("tenant").key_slots(64);

    run(limited(&kept, flood, &clock), |logging| {
        for n in 0..1000 {
            let tenant = format!("loud-{n}");
            (0..10).for_each(|_| info!(tenant, "x"));
        }

        let summaries = summaries(logging, &kept);
        let dropped = identity(logging).ratelimit;
        let counts = lines_of_tenants(&kept);
        // 64 have their own budgets, the others share that of the callsite.
        assert_eq!(counts.values().sum::<usize>(), 64 * 2 + 2);
        assert_eq!(dropped, 10_000 - 130);
        let told = summaries
            .iter()
            .map(|line| line.field("suppressed").as_u64().unwrap());
        assert_eq!(told.sum::<u64>(), dropped);
        let named = summaries.iter().filter(|line| !line.field("key.value").is_null());
        assert!(named.count() >= 63);
        // Beyond 64 lines the rest of a callsite is told in one.
        assert!(summaries.len() <= 65, "{}", summaries.len());
    });
}

#[test]
fn the_summary_shows_no_value_that_a_line_would_not_show() {
    let clock = ManualClock::new(now());
    let redactor = Redactor::default()
        .key_with("masked", Action::Mask)
        .key_with("removed", Action::Remove);
    let shown = |key: &str, log: &dyn Fn()| {
        let kept = Kept::default();
        let flood = Flood::per_callsite(1, 1).key(key);
        let builder = limited(&kept, flood, &clock).redactor(redactor.clone());
        run(builder, |logging| {
            (0..3).for_each(|_| log());
            let summaries = summaries(logging, &kept);
            assert_eq!(summaries.len(), 1, "{key}");
            assert_eq!(summaries[0].field("suppressed"), 2, "{key}");
            summaries[0].field("key.value").clone()
        })
    };

    assert_eq!(shown("plain", &|| info!(plain = "a \"b\"\n", "x")), "a \"b\"\n");
    assert_eq!(shown("number", &|| info!(number = 7, "x")), "7");
    assert_eq!(shown("debug", &|| info!(debug = ?Some(7), "x")), "Some(7)");
    assert_eq!(shown("masked", &|| info!(masked = "a", "x")), "***");
    assert_eq!(shown("removed", &|| info!(removed = "a", "x")), Json::Null);
    assert_eq!(
        shown("by_value", &|| info!(by_value = "Bearer abcdef0123456789", "x")),
        "Bearer ***"
    );
    assert_eq!(
        shown("long", &|| info!(long = "é".repeat(100), "x")),
        "é".repeat(64)
    );
    let in_span = |log: &dyn Fn()| {
        let span = info_span!("outer", of_span = "s-1", masked_too = 1);
        span.in_scope(|| info_span!("inner", other = 1).in_scope(log));
    };
    assert_eq!(shown("of_span", &|| in_span(&|| info!("x"))), "s-1");
    let in_masked = || info_span!("outer", masked = "s-1").in_scope(|| info!("x"));
    assert_eq!(shown("masked", &in_masked), "***");
    assert_eq!(shown("nowhere", &|| info!("x")), Json::Null);
}
