//! Disks that fill up.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use groundcrew_base::ByteSize;
use groundcrew_health::{Check, Detail, Status, Verdict, checks::DiskCheck};
use groundcrew_testkit::disk_of_inodes;

fn number(verdict: &Verdict, name: &str) -> u64 {
    match verdict.details().find(name) {
        Some(Detail::UInt(number)) => *number,
        other => panic!("{name}: {other:?}"),
    }
}

/// Makes empty files until so many percent of the inodes are in use.
async fn fill(check: &DiskCheck, directory: &Path, percent: u64) -> Vec<PathBuf> {
    let mut files = Vec::new();
    loop {
        let verdict = check.run().await;
        let (total, free) = (number(&verdict, "totalInodes"), number(&verdict, "freeInodes"));
        if (total - free) * 100 >= total * percent {
            return files;
        }
        let path = directory.join(format!("{percent}-{}", files.len()));
        fs::write(&path, "").unwrap();
        files.push(path);
    }
}

#[tokio::test]
async fn a_disk_without_an_inode_left_is_full_however_many_bytes_it_has() {
    let disk = disk_of_inodes(ByteSize::mib(64), 400).await.unwrap();
    let check = DiskCheck::paths([disk.path()]);
    let fine = check.run().await;
    assert_eq!(
        (fine.status(), number(&fine, "totalInodes")),
        (Status::Healthy, 400)
    );

    let files = fill(&check, disk.path(), 81).await;
    let degraded = check.run().await;
    fill(&check, disk.path(), 100).await;
    let full = check.run().await;
    let refused = fs::write(disk.path().join("one more"), "").unwrap_err();

    assert_eq!(degraded.status(), Status::Degraded, "{degraded:?}");
    assert_eq!(refused.kind(), ErrorKind::StorageFull);
    assert_eq!(
        (full.status(), number(&full, "freeInodes")),
        (Status::Unhealthy, 0)
    );
    let reason = full.reason().unwrap();
    assert!(reason.ends_with("mount (inodes) 100.0 % full"), "{reason}");
    assert_eq!(
        full.details().find("inodeUsagePercent"),
        Some(&Detail::Float(100.0))
    );
    assert!(number(&full, "freeBytes") > 60 << 20, "{full:?}");
    assert!(matches!(full.details().find("usagePercent"), Some(Detail::Float(percent)) if *percent < 1.0));

    for file in files {
        fs::remove_file(file).unwrap();
    }
    assert_eq!(check.run().await.status(), Status::Healthy);
}
