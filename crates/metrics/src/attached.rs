//! Rewrites what `prometheus_client` exposes, OpenMetrics text, into the format of the scrape.

use std::{
    collections::HashSet,
    panic::{self, AssertUnwindSafe},
};

use prometheus_client::{encoding::text, registry::Registry as ForeignRegistry};

use crate::{Format, exposition::TextWriter};

/// Writes the families of `registry` whose names are free, and takes those names.
pub(crate) fn write(registry: &ForeignRegistry, names: &mut HashSet<String>, to: &mut TextWriter) {
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
    let mut family = None;
    let mut help = "";
    for line in foreign.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest;
            family = None;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            family = begin(rest, help, names, to);
        } else if let Some(rest) = line.strip_prefix("# UNIT ") {
            unit(rest, family.as_ref(), to);
        } else if let Some(family) = &family {
            sample(line, family, to);
        }
    }
}

struct ForeignFamily<'a> {
    name: &'a str,
    suffixes: &'static [&'static str],
}

fn begin<'a>(
    declaration: &'a str,
    help: &str,
    names: &mut HashSet<String>,
    to: &mut TextWriter,
) -> Option<ForeignFamily<'a>> {
    let (name, kind) = declaration.split_once(' ')?;
    let (suffixes, text_suffix, text_kind): (&'static [&'static str], _, _) = match kind {
        "counter" => (&["_total"], "_total", "counter"),
        "info" => (&["_info"], "_info", "gauge"),
        "histogram" => (&["_bucket", "_sum", "_count"], "", "histogram"),
        "gauge" => (&[""], "", "gauge"),
        _ => (&[""], "", "untyped"),
    };
    let text_name = format!("{name}{text_suffix}");
    if names.contains(name) || names.contains(&text_name) {
        tracing::warn!(
            target: "groundcrew::metrics",
            metric = name,
            "an attached registry has a metric whose name is taken, it is left out"
        );
        return None;
    }
    let help = help.strip_prefix(name).unwrap_or_default().trim_start();
    match to.format {
        Format::Text => to.head(&text_name, help, text_kind),
        Format::OpenMetrics => to.head(name, help, kind),
    }
    names.insert(name.to_owned());
    names.insert(text_name);
    Some(ForeignFamily { name, suffixes })
}

fn unit(declaration: &str, family: Option<&ForeignFamily<'_>>, to: &mut TextWriter) {
    if family.is_some() && to.format == Format::OpenMetrics {
        to.out.push_str("# UNIT ");
        to.out.push_str(declaration);
        to.out.push('\n');
    }
}

/// Copies a sample of the family; anything else, such as the second line of a help text, is dropped.
fn sample(line: &str, family: &ForeignFamily<'_>, to: &mut TextWriter) {
    let Some(rest) = line.strip_prefix(family.name) else {
        return;
    };
    let end = rest.find(['{', ' ']).unwrap_or(rest.len());
    let (suffix, rest) = rest.split_at(end);
    if !family.suffixes.contains(&suffix) {
        return;
    }
    let labels = labels_len(rest);
    let value = match to.format {
        Format::Text => rest.get(labels..).and_then(|rest| rest.split(" # ").next()),
        Format::OpenMetrics => rest.get(labels..),
    };
    for part in [
        family.name,
        suffix,
        rest.get(..labels).unwrap_or_default(),
        value.unwrap_or_default(),
    ] {
        to.out.push_str(part);
    }
    to.out.push('\n');
}

/// The length of the label set at the start of `rest`, braces included.
fn labels_len(rest: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    if !rest.starts_with('{') {
        return 0;
    }
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'}' if !quoted => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
# HELP lib_depth Two
# TYPE lib_depth gauge
lib_depth{path="a} # \"\\\n"} 4
# HELP lib_age_seconds Age.
# TYPE lib_age_seconds histogram
lib_age_seconds_sum 0.5
lib_age_seconds_count 1
lib_age_seconds_bucket{le="1.0"} 1
lib_age_seconds_bucket{le="+Inf"} 1
# HELP lib_build_info Build.
# TYPE lib_build_info gauge
lib_build_info{version="1"} 1
"##
        );
        let open_metrics = registry.encode_as(Format::OpenMetrics);
        assert!(open_metrics.contains("# TYPE lib_events counter\nlib_events_total 3 # {"));
        assert!(open_metrics.ends_with("# EOF\n"));
        assert_eq!(open_metrics.matches("# EOF").count(), 1);
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
