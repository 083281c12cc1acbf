//! Each allocator is asked about itself, in a program that does not even use it as its global one.
#![cfg(any(feature = "jemalloc", feature = "mimalloc"))]
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use groundcrew_metrics::Registry;

fn value(registry: &Registry, name: &str) -> Option<f64> {
    let text = registry.encode();
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .map(|value| value.parse().unwrap())
}

#[cfg(feature = "jemalloc")]
#[test]
fn jemalloc_tells_its_memory() {
    let registry = Registry::new();
    registry
        .collector(groundcrew_metrics::JemallocCollector::new())
        .unwrap();

    let bytes = |name: &str| value(&registry, &format!("jemalloc_{name}_bytes")).unwrap();
    assert!(bytes("active") >= bytes("allocated"));
    assert!(bytes("resident") > 0.0);
    assert!(bytes("mapped") > 0.0);
    assert!(bytes("metadata") > 0.0);
    assert!(bytes("retained") >= 0.0);
    assert_eq!(
        value(&registry, "scrape_collector_success{collector=\"jemalloc\"}"),
        Some(1.0)
    );
}

#[cfg(feature = "mimalloc")]
#[test]
fn mimalloc_tells_its_memory() {
    let registry = Registry::new();
    registry
        .collector(groundcrew_metrics::MimallocCollector::new())
        .unwrap();

    assert_eq!(
        value(&registry, "scrape_collector_success{collector=\"mimalloc\"}"),
        Some(1.0)
    );
    let bytes = |name: &str| value(&registry, &format!("mimalloc_{name}_bytes")).unwrap();
    assert!(bytes("committed_peak") >= bytes("committed"));
    assert!(bytes("reserved") >= 0.0);
    assert!(value(&registry, "mimalloc_mappings_total") >= Some(0.0));
}
