use groundcrew_base::{Detail, Status};
use tempfile::TempDir;

use super::*;

const GIB: u64 = 1 << 30;

/// A machine with 8 GiB, half of it available.
fn machine_with(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let meminfo = "MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable: 4194304 kB\n";
    for (path, content) in [("proc/meminfo", meminfo)].iter().chain(files) {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

fn verdict(files: &[(&str, &str)]) -> (String, u64, f64, Status) {
    let root = machine_with(files);
    let verdict = judge(root.path(), Thresholds::default());
    let find = |name| verdict.details().find(name);
    let (Some(Detail::Text(source)), Some(Detail::UInt(total)), Some(Detail::Float(percent))) =
        (find("source"), find("systemTotal"), find("systemUsagePercent"))
    else {
        panic!("{verdict:?}");
    };
    (source.to_string(), *total, *percent, verdict.status())
}

#[test]
fn without_a_limit_the_machine_counts_what_is_available() {
    let files = [
        ("proc/self/cgroup", "0::/app.slice\n"),
        ("sys/fs/cgroup/app.slice/memory.max", "max\n"),
        ("sys/fs/cgroup/app.slice/memory.current", "1\n"),
    ];

    assert_eq!(
        verdict(&files),
        ("system".to_owned(), 8 * GIB, 50.0, Status::Healthy)
    );
}

#[test]
fn page_cache_is_no_alarm() {
    let files = [
        ("proc/self/cgroup", "0::/\n"),
        ("sys/fs/cgroup/memory.max", "1073741824\n"),
        ("sys/fs/cgroup/memory.current", "1063004405\n"),
        (
            "sys/fs/cgroup/memory.stat",
            "anon 1\ninactive_file 794568949\nactive_file 0\n",
        ),
    ];

    assert_eq!(
        verdict(&files),
        ("cgroup v2".to_owned(), GIB, 25.0, Status::Healthy)
    );
}

#[test]
fn the_tightest_ancestor_counts() {
    let files = [
        ("proc/self/cgroup", "0::/pod/app\n"),
        ("sys/fs/cgroup/pod/memory.max", "1073741824\n"),
        ("sys/fs/cgroup/pod/memory.current", "1020054733\n"),
        ("sys/fs/cgroup/pod/app/memory.max", "2147483648\n"),
        ("sys/fs/cgroup/pod/app/memory.current", "1020054733\n"),
    ];

    assert_eq!(
        verdict(&files),
        ("cgroup v2".to_owned(), GIB, 95.0, Status::Unhealthy)
    );
}

#[test]
fn version_one_and_hybrid_are_read() {
    let files = [
        (
            "proc/self/cgroup",
            "4:cpu,memory:/docker/host-path\n0::/docker/host-path\n",
        ),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"),
        ("sys/fs/cgroup/memory/memory.usage_in_bytes", "966367641\n"),
        (
            "sys/fs/cgroup/memory/memory.stat",
            "inactive_file 1\ntotal_inactive_file 53687091\n",
        ),
        ("sys/fs/cgroup/unified/cgroup.controllers", ""),
    ];

    assert_eq!(
        verdict(&files),
        ("cgroup v1".to_owned(), GIB, 85.0, Status::Degraded)
    );
}

/// systemd's hybrid: the limit is where the controller is, which may be either.
#[test]
fn a_limit_of_version_two_beside_an_idle_version_one_counts() {
    let files = [
        (
            "proc/self/cgroup",
            "4:cpu:/app\n1:name=systemd:/app\n0::/app.slice/app.service\n",
        ),
        (
            "sys/fs/cgroup/memory/memory.limit_in_bytes",
            "9223372036854771712\n",
        ),
        ("sys/fs/cgroup/memory/memory.usage_in_bytes", "8589934592\n"),
        ("sys/fs/cgroup/unified/app.slice/memory.max", "1073741824\n"),
        ("sys/fs/cgroup/unified/app.slice/memory.current", "1020054733\n"),
        (
            "sys/fs/cgroup/unified/app.slice/memory.stat",
            "inactive_file 53687092\n",
        ),
        ("sys/fs/cgroup/unified/app.slice/app.service/memory.max", "max\n"),
        (
            "sys/fs/cgroup/unified/app.slice/app.service/memory.current",
            "1\n",
        ),
    ];

    assert_eq!(
        verdict(&files),
        ("cgroup v2".to_owned(), GIB, 90.0, Status::Degraded)
    );
}

#[test]
fn the_tightest_of_both_versions_counts() {
    let files = [
        ("proc/self/cgroup", "4:memory:/app\n0::/app\n"),
        ("sys/fs/cgroup/memory/app/memory.limit_in_bytes", "2147483648\n"),
        ("sys/fs/cgroup/memory/app/memory.usage_in_bytes", "1073741824\n"),
        ("sys/fs/cgroup/unified/app/memory.max", "1073741824\n"),
        ("sys/fs/cgroup/unified/app/memory.current", "1020054733\n"),
    ];

    assert_eq!(
        verdict(&files),
        ("cgroup v2".to_owned(), GIB, 95.0, Status::Unhealthy)
    );
}

#[test]
fn the_tightest_ancestor_of_version_one_counts() {
    let files = [
        ("proc/self/cgroup", "9:memory,hugetlb:/kubepods/pod1/app\n"),
        (
            "sys/fs/cgroup/memory/memory.limit_in_bytes",
            "9223372036854771712\n",
        ),
        ("sys/fs/cgroup/memory/memory.usage_in_bytes", "8589934592\n"),
        (
            "sys/fs/cgroup/memory/kubepods/pod1/memory.limit_in_bytes",
            "1073741824\n",
        ),
        (
            "sys/fs/cgroup/memory/kubepods/pod1/memory.usage_in_bytes",
            "1020054733\n",
        ),
        (
            "sys/fs/cgroup/memory/kubepods/pod1/memory.stat",
            "total_inactive_file 161061274\n",
        ),
        (
            "sys/fs/cgroup/memory/kubepods/pod1/app/memory.limit_in_bytes",
            "2147483648\n",
        ),
        (
            "sys/fs/cgroup/memory/kubepods/pod1/app/memory.usage_in_bytes",
            "1073741824\n",
        ),
    ];

    assert_eq!(
        verdict(&files),
        ("cgroup v1".to_owned(), GIB, 80.0, Status::Healthy)
    );
}

#[test]
fn no_limit_of_version_one_is_no_limit() {
    let files = [
        ("proc/self/cgroup", "4:memory:/\n"),
        (
            "sys/fs/cgroup/memory/memory.limit_in_bytes",
            "9223372036854771712\n",
        ),
        ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1\n"),
    ];

    assert_eq!(verdict(&files).0, "system");
}

#[tokio::test]
async fn this_machine_tells_its_memory() {
    let verdict = MemoryCheck::new().run().await;

    assert!(matches!(verdict.details().find("rss"), Some(Detail::UInt(rss)) if *rss > 1 << 20));
    assert!(matches!(verdict.details().find("systemTotal"), Some(Detail::UInt(total)) if *total > 1 << 20));
}
