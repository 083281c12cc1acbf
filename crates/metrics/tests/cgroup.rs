//! Control groups of both versions, laid out as container runtimes do, and those of this machine.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{fs, path::Path};

use groundcrew_metrics::{CgroupCollector, Registry};
use tempfile::TempDir;

/// A file system of a machine, with what the kernel would show in it.
struct Machine(TempDir);

impl Machine {
    fn new(membership: &str, mounts: &str) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.files("proc/self", &[("cgroup", membership), ("mountinfo", mounts)]);
        machine
    }

    fn files(&self, directory: &str, files: &[(&str, &str)]) {
        let directory = self.0.path().join(directory);
        fs::create_dir_all(&directory).unwrap();
        for (name, content) in files {
            fs::write(directory.join(name), content).unwrap();
        }
    }

    fn collector(&self) -> CgroupCollector {
        CgroupCollector::at(self.0.path())
    }

    /// The samples of one scrape.
    fn samples(&self) -> Vec<(String, f64)> {
        samples(&registry(self.collector()))
    }
}

fn registry(collector: CgroupCollector) -> Registry {
    let registry = Registry::new();
    registry.collector(collector).unwrap();
    registry
}

fn samples(registry: &Registry) -> Vec<(String, f64)> {
    let text = registry.encode();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("scrape_collector_duration"));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

fn expected(samples: &[(&str, f64)]) -> Vec<(String, f64)> {
    samples
        .iter()
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect()
}

const WELL: (&str, f64) = ("scrape_collector_success{collector=\"cgroup\"}", 1.0);
const FAILED: (&str, f64) = ("scrape_collector_success{collector=\"cgroup\"}", 0.0);

const V2_MOUNT: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

#[test]
fn a_container_of_version_2_is_read_whole() {
    let machine = Machine::new("0::/\n", V2_MOUNT);
    machine.files(
        "sys/fs/cgroup",
        &[
            ("memory.current", "104857600\n"),
            ("memory.max", "536870912\n"),
            ("memory.swap.current", "4096\n"),
            ("memory.stat", "anon 83886080\nfile 20971520\ninactive_file 10485760\nactive_file 1\n"),
            ("memory.events", "low 0\nhigh 1\nmax 22\noom 3\noom_kill 2\noom_group_kill 0\n"),
            ("cpu.max", "150000 100000\n"),
            ("cpu.stat", "usage_usec 2500000\nuser_usec 1\nsystem_usec 1\nnr_periods 100\nnr_throttled 25\nthrottled_usec 1250000\n"),
            ("pids.current", "17\n"),
            ("pids.max", "max\n"),
            ("cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n"),
            ("memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=10\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n"),
            ("io.pressure", "some avg10=9.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"),
        ],
    );

    let stall = |resource: &str, share: &str| {
        format!("cgroup_pressure_stall_seconds_total{{resource=\"{resource}\",share=\"{share}\"}}")
    };
    let mut whole = expected(&[
        ("cgroup_memory_current_bytes", 104_857_600.0),
        ("cgroup_memory_max_bytes", 536_870_912.0),
        ("cgroup_memory_working_set_bytes", 94_371_840.0),
        ("cgroup_memory_swap_bytes", 4096.0),
        ("cgroup_memory_events_total{event=\"high\"}", 1.0),
        ("cgroup_memory_events_total{event=\"max\"}", 22.0),
        ("cgroup_memory_events_total{event=\"oom\"}", 3.0),
        ("cgroup_memory_events_total{event=\"oom_kill\"}", 2.0),
        ("cgroup_cpu_usage_seconds_total", 2.5),
        ("cgroup_cpu_quota_cores", 1.5),
        ("cgroup_cpu_periods_total", 100.0),
        ("cgroup_cpu_throttled_periods_total", 25.0),
        ("cgroup_cpu_throttled_seconds_total", 1.25),
        ("cgroup_pids_current", 17.0),
        ("cgroup_pids_max", f64::INFINITY),
    ]);
    whole.extend([
        (stall("cpu", "some"), 1.5),
        (stall("io", "full"), 0.0),
        (stall("io", "some"), 0.0),
        (stall("memory", "full"), 0.000_005),
        (stall("memory", "some"), 0.000_01),
    ]);
    whole.extend(expected(&[WELL]));
    assert_eq!(machine.samples(), whole);
}

#[test]
fn a_container_of_version_1_is_read_through_its_bind_mounts() {
    let id = "/docker/0123abcd";
    let machine = Machine::new(
        &format!("12:pids:{id}\n4:memory:{id}\n3:cpu,cpuacct:{id}\n1:name=systemd:{id}\n"),
        &format!(
            "50 49 0:20 {id} /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n\
             51 49 0:21 {id} /sys/fs/cgroup/cpu,cpuacct ro master:1 - cgroup cgroup rw,cpu,cpuacct\n\
             52 49 0:22 {id} /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"
        ),
    );
    machine.files(
        "sys/fs/cgroup/memory",
        &[
            ("memory.usage_in_bytes", "3000\n"),
            ("memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory.failcnt", "4\n"),
            (
                "memory.oom_control",
                "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
            ),
            (
                "memory.stat",
                "inactive_file 5\ntotal_inactive_file 1000\ntotal_swap 512\n",
            ),
        ],
    );
    machine.files(
        "sys/fs/cgroup/cpu,cpuacct",
        &[
            ("cpuacct.usage", "1500000000\n"),
            ("cpu.cfs_quota_us", "-1\n"),
            ("cpu.cfs_period_us", "100000\n"),
            ("cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n"),
        ],
    );
    machine.files(
        "sys/fs/cgroup/pids",
        &[("pids.current", "5\n"), ("pids.max", "100\n")],
    );

    assert_eq!(
        machine.samples(),
        expected(&[
            ("cgroup_memory_current_bytes", 3000.0),
            ("cgroup_memory_max_bytes", f64::INFINITY),
            ("cgroup_memory_working_set_bytes", 2000.0),
            ("cgroup_memory_swap_bytes", 512.0),
            ("cgroup_memory_events_total{event=\"max\"}", 4.0),
            ("cgroup_memory_events_total{event=\"oom_kill\"}", 1.0),
            ("cgroup_cpu_usage_seconds_total", 1.5),
            ("cgroup_cpu_quota_cores", f64::INFINITY),
            ("cgroup_cpu_periods_total", 0.0),
            ("cgroup_cpu_throttled_periods_total", 0.0),
            ("cgroup_cpu_throttled_seconds_total", 0.0),
            ("cgroup_pids_current", 5.0),
            ("cgroup_pids_max", 100.0),
            WELL,
        ])
    );
}

#[test]
fn limits_of_the_groups_around_hold_in_a_nested_one() {
    let machine = Machine::new("0::/kubepods.slice/pod1.slice/app.scope\n", V2_MOUNT);
    machine.files(
        "sys/fs/cgroup/kubepods.slice",
        &[
            ("memory.max", "8000\n"),
            ("cpu.max", "400000 100000\n"),
            (
                "cpu.stat",
                "usage_usec 9\nnr_periods 9\nnr_throttled 9\nthrottled_usec 9\n",
            ),
            ("pids.max", "64\n"),
        ],
    );
    machine.files(
        "sys/fs/cgroup/kubepods.slice/pod1.slice",
        &[
            ("memory.max", "2000\n"),
            ("cpu.max", "25000 50000\n"),
            (
                "cpu.stat",
                "usage_usec 7\nnr_periods 70\nnr_throttled 7\nthrottled_usec 7000000\n",
            ),
            ("pids.max", "max\n"),
        ],
    );
    machine.files(
        "sys/fs/cgroup/kubepods.slice/pod1.slice/app.scope",
        &[
            ("memory.max", "max\n"),
            ("memory.current", "1500\n"),
            ("cpu.max", "max 100000\n"),
            (
                "cpu.stat",
                "usage_usec 3000000\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
            ),
            ("pids.max", "max\n"),
            ("pids.current", "3\n"),
        ],
    );

    assert_eq!(
        machine.samples(),
        expected(&[
            ("cgroup_memory_current_bytes", 1500.0),
            ("cgroup_memory_max_bytes", 2000.0),
            ("cgroup_cpu_usage_seconds_total", 3.0),
            ("cgroup_cpu_quota_cores", 0.5),
            ("cgroup_cpu_periods_total", 70.0),
            ("cgroup_cpu_throttled_periods_total", 7.0),
            ("cgroup_cpu_throttled_seconds_total", 7.0),
            ("cgroup_pids_current", 3.0),
            ("cgroup_pids_max", 64.0),
            WELL,
        ])
    );
}

#[test]
fn in_a_hybrid_system_each_controller_is_read_where_it_is() {
    let machine = Machine::new(
        "4:memory:/app\n0::/app\n",
        "32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
         41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
    );
    machine.files(
        "sys/fs/cgroup/memory/app",
        &[
            ("memory.usage_in_bytes", "77\n"),
            ("memory.limit_in_bytes", "100\n"),
        ],
    );
    machine.files(
        "sys/fs/cgroup/unified/app",
        &[
            ("memory.current", "1\n"),
            ("pids.current", "2\n"),
            (
                "cpu.pressure",
                "some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\n",
            ),
        ],
    );

    assert_eq!(
        machine.samples(),
        expected(&[
            ("cgroup_memory_current_bytes", 77.0),
            ("cgroup_memory_max_bytes", 100.0),
            ("cgroup_pids_current", 2.0),
            (
                "cgroup_pressure_stall_seconds_total{resource=\"cpu\",share=\"some\"}",
                2.0
            ),
            WELL,
        ])
    );
}

#[test]
fn a_process_that_is_moved_is_followed() {
    let machine = Machine::new("0::/before\n", V2_MOUNT);
    machine.files("sys/fs/cgroup/before", &[("pids.current", "1\n")]);
    machine.files("sys/fs/cgroup/after", &[("pids.current", "2\n")]);
    let registry = registry(machine.collector());

    let before = samples(&registry);
    machine.files("proc/self", &[("cgroup", "0::/after\n")]);
    let after = samples(&registry);

    assert_eq!(before, expected(&[("cgroup_pids_current", 1.0), WELL]));
    assert_eq!(after, expected(&[("cgroup_pids_current", 2.0), WELL]));
}

#[test]
fn a_file_that_is_not_as_expected_costs_only_itself() {
    let machine = Machine::new("0::/\n", V2_MOUNT);
    machine.files(
        "sys/fs/cgroup",
        &[
            ("memory.current", "a lot\n"),
            ("memory.max", "-5\n"),
            ("cpu.max", "0 0\n"),
            ("pids.current", "9\n"),
            ("io.pressure", "nonsense\n"),
        ],
    );

    assert_eq!(
        machine.samples(),
        expected(&[("cgroup_pids_current", 9.0), FAILED])
    );
}

#[test]
fn what_cannot_be_seen_from_here_is_absent() {
    let outside = Machine::new("0::/../sibling\n", V2_MOUNT);
    outside.files("sys/fs/cgroup", &[("pids.current", "9\n")]);
    let removed = Machine::new("0::/gone (deleted)\n", V2_MOUNT);
    removed.files("sys/fs/cgroup", &[("pids.current", "9\n")]);
    let foreign_mount = Machine::new("0::/\n", &V2_MOUNT.replace("0:26 / ", "0:26 /../.. "));
    foreign_mount.files("sys/fs/cgroup", &[("pids.current", "9\n")]);
    let unmounted = Machine::new("0::/\n", "");
    let without = tempfile::tempdir().unwrap();

    for machine in [outside, removed, foreign_mount, unmounted] {
        assert_eq!(machine.samples(), expected(&[WELL]));
    }
    let nothing = registry(CgroupCollector::at(without.path()));
    assert_eq!(samples(&nothing), expected(&[WELL]));
}

#[test]
fn a_sandbox_that_shows_only_the_mount_point_is_read_there() {
    let machine = Machine::new("0::/kubepods/app\n", V2_MOUNT);
    machine.files("sys/fs/cgroup", &[("pids.current", "9\n")]);

    assert_eq!(machine.samples(), expected(&[("cgroup_pids_current", 9.0), WELL]));
}

#[test]
fn without_the_mounts_the_collector_has_failed() {
    let machine = Machine::new("0::/\n", V2_MOUNT);
    fs::remove_file(machine.0.path().join("proc/self/mountinfo")).unwrap();

    assert_eq!(machine.samples(), expected(&[FAILED]));
}

#[cfg(target_os = "linux")]
#[test]
fn the_groups_of_this_machine_are_read_without_failure() {
    let read = samples(&registry(CgroupCollector::new()));

    let well = expected(&[WELL]).remove(0);
    assert_eq!(read.last(), Some(&well));
    if Path::new("/sys/fs/cgroup").is_dir() {
        let has = |name: &str| read.iter().any(|(found, _)| found.starts_with(name));
        assert!(
            has("cgroup_memory_") || has("cgroup_cpu_") || has("cgroup_pids_"),
            "{read:?}"
        );
        let whole = |(_, value): &(String, f64)| *value >= 0.0;
        assert!(read.iter().all(whole), "{read:?}");
    }
}
