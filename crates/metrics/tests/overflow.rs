//! What has no room is counted, and told once.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    fmt,
    sync::{Arc, Mutex},
    thread,
};

use groundcrew_metrics::{Counter, Family, LabelVisitor, Labels, Registry};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

struct Pair<'a>(&'a str, &'a str);

impl Labels for Pair<'_> {
    type With<'a> = Pair<'a>;
    const NAMES: &'static [&'static str] = &["route", "client"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.0);
        visitor.value(self.1);
    }
}

/// The events of `groundcrew::metrics` as text: level and fields.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// What is logged while `run` runs in this thread.
    fn of(run: impl FnOnce(&Self)) -> Vec<String> {
        let lines = Self::default();
        tracing::subscriber::with_default(lines.clone(), || run(&lines));
        let lines = lines.0.lock().unwrap();
        lines.clone()
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "groundcrew::metrics"
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let more = match field.name() {
            "message" => format!(" {value:?}"),
            name => format!(" {name}={value:?}"),
        };
        self.0.push_str(&more);
    }
}

fn pairs(registry: &Registry) -> Family<Pair<'static>, Counter> {
    registry
        .family("pairs_total", "Pairs")
        .max_values("route", 2)
        .max_series(4)
        .register()
        .unwrap()
}

/// The values of `metrics_overflow_total` by label.
fn overflow(registry: &Registry) -> Vec<(String, u64)> {
    let text = registry.encode();
    let values = text.lines().filter_map(|line| {
        let line = line.strip_prefix("metrics_overflow_total{family=\"pairs_total\",label=\"")?;
        let (label, count) = line.split_once("\"} ")?;
        Some((label.to_owned(), count.parse().unwrap()))
    });
    values.collect()
}

#[test]
fn each_cap_is_told_in_one_line_and_counted_every_time() {
    let registry = Registry::new();
    let family = pairs(&registry);

    let lines = Lines::of(|_| {
        for round in 0..50 {
            // Two routes fit, the third has no room.
            for route in ["/a", "/b", "/c"] {
                family.inc(&Pair(route, "web"));
            }
            family.inc(&Pair("/a", &format!("client {round}")));
        }
    });

    assert_eq!(
        lines,
        [
            "WARN a label has reached its number of values, further ones are counted together \
             family=\"pairs_total\" label=\"route\" max_values=2",
            "WARN a metric has reached its number of series, further ones are counted together \
             family=\"pairs_total\" max_series=4",
        ]
    );
    // One series is that of routes without room; after it there is room for one client more.
    assert_eq!(
        overflow(&registry),
        [("route".to_owned(), 50), (String::new(), 49)]
    );
    let total: u64 = registry
        .encode()
        .lines()
        .filter_map(|line| line.strip_prefix("pairs_total{")?.split_once("} "))
        .map(|(_, count)| count.parse::<u64>().unwrap())
        .sum();
    assert_eq!(total, 200);
}

#[test]
fn threads_that_overflow_at_once_tell_it_in_one_line() {
    let registry = Registry::new();
    let family = pairs(&registry);

    let lines = Lines::of(|lines| {
        thread::scope(|scope| {
            for thread in 0..4 {
                let (family, lines) = (&family, lines.clone());
                scope.spawn(move || {
                    tracing::subscriber::with_default(lines, || {
                        (0..500).for_each(|n| family.inc(&Pair(&format!("/{thread}/{n}"), "web")));
                    });
                });
            }
        });
    });

    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(overflow(&registry), [("route".to_owned(), 1998)]);
}

#[test]
fn a_value_that_is_the_name_of_the_overflow_is_told_and_counted() {
    let registry = Registry::new();
    let family = pairs(&registry);

    let lines = Lines::of(|_| {
        for _ in 0..3 {
            family.inc(&Pair("/a", "__other__"));
        }
    });

    assert_eq!(
        lines,
        [
            "WARN a label was given the value of those without room, it is counted with them \
             family=\"pairs_total\" label=\"client\" value=\"__other__\""
        ]
    );
    assert_eq!(overflow(&registry), [("client".to_owned(), 3)]);
}

#[cfg(feature = "facade")]
mod facade {
    use groundcrew_metrics::FacadeRecorder;
    use metrics::{counter, with_local_recorder};

    use super::*;

    #[test]
    fn each_cap_of_the_macros_is_told_in_one_line() {
        let registry = Registry::new();
        let recorder = FacadeRecorder::builder(&registry)
            .max_series(3)
            .max_values(2)
            .build()
            .unwrap();

        let lines = Lines::of(|_| {
            with_local_recorder(&recorder, || {
                for round in 0..20 {
                    counter!("logins_total", "user" => round.to_string()).increment(1);
                    counter!("logins_total", format!("label_{round}") => "x").increment(1);
                }
            });
        });

        assert_eq!(
            lines,
            [
                "WARN a metric of the facade has reached its number of series, further ones are counted together \
                 family=\"logins_total\" max_series=3",
                "WARN a label has reached its number of values, further ones are counted together \
                 family=\"logins_total\" label=\"user\" max_values=2",
            ]
        );
    }

    /// Counts log lines by the macros, as a subscriber may that tells how much is logged.
    #[derive(Clone)]
    struct Counting(Lines);

    impl Subscriber for Counting {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            self.0.enabled(metadata)
        }

        fn event(&self, event: &Event<'_>) {
            counter!("log_lines_total", "level" => event.metadata().level().as_str()).increment(1);
            self.0.event(event);
        }

        fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
            self.0.new_span(span)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn a_log_that_counts_its_lines_by_the_macros_does_not_block_them() {
        let registry = Registry::new();
        let recorder = FacadeRecorder::builder(&registry).max_series(1).build().unwrap();
        let lines = Counting(Lines::default());

        with_local_recorder(&recorder, || {
            tracing::subscriber::with_default(lines.clone(), || {
                // Its name is changed, which is told; so is the second user, who has no room.
                counter!("logins", "user" => "a").increment(1);
                counter!("logins", "user" => "b").increment(1);
            });
        });

        let text = registry.encode();
        assert!(text.contains("\nlog_lines_total{level=\"INFO\"} 1\n"), "{text}");
        let lines = lines.0.0.lock().unwrap().clone();
        assert_eq!(lines.len(), 2, "{lines:?}");
    }
}
