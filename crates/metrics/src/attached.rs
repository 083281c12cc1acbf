//! Rewrites what `prometheus_client` exposes, OpenMetrics text, into the format of the scrape.

use std::{
    collections::HashSet,
    panic::{self, AssertUnwindSafe},
};

use prometheus_client::{encoding::text, registry::Registry as ForeignRegistry};

use crate::{
    Definition, LabelDefinition,
    descriptor::Kind,
    exposition::{FamilyWriter, Writer, escape_label},
    foreign::{ForeignFamily, ForeignValue, read},
    name,
    scrape::Names,
};

/// Writes the families of `registry` whose names are free and asked for, and takes those names.
pub(crate) fn write(registry: &ForeignRegistry, taken: &mut HashSet<String>, names: &Names, to: &mut Writer) {
    let mut foreign = String::new();
    // A histogram with native buckets alone makes the text encoder fail.
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| text::encode_registry(&mut foreign, registry)));
    if !matches!(outcome, Ok(Ok(()))) {
        tracing::error!(
            target: "groundcrew::metrics",
            "an attached registry cannot be encoded, its metrics are missing from this scrape"
        );
        return;
    }
    for family in read(&foreign) {
        if let Some(name) = claim(&family, taken)
            && names.want(&name, family.kind)
        {
            to.family(&name, &family.help, family.kind, |to| samples(&family, to));
        }
    }
}

/// What its families are that have samples.
pub(crate) fn definitions(registry: &ForeignRegistry) -> Vec<Definition> {
    let mut foreign = String::new();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| text::encode_registry(&mut foreign, registry)));
    if !matches!(outcome, Ok(Ok(()))) {
        return Vec::new();
    }
    let mut taken = HashSet::new();
    let families = read(&foreign);
    families
        .iter()
        .filter_map(|family| Some(define(family, claim(family, &mut taken)?)))
        .collect()
}

fn define(family: &ForeignFamily<'_>, name: String) -> Definition {
    let mut labels: Vec<LabelDefinition> = Vec::new();
    let mut buckets = Vec::new();
    for sample in &family.samples {
        for (label, _) in &sample.labels {
            let label = LabelDefinition::new(&name::valid_label(label), &[]);
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        if let ForeignValue::Histogram(histogram) = &sample.value {
            buckets = histogram.bounds().to_vec();
        }
    }
    Definition {
        name,
        help: family.help.clone(),
        kind: family.kind,
        labels,
        buckets,
        expires_after: None,
        objectives: Vec::new(),
    }
}

/// The name under which the family is exposed, unless another has it.
fn claim(family: &ForeignFamily<'_>, taken: &mut HashSet<String>) -> Option<String> {
    let open_metrics = name::valid(family.name);
    let suffix = match family.kind {
        Kind::Counter => name::TOTAL,
        Kind::Info => name::INFO,
        Kind::Gauge | Kind::Histogram | Kind::Unknown => "",
    };
    let name = format!("{open_metrics}{suffix}");
    let names: Vec<String> = name::of_lines(&name, family.kind).collect();
    if names.iter().any(|name| taken.contains(name)) {
        tracing::warn!(
            target: "groundcrew::metrics",
            metric = family.name,
            "an attached registry has a metric whose name is taken, it is left out"
        );
        return None;
    }
    taken.extend(names);
    Some(name)
}

fn samples(family: &ForeignFamily<'_>, to: &mut FamilyWriter<'_>) {
    let mut seen = HashSet::new();
    for sample in &family.samples {
        let mut pairs: Vec<(String, &str)> = sample
            .labels
            .iter()
            .map(|(name, value)| (name::valid_label(name), value.as_str()))
            .collect();
        let mut labels = String::new();
        pairs
            .iter()
            .for_each(|(name, value)| escape_label(&mut labels, name, value));
        // The same labels in another order are the same series, and a label without a value is none.
        pairs.retain(|(_, value)| !value.is_empty());
        pairs.sort_unstable();
        let twice = pairs
            .windows(2)
            .any(|pair| matches!(pair, [(a, _), (b, _)] if a == b));
        if twice || !seen.insert(pairs.clone()) {
            tracing::debug!(
                target: "groundcrew::metrics",
                metric = family.name,
                "an attached registry has a series twice, or a label twice in one, it is left out"
            );
            continue;
        }
        value(&sample.value, &labels, to);
    }
}

fn value(value: &ForeignValue, labels: &str, to: &mut FamilyWriter<'_>) {
    match value {
        ForeignValue::Number { value, exemplar } => {
            exemplar.show(|exemplars| to.number(labels, *value, exemplars));
        }
        ForeignValue::Histogram(histogram) => {
            let sample = histogram.sample();
            histogram
                .exemplars
                .show(|exemplars| to.histogram(labels, sample, exemplars));
        }
    }
}
#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::AtomicU64};

    use prometheus_client::metrics::{
        counter::Counter,
        exemplar::CounterWithExemplar,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, NativeHistogramConfig},
        info::Info,
    };

    use super::*;
    use crate::Registry;

    #[test]
    fn every_kind_is_rewritten_for_the_text_format() {
        let mut foreign = ForeignRegistry::with_prefix("lib");
        let counter = CounterWithExemplar::<Vec<(String, String)>>::default();
        counter.inc_by(3, Some(vec![("trace_id".into(), "a # b".into())]), None);
        foreign.register("events", "Events", counter);
        let gauges = Family::<Vec<(String, String)>, Gauge>::default();
        gauges
            .get_or_create(&vec![("path".into(), "a} # \"\\\n".into())])
            .set(4);
        foreign.register("depth", "Two\nlines", gauges);
        let histogram = Histogram::new([1.0]);
        histogram.observe(0.5);
        foreign.register("age_seconds", "Age", histogram);
        foreign.register("build", "Build", Info::new(vec![("version", "1")]));
        let registry = Registry::new();

        registry.attach(foreign);

        assert_eq!(
            registry.encode(),
            r##"# HELP lib_events_total Events.
# TYPE lib_events_total counter
lib_events_total 3
# HELP lib_depth Two\nlines.
# TYPE lib_depth gauge
lib_depth{path="a} # \"\\\n"} 4
# HELP lib_age_seconds Age.
# TYPE lib_age_seconds histogram
lib_age_seconds_bucket{le="1.0"} 1
lib_age_seconds_bucket{le="+Inf"} 1
lib_age_seconds_sum 0.5
lib_age_seconds_count 1
# HELP lib_build_info Build.
# TYPE lib_build_info gauge
lib_build_info{version="1"} 1
"##
        );
        let open_metrics = registry.encode_open_metrics();
        assert!(
            open_metrics.contains("# TYPE lib_events counter\nlib_events_total 3 # {trace_id=\"a # b\"} 3")
        );
        assert!(open_metrics.contains("# TYPE lib_build info\nlib_build_info{version=\"1\"} 1\n"));
        assert!(open_metrics.ends_with("# EOF\n"));
        assert_eq!(open_metrics.matches("# EOF").count(), 1);
    }

    #[test]
    fn a_counter_that_is_no_count_is_left_out() {
        let mut foreign = ForeignRegistry::default();
        let counters = Family::<Vec<(String, String)>, Counter<f64, AtomicU64>>::default();
        for (kind, value) in [("good", 1.5), ("spoilt", f64::NAN), ("negative", -2.0)] {
            let labels = vec![("kind".to_owned(), kind.to_owned())];
            counters.get_or_create(&labels).inc_by(value);
        }
        foreign.register("spent", "Spent", counters);
        let registry = Registry::new();

        registry.attach(foreign);

        assert_eq!(
            registry.encode_open_metrics(),
            "# HELP spent Spent.\n# TYPE spent counter\nspent_total{kind=\"good\"} 1.5\n# EOF\n"
        );
    }

    #[test]
    fn a_name_that_is_taken_is_left_out() {
        let registry = Registry::new();
        registry.counter("hits_total", "Ours").unwrap().inc();
        let mut foreign = ForeignRegistry::default();
        let counter = Counter::<u64>::default();
        counter.inc_by(7);
        foreign.register("hits", "Theirs", counter.clone());
        foreign.register("misses", "Theirs", counter.clone());
        foreign.register("misses", "Theirs again", counter);

        registry.attach(Arc::new(foreign));

        let text = registry.encode();
        assert_eq!(text.matches("# TYPE hits_total").count(), 1);
        assert!(text.contains("\nhits_total 1\n"));
        assert_eq!(text.matches("misses_total 7").count(), 1);
    }

    #[test]
    fn invalid_names_are_made_valid_and_the_same_labels_are_left_out() {
        let registry = Registry::new();
        let mut foreign = ForeignRegistry::default();
        let gauges = Family::<Vec<(String, String)>, Gauge>::default();
        let set = |labels: &[(&str, &str)], value| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            gauges
                .get_or_create(&labels.iter().map(owned).collect())
                .set(value);
        };
        set(&[("a", "1"), ("b-ä", "2")], 1);
        set(&[("b-ä", "2"), ("a", "1")], 1);
        set(&[("c c", "x"), ("c-c", "y")], 3);
        foreign.register("bad-name é", "Bad", gauges);
        foreign.register("9", "A digit", Gauge::<i64>::default());

        registry.attach(foreign);

        let text = registry.encode();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        assert_eq!(lines[..2], ["# HELP bad_name__ Bad.", "# TYPE bad_name__ gauge"]);
        assert!(
            [
                "bad_name__{a=\"1\",b__=\"2\"} 1",
                "bad_name__{b__=\"2\",a=\"1\"} 1"
            ]
            .contains(&lines[2])
        );
        assert_eq!(lines[5], "_9 0");
    }

    #[test]
    fn a_registry_that_cannot_be_encoded_costs_only_itself() {
        let registry = Registry::new();
        registry.gauge("up", "Up").unwrap().set(1.0);
        let mut foreign = ForeignRegistry::default();
        let native = Histogram::new_native(NativeHistogramConfig::new(1.1));
        native.observe(1.0);
        foreign.register("native", "Native buckets alone", native);

        registry.attach(foreign);

        assert_eq!(registry.encode(), "# HELP up Up\n# TYPE up gauge\nup 1.0\n");
    }
}
