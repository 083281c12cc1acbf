//! What the file says at every moment, for a process may die at any.

use std::{cell::RefCell, fs, mem};

use tempfile::NamedTempFile;

use super::{
    Half,
    check::checksum_of,
    layout::{CHECK_AT, FILES_CHECK_AT, HALF_AT, HEAD, Image, MAGIC, MAGIC_AT, VERSION, VERSION_AT, check},
    map::{Parts, map},
};

type Watch = Box<dyn Fn()>;

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// Something was written to the memory.
pub(super) fn pass() {
    WATCH.with_borrow(|watch| {
        if let Some(watch) = watch {
            watch();
        }
    });
}

/// Calls `watch` after every write of `work`.
fn watching(watch: impl Fn() + 'static, work: impl FnOnce()) {
    WATCH.set(Some(Box::new(watch)));
    work();
    drop(WATCH.take());
}

#[test]
#[cfg_attr(miri, ignore = "it maps a file")]
fn at_every_moment_the_file_holds_whole_lines_and_no_damage() {
    const HALF: usize = 4096;

    let file = NamedTempFile::new().unwrap();
    file.as_file().set_len((HEAD + 2 * HALF) as u64).unwrap();
    let Parts { words, regions } = map(file.reopen().unwrap(), HEAD, HALF).unwrap();
    words.store(VERSION_AT, VERSION);
    words.store(HALF_AT, HALF as u64);
    words.store(CHECK_AT, check(HALF));
    words.store(FILES_CHECK_AT, checksum_of(&[0; 32]));
    words.store(MAGIC_AT, MAGIC);
    let [region, _] = regions;
    let mut half = Half::new(words, region, 0, 1);
    let seen = std::rc::Rc::new(RefCell::new(Vec::new()));
    let noted = std::rc::Rc::clone(&seen);
    let path = file.path().to_owned();
    let look = move || {
        let image = Image::parse(&fs::read(&path).unwrap()).unwrap();
        assert!(image.damage.is_none(), "{:?}", image.damage);
        let lost = image.lost.into_iter().flat_map(|lost| lost.lines);
        let lines: Vec<_> = lost.map(|line| String::from_utf8(line.bytes).unwrap()).collect();
        noted.borrow_mut().push(lines.concat());
    };

    watching(look, || {
        for round in 0..3 {
            half.push(format!("{{\"n\":{round}}}\n").as_bytes(), 1);
            half.push(b"{\"longer\":\"than the first\"}\n", 1);
            half.clear();
            half.begin(round + 2);
        }
    });

    let mut seen = mem::take(&mut *seen.borrow_mut());
    seen.dedup();
    let mut expected = vec![String::new()];
    for round in 0..3 {
        let one = format!("{{\"n\":{round}}}\n");
        expected.extend([
            one.clone(),
            one + "{\"longer\":\"than the first\"}\n",
            String::new(),
        ]);
    }
    assert_eq!(seen, expected);
}
