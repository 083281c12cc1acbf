//! Texts and numbers in what is generated.

use std::time::Duration;

use groundcrew_metrics::{
    Histogram, Registry,
    rules::{Monitoring, Objective, Urgency},
};
use proptest::{prelude::*, test_runner::Config};
use serde_json::Value;

use crate::{
    files::{check, text},
    service::Route,
};

#[test]
fn the_boundary_of_an_objective_is_written_as_it_is_exposed() {
    let registry = Registry::new();
    let histogram: Histogram = registry
        .histogram("job_duration_seconds", "Jobs", &[0.0025, 1.0, 7.3])
        .unwrap();
    histogram.observe(0.5);
    let exposed = registry.encode();

    for (micros, le) in [(2_500, "0.0025"), (1_000_000, "1.0"), (7_300_000, "7.3")] {
        let objective = Objective::latency("job_duration_seconds", 99.0, Duration::from_micros(micros));
        let files = Monitoring::of(&registry, "jobs")
            .objective(objective)
            .generate()
            .unwrap();
        assert!(
            text(&files, "slo.rules.yml").contains(&format!("le=\"{le}\"")),
            "{le}"
        );
        assert!(exposed.contains(&format!("le=\"{le}\"")), "{le}");
    }
}

proptest! {
    #![proptest_config(Config::with_cases(12))]

    #[test]
    fn no_text_breaks_a_file(
        help in any::<String>(),
        service in "\\PC{1,8}",
        nasty in prop::collection::vec(prop_oneof![any::<char>(), prop::sample::select(vec!['"', '\\', '{', '}', '\n', '|', '$', '\u{85}'])], 1..12),
        value in any::<String>(),
    ) {
        let readable = |text: String| text.replace(char::REPLACEMENT_CHARACTER, "?");
        let (service, value) = (readable(service), readable(value));
        let nasty = readable(nasty.into_iter().collect());
        let registry = Registry::new();
        let help = format!("{help}.");
        registry.histogram_family::<Route<'_>>("a_seconds", &help, &[0.1, 1.0]).unwrap();
        let objective = Objective::latency("a_seconds", 99.0, Duration::from_millis(100))
            .only("route", &nasty)
            .named(format!("x{nasty}"));
        let files = Monitoring::of(&registry, service)
            .objective(objective)
            .label("team", &value)
            .severity(Urgency::Page, format!("p{value}"))
            .runbook(format!("https://{nasty}"))
            .generate()
            .unwrap();

        check(&files);
        let board: Value = serde_json::from_str(text(&files, "-metrics.json")).unwrap();
        prop_assert_eq!(&board["panels"][1]["description"], &Value::from(help));
        let rows = text(&files, "METRICS.md").lines().filter(|line| line.starts_with("| `a_seconds`")).count();
        prop_assert_eq!(rows, 1);
    }
}
