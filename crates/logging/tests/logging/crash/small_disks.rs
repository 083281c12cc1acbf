//! Disks without room for the queue, or for the files.

use std::{fs, io::Write as _, path::Path, process::Command};

use groundcrew_base::ByteSize;
use groundcrew_logging::Logging;
use tempfile::TempDir;
use tracing::{info, subscriber::with_default};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use super::{builder, config, said};
use crate::{capture::DEADLINE, process::child};

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_on_a_full_disk() {
    let directory = std::env::var_os("DIRECTORY").unwrap();
    let directory = Path::new(&directory);
    let (layer, logging) = builder(directory).build().unwrap();
    let filler = vec![b'x'; 64 * 1024];
    let mut file = fs::File::create(directory.join("filler")).unwrap();
    while file.write_all(&filler).is_ok() {}
    with_default(Registry::default().with(layer), || {
        for n in 0..5_000 {
            info!(n, "every page of the queue is used while the disk is full");
        }
    });
    let report = logging.shutdown(DEADLINE);
    let lines = logging.stats().sinks[0].lines;
    assert_eq!(lines.accepted, lines.written + lines.dropped.total());
    assert!(report.is_clean() && lines.dropped.io > 0, "{lines:?}");
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_without_room_for_the_queue() {
    let directory = std::env::var_os("DIRECTORY").unwrap();
    let mut config = config(Path::new(&directory));
    config.queue_size = ByteSize::mib(64);
    let (layer, logging) = Logging::builder().config(config).build().unwrap();
    with_default(Registry::default().with(layer), || info!("once"));
    assert!(logging.shutdown(DEADLINE).is_clean());
    let said = said(Path::new(&directory));
    assert!(
        said[0].starts_with("the queue is not crash-safe: \"No space left on device"),
        "{said:?}"
    );
    assert_eq!(said[1], "once: null");
    assert_eq!(
        fs::metadata(Path::new(&directory).join("log.ring"))
            .unwrap()
            .len(),
        0
    );
}

/// Runs a test of this file where the directory is a filesystem of so many bytes.
fn on_a_small_disk(test: &str, size: &str) {
    let dir = TempDir::new().unwrap();
    let this = child(test);
    let mount = format!("mount -t tmpfs -o size={size} tmpfs \"$DIRECTORY\" && exec \"$0\" \"$@\"");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &mount])
        .arg(this.get_program())
        .args(this.get_args())
        .env("DIRECTORY", dir.path())
        .output()
        .unwrap();

    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_full_disk_is_an_error_of_the_files_and_never_a_signal() {
    on_a_small_disk("crash::small_disks::child_on_a_full_disk", "2m");
}

#[test]
fn without_room_for_the_file_the_queue_is_plain_memory_and_says_so() {
    on_a_small_disk("crash::small_disks::child_without_room_for_the_queue", "2m");
}
