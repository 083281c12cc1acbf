//! What a start makes of what an earlier process has left.

use std::{
    fs, io,
    path::Path,
    sync::{Arc, Mutex},
};

use tempfile::TempDir;

use super::{
    check::{checksum_of, unsealed},
    journal::inode,
    layout::{Damage, FILES_CHECK_AT, Intent, file_at, generation_at},
    tests::{filled, put},
    *,
};
use crate::Sink;

/// Takes all lines or none.
#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<u8>>>, bool);

impl Sink for Collected {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if self.1 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.lock().unwrap().extend_from_slice(lines);
        Ok(lines.len())
    }
}

/// Leaves three lines, one of them for a file that is no more.
fn leave(directory: &Path) {
    let mut bytes = filled();
    let mut files = [0; 32];
    files[0] = Target::new(directory, directory.join("combined.log")).name;
    files[1] = 99;
    for (slot, file) in files.into_iter().enumerate() {
        put(&mut bytes, file_at(slot), file);
    }
    put(&mut bytes, FILES_CHECK_AT, checksum_of(&files));
    fs::write(directory.join(place::FILE_NAME), bytes).unwrap();
}

fn start(directory: &Path, sink: &Collected, capacity: usize) -> (Buffers, Vec<RingNotice>) {
    let file = LogFile::at(directory.join("combined.log"));
    let mut outlets = [Outlet {
        name: "combined.log".to_owned(),
        encoding: Encoding::Json,
        least: Level::TRACE,
        sink: Box::new(sink.clone()),
    }];
    let ring = Ring::open(directory, &[&file]).unwrap();
    let (buffers, _, notices) = ring.start(&mut outlets, 0, capacity);
    (buffers, notices)
}

fn bytes(directory: &Path) -> Vec<u8> {
    fs::read(directory.join(place::FILE_NAME)).unwrap()
}

fn text(sink: &Collected) -> String {
    String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
}

const REPLAYED: &str = "{\"n\":1,\"replayed\":true}\n{\"n\":2,\"replayed\":true}\nfor people\n";
const CAPACITY: usize = 64 * 1024;

#[test]
#[cfg_attr(miri, ignore = "it maps a file")]
fn what_was_left_is_written_once_and_batches_are_numbered_on() {
    let dir = TempDir::new().unwrap();
    leave(dir.path());
    let sink = Collected::default();

    let (buffers, _) = start(dir.path(), &sink, CAPACITY);

    let mut lines: Vec<String> = text(&sink).lines().map(ToOwned::to_owned).collect();
    lines.sort_unstable();
    let mut expected: Vec<&str> = REPLAYED.lines().collect();
    expected.sort_unstable();
    assert_eq!(lines, expected);
    let bytes = bytes(dir.path());
    assert_eq!(Image::parse(&bytes).unwrap().lost, []);
    for place in 0..2 {
        // What an earlier process noted about its batches says nothing about ours.
        let at = 8 * generation_at(place);
        let word = u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!(unsealed(word), Some(9));
    }
    assert!(buffers.journal.is_some());
}

#[test]
#[cfg_attr(miri, ignore = "it maps a file")]
fn what_was_written_is_not_written_again_where_no_queue_can_be_mapped() {
    let dir = TempDir::new().unwrap();
    leave(dir.path());
    let sink = Collected::default();

    let (buffers, notices) = start(dir.path(), &sink, 1 << 30);
    assert!(buffers.journal.is_none());
    assert!(
        matches!(notices.last(), Some(RingNotice::Off { .. })),
        "{notices:?}"
    );
    start(dir.path(), &sink, CAPACITY);

    assert_eq!(text(&sink).len(), REPLAYED.len(), "{}", text(&sink));
}

#[test]
#[cfg_attr(miri, ignore = "it maps a file")]
fn what_no_file_takes_is_kept_for_the_next_process() {
    let dir = TempDir::new().unwrap();
    leave(dir.path());
    let full = Collected(Arc::default(), true);

    let (buffers, notices) = start(dir.path(), &full, CAPACITY);

    assert!(buffers.journal.is_none());
    let RingNotice::Off { why } = notices.last().unwrap() else {
        panic!("{notices:?}");
    };
    assert_eq!(why, "not all that it holds could be written");
    let sink = Collected::default();
    start(dir.path(), &sink, CAPACITY);
    assert_eq!(text(&sink).len(), REPLAYED.len(), "{}", text(&sink));
}

/// How many lines of each half are taken to be in a file that has three lines of four.
fn done(generation: u64, first: u64, size: usize, damage: Damage) -> Vec<usize> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("combined.log");
    let line = |n: usize| format!("{{\"n\":{n},\"replayed\":true}}\n");
    fs::write(&path, [1, 2, 3].map(line).concat()).unwrap();
    let target = Target::new(dir.path(), path.clone());
    let lost = |generation, [from, to]: [usize; 2]| Lost {
        generation,
        lines: (from..=to)
            .map(|n| LostLine {
                route: 1,
                bytes: format!("{{\"n\":{n}}}\n").into(),
            })
            .collect(),
    };
    let image = Image {
        lost: vec![lost(7, [1, 2]), lost(8, [3, 4])],
        intents: vec![Intent {
            generation,
            name: target.name,
            inode: inode(&fs::metadata(&path).unwrap()),
            size: (size * line(1).len()) as u64,
            first,
            is_replay: true,
        }],
        damage,
        ..Image::default()
    };
    Part::new(&image, target, 0, [1, 0]).done
}

#[test]
#[cfg_attr(miri, ignore = "it reads files")]
fn a_replay_that_broke_off_is_taken_up_where_it_was() {
    let none = Damage::default();
    let damaged = Damage {
        lines: 1,
        is_elsewhere: false,
    };

    // It was at the second half, and had written one line of it.
    assert_eq!(done(8, 0, 2, none), [2, 1]);
    // It had written the first line before, and was at the first half.
    assert_eq!(done(7, 1, 1, none), [2, 0]);
    // Where lines are missing, nobody knows which ones it had counted.
    assert_eq!(done(7, 1, 1, damaged), [0, 0]);
}
