//! Files of the queue, and logs, that a dead process has left in pieces.

use std::{
    fs::{self, OpenOptions, read_to_string},
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
};

use groundcrew_logging::{Error, LogFile, Logging};
use tempfile::TempDir;
use tracing::{info, subscriber::with_default};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use super::{builder, config, leave_lines, lines, log_once, said, told};
use crate::capture::{DEADLINE, parse};

#[test]
fn a_file_that_cannot_be_read_is_set_aside_and_logging_goes_on() {
    type Damage = fn(&Path);
    let cases: [(&str, Damage); 4] = [
        ("it is no queue file", |ring| {
            fs::write(ring, "something of somebody else").unwrap();
        }),
        ("it is truncated", |ring| {
            OpenOptions::new()
                .write(true)
                .open(ring)
                .unwrap()
                .set_len(9_000)
                .unwrap();
        }),
        ("it has version 77, known is 2", |ring| put(ring, 8, 77)),
        ("its contents are damaged", |ring| put(ring, 8 * 2, 1 << 40)),
    ];
    for (reason, damage) in cases {
        let dir = TempDir::new().unwrap();
        let ring = dir.path().join("log.ring");
        leave_lines(dir.path());
        damage(&ring);
        let damaged = fs::read(&ring).unwrap();

        log_once(dir.path());

        let notice = format!("the queue file of an earlier process was set aside: \"{reason}\"");
        let said = said(dir.path());
        assert!(said.contains(&notice), "{said:?}");
        assert_eq!(said.last().unwrap(), "once: null");
        assert_eq!(fs::read(dir.path().join("log.ring.aside")).unwrap(), damaged);
        fs::remove_file(dir.path().join("stuck")).unwrap();
        leave_lines(dir.path());
        log_once(dir.path());
        assert!(
            lines(dir.path(), "combined.log")
                .iter()
                .any(|line| line.message() == "left too")
        );
    }
}

#[test]
fn damage_is_told_and_what_is_whole_is_replayed() {
    let dir = TempDir::new().unwrap();
    leave_lines(dir.path());
    let ring = dir.path().join("log.ring");
    let mut bytes = fs::read(&ring).unwrap();
    let text = b"left at redis";
    let at = bytes.windows(text.len()).position(|part| part == text).unwrap();
    bytes[at..at + 4].fill(0);
    fs::write(&ring, &bytes).unwrap();

    log_once(dir.path());

    assert_eq!(
        told(dir.path()),
        [
            "the queue file of an earlier process is damaged: 1 null",
            "lines of an earlier process were replayed: 50 null"
        ]
    );
    assert_eq!(fs::read(dir.path().join("log.ring.aside")).unwrap(), bytes);
    assert!(!fs::read(dir.path().join("combined.log")).unwrap().contains(&0));
}

/// Random words of the file replaced, most of them where the head, the lines or their marks are.
#[test]
fn no_damage_is_silent_or_ends_the_start() {
    let dir = TempDir::new().unwrap();
    leave_lines(dir.path());
    let (ring, combined) = (dir.path().join("log.ring"), dir.path().join("combined.log"));
    let (left, written) = (fs::read(&ring).unwrap(), fs::read(&combined).unwrap());
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..150 {
        let mut bytes = left.clone();
        for _ in 0..random.usize(1..4) {
            let most = *random.choice(&[40, 600, bytes.len() / 8]).unwrap();
            let at = 8 * random.usize(..most);
            let values = [0, 1, 400_000, u64::MAX, random.u64(..), 1 << random.u32(..64)];
            let value: u64 = *random.choice(&values).unwrap();
            bytes[at..at + 8].copy_from_slice(&value.to_ne_bytes());
        }
        fs::write(&ring, &bytes).unwrap();
        fs::write(&combined, &written).unwrap();

        log_once(dir.path());

        let lines = lines(dir.path(), "combined.log");
        let replayed = lines
            .iter()
            .filter(|line| *line.field("replayed") == true)
            .count();
        let is_told = lines
            .iter()
            .any(|line| line.message().ends_with("was set aside") || line.message().ends_with("is damaged"));
        assert!(replayed >= 51 || is_told, "round {round}: {replayed} lines");
    }
}

fn put(ring: &Path, at: u64, value: u64) {
    let mut file = OpenOptions::new().write(true).open(ring).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&value.to_ne_bytes()).unwrap();
}

#[test]
fn a_half_line_at_the_end_of_a_file_is_cut() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("combined.log"), "{\"n\":1}\n{\"n\":2").unwrap();

    log_once(dir.path());

    let lines = lines(dir.path(), "combined.log");
    assert_eq!(*lines[0].field("n"), 1);
    assert_eq!(lines[1].message(), "once");
}

#[test]
fn a_process_that_is_refused_cuts_nothing() {
    let dir = TempDir::new().unwrap();
    let mut first = config(dir.path());
    first.crash_safe = false;
    let (_layer, logging) = Logging::builder().config(first).build::<Registry>().unwrap();
    let combined = dir.path().join("combined.log");
    for text in ["{\"part of a line that the first one is writing", "{}\n{\"part"] {
        fs::write(&combined, text).unwrap();

        let Err(refused) = builder(dir.path()).build::<Registry>() else {
            panic!("it was accepted")
        };

        assert!(matches!(refused, Error::InUse { .. }), "{refused:?}");
        assert_eq!(read_to_string(&combined).unwrap(), text);
    }
    assert!(logging.shutdown(DEADLINE).is_clean());
}

#[test]
fn a_file_of_somebody_else_is_not_emptied() {
    let dir = TempDir::new().unwrap();
    let notes = dir.path().join("notes.txt");
    fs::write(&notes, "without a line feed").unwrap();

    let (layer, logging) = builder(dir.path()).file(LogFile::at(&notes)).build().unwrap();
    with_default(Registry::default().with(layer), || info!("once"));
    assert!(logging.shutdown(DEADLINE).is_clean());

    let text = read_to_string(&notes).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    assert_eq!(first, "without a line feed");
    assert_eq!(parse(rest)[0].message(), "once");
}
