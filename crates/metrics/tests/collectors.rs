//! Collectors that fail, panic, block or share a name, and what a scrape makes of them.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use groundcrew_metrics::{Bounded, Collector, Descriptor, ProcessCollector, Registry, Samples, build_info};

/// The value of the sample that starts with `name`, labels included.
fn value(text: &str, name: &str) -> Option<f64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .map(|value| value.parse().unwrap())
}

/// Counts its runs and does in each what it is told.
#[derive(Clone, Default)]
struct Puppet(Arc<Strings>);

#[derive(Default)]
struct Strings {
    runs: AtomicU64,
    inside: AtomicU64,
    most_inside: AtomicU64,
    blocks: AtomicBool,
    panics: AtomicBool,
    fails: AtomicBool,
}

impl Collector for Puppet {
    fn describe(&self) -> Vec<Descriptor> {
        vec![Descriptor::counter("puppet_runs_total", "Runs of the puppet")]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let strings = &*self.0;
        let inside = strings.inside.fetch_add(1, Ordering::SeqCst) + 1;
        strings.most_inside.fetch_max(inside, Ordering::SeqCst);
        let run = strings.runs.fetch_add(1, Ordering::SeqCst) + 1;
        while strings.blocks.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        strings.inside.fetch_sub(1, Ordering::SeqCst);
        samples.counter("puppet_runs_total", &[("a", "1")], run);
        assert!(!strings.panics.load(Ordering::SeqCst), "on purpose");
        if strings.fails.load(Ordering::SeqCst) {
            samples.fail("the strings are tangled");
        }
    }

    fn name(&self) -> &str {
        "puppet"
    }
}

const RUNS: &str = "puppet_runs_total{a=\"1\"}";
const SUCCESS: &str = "scrape_collector_success{collector=\"puppet\"}";
const DURATION: &str = "scrape_collector_duration_seconds{collector=\"puppet\"}";

#[test]
fn a_collector_that_fails_keeps_what_it_has_read() {
    let (registry, puppet) = (Registry::new(), Puppet::default());
    registry.collector(puppet.clone()).unwrap();

    let well = registry.encode();
    puppet.0.fails.store(true, Ordering::SeqCst);
    let failed = registry.encode();

    assert_eq!(
        (value(&well, RUNS), value(&well, SUCCESS)),
        (Some(1.0), Some(1.0))
    );
    assert_eq!(
        (value(&failed, RUNS), value(&failed, SUCCESS)),
        (Some(2.0), Some(0.0))
    );
    let duration = value(&failed, DURATION).unwrap();
    assert!(duration > 0.0 && duration < 60.0, "{duration}");
}

#[test]
fn a_collector_that_blocks_delays_a_scrape_by_its_deadline_and_has_one_thread() {
    let (registry, puppet) = (Registry::new(), Puppet::default());
    let deadline = Duration::from_millis(20);
    let bounded = Bounded::new(puppet.clone()).deadline(deadline);
    registry.collector(bounded).unwrap();
    registry.gauge("up", "Up").unwrap().set(1.0);

    let well = registry.encode();
    puppet.0.blocks.store(true, Ordering::SeqCst);
    let late: Vec<String> = (0..20).map(|_| registry.encode()).collect();
    puppet.0.blocks.store(false, Ordering::SeqCst);
    let limit = Instant::now() + Duration::from_secs(30);
    while value(&registry.encode(), SUCCESS) != Some(1.0) {
        assert!(Instant::now() < limit, "it works again");
    }

    assert_eq!(
        (value(&well, RUNS), value(&well, SUCCESS)),
        (Some(1.0), Some(1.0))
    );
    for text in &late {
        assert_eq!((value(text, RUNS), value(text, SUCCESS)), (Some(1.0), Some(0.0)));
        assert_eq!(value(text, "up"), Some(1.0));
        assert!(value(text, DURATION) >= Some(deadline.as_secs_f64()));
    }
    assert_eq!(puppet.0.most_inside.load(Ordering::SeqCst), 1);
}

#[test]
fn a_bounded_collector_that_panics_shows_its_last_good_values() {
    let (registry, puppet) = (Registry::new(), Puppet::default());
    let bounded = Bounded::new(puppet.clone()).deadline(Duration::from_mins(1));
    registry.collector(bounded).unwrap();

    let well = registry.encode();
    puppet.0.panics.store(true, Ordering::SeqCst);
    let failed = registry.encode();
    puppet.0.panics.store(false, Ordering::SeqCst);
    let again = registry.encode();

    assert_eq!(
        (value(&well, RUNS), value(&well, SUCCESS)),
        (Some(1.0), Some(1.0))
    );
    assert_eq!(
        (value(&failed, RUNS), value(&failed, SUCCESS)),
        (Some(1.0), Some(0.0))
    );
    assert_eq!(
        (value(&again, RUNS), value(&again, SUCCESS)),
        (Some(3.0), Some(1.0))
    );
}

#[test]
fn a_reading_that_is_too_old_is_not_shown() {
    let (registry, puppet) = (Registry::new(), Puppet::default());
    let bounded = Bounded::new(puppet.clone()).keep(Duration::ZERO);
    registry
        .collector(bounded.deadline(Duration::from_mins(1)))
        .unwrap();
    puppet.0.fails.store(true, Ordering::SeqCst);

    let text = registry.encode();

    assert_eq!((value(&text, RUNS), value(&text, SUCCESS)), (None, Some(0.0)));
}

#[test]
fn scrapes_at_the_same_time_share_a_run_of_a_bounded_collector() {
    let (registry, puppet) = (Registry::new(), Puppet::default());
    let bounded = Bounded::new(puppet.clone()).deadline(Duration::from_mins(1));
    registry.collector(bounded).unwrap();
    let start = Barrier::new(8);

    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                let text = registry.encode();
                assert_eq!(value(&text, SUCCESS), Some(1.0), "{text}");
            });
        }
    });

    assert_eq!(puppet.0.most_inside.load(Ordering::SeqCst), 1);
}

#[test]
fn collectors_of_one_name_are_told_apart() {
    let registry = Registry::new();
    for prefix in ["a", "b"] {
        registry
            .with_prefix(prefix)
            .collector(ProcessCollector::new())
            .unwrap();
    }

    let text = registry.encode();

    assert_eq!(
        value(&text, "scrape_collector_success{collector=\"process\"}"),
        Some(1.0)
    );
    let second = "scrape_collector_success{collector=\"b_process_cpu_seconds_total\"}";
    assert_eq!(value(&text, second), Some(1.0));
}

#[cfg(target_os = "linux")]
#[test]
fn process_metrics_agree_with_the_system() {
    let registry = Registry::new();
    let collector = ProcessCollector::new().smaps_rollup(Duration::from_mins(1));
    registry.collector(collector).unwrap();

    let text = registry.encode();

    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kilobytes = |name: &str| -> f64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let number = line.trim_start_matches(':').trim().trim_end_matches(" kB");
        number.parse::<f64>().unwrap() * 1024.0
    };
    let near = |metric: &str, expected: f64| {
        let found = value(&text, metric).unwrap_or_else(|| panic!("{metric} is missing"));
        let ratio = found / expected;
        assert!((0.5..2.0).contains(&ratio), "{metric}: {found}, not {expected}");
    };
    near("process_resident_memory_bytes", kilobytes("VmRSS"));
    near("process_virtual_memory_bytes", kilobytes("VmSize"));
    near("process_heap_bytes", kilobytes("VmData") + kilobytes("VmStk"));
    assert!(value(&text, "process_virtual_memory_max_bytes") > Some(0.0));
    assert!(value(&text, "process_max_fds") > value(&text, "process_open_fds"));
    assert!(value(&text, "process_network_receive_bytes_total") >= Some(0.0));
    assert!(value(&text, "process_network_transmit_bytes_total") >= Some(0.0));
    assert!(value(&text, "process_proportional_memory_bytes") > Some(0.0));
    assert!(value(&text, "process_private_memory_bytes") > Some(0.0));
    assert!(value(&text, "process_swapped_memory_bytes") >= Some(0.0));
    assert!(value(&text, "scrape_collector_success{collector=\"process\"}") == Some(1.0));
}

#[test]
fn the_build_names_its_compiler_and_profile() {
    let registry = Registry::new();
    registry.collector(build_info!()).unwrap();

    let text = registry.encode();

    let line = text.lines().find(|line| line.starts_with("build_info{")).unwrap();
    assert!(line.starts_with(concat!("build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"")));
    let label = |name: &str| {
        let (_, rest) = line.split_once(&format!("{name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let rustc = label("rustc");
    assert_eq!(rustc.split('.').count(), 3, "{rustc}");
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    assert_eq!(label("profile"), profile);
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_without_network_metrics_shows_all_others() {
    let registry = Registry::new();
    registry
        .collector(ProcessCollector::new().without_network())
        .unwrap();

    let text = registry.encode();

    assert!(!text.contains("process_network"), "{text}");
    assert!(value(&text, "process_open_fds") > Some(0.0));
    assert!(value(&text, "process_heap_bytes") > Some(0.0));
    assert_eq!(
        value(&text, "scrape_collector_success{collector=\"process\"}"),
        Some(1.0)
    );
}
