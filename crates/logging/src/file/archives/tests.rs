use std::os::unix::fs::symlink;

#[cfg(feature = "gzip")]
use rustix::io::Errno;
use tempfile::TempDir;

#[cfg(feature = "gzip")]
use super::super::disk::script;
use super::*;

fn archives(dir: &TempDir, count: u64) -> Archives {
    let limits = Limits {
        count,
        total: None,
        age: None,
    };
    let counters = Arc::<FileCounters>::default();
    Archives::new(
        &dir.path().join("app.log"),
        limits,
        Compress::Gzip,
        Clock::system(),
        counters,
    )
}

fn write(dir: &TempDir, name: &str) -> PathBuf {
    let path = dir.path().join(name);
    fs::write(&path, "{\"n\":1}\n").unwrap();
    path
}

#[test]
fn a_number_whose_name_somebody_has_taken_is_skipped() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("app.000001.log")).unwrap();
    symlink("nowhere", dir.path().join("app.000002.log")).unwrap();

    let next = archives(&dir, 9).next(None).unwrap();

    assert_eq!(next, dir.path().join("app.000003.log"));
}

#[test]
fn one_that_is_being_replaced_by_its_compressed_form_counts_once() {
    let dir = TempDir::new().unwrap();
    let kept = ["app.000002.log.gz", "app.000003.log", "app.000003.log.gz"].map(|name| write(&dir, name));
    let oldest = write(&dir, "app.000001.log.gz");

    archives(&dir, 2).enforce(Counted::All);

    assert!(kept.iter().all(|path| path.exists()));
    assert!(!oldest.exists());
}

#[test]
fn half_an_archive_of_a_dead_process_goes_and_its_plain_form_stays() {
    let dir = TempDir::new().unwrap();
    let (plain, half) = (write(&dir, "app.000001.log"), write(&dir, "app.000001.log.zst"));
    let temporary = write(&dir, ".app.000002.log.gz.tmp");
    let whole = write(&dir, "app.000002.log.gz");

    archives(&dir, 9).tidy();

    assert!(plain.exists() && whole.exists());
    assert!(!half.exists() && !temporary.exists());
}

#[test]
fn a_number_whose_compressed_name_somebody_has_taken_is_skipped() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("app.000001.log.gz")).unwrap();
    symlink("nowhere", dir.path().join("app.000002.log.zst")).unwrap();

    let next = archives(&dir, 9).next(None).unwrap();

    assert_eq!(next, dir.path().join("app.000003.log"));
}

#[cfg(feature = "gzip")]
#[test]
fn a_plain_archive_goes_when_its_compressed_form_and_the_name_of_that_are_on_the_disk() {
    let dir = TempDir::new().unwrap();
    let plain = write(&dir, "app.000001.log");

    archives(&dir, 9).compress_all(&AtomicBool::new(false));

    assert!(!plain.exists());
    assert_eq!(
        script::steps(),
        [
            "sync .app.000001.log.gz.tmp",
            "rename .app.000001.log.gz.tmp",
            "sync directory",
            "remove app.000001.log",
        ]
    );
}

#[cfg(feature = "gzip")]
#[test]
fn a_plain_archive_stays_when_a_step_before_its_end_fails() {
    for (step, left) in [
        ("sync .app", vec![]),
        ("rename", vec![]),
        ("sync directory", vec!["app.000001.log.gz"]),
        ("remove", vec!["app.000001.log.gz"]),
    ] {
        let dir = TempDir::new().unwrap();
        write(&dir, "app.000001.log");
        let archives = archives(&dir, 9);

        script::fail(Some((step, Errno::IO)));
        archives.compress_all(&AtomicBool::new(false));
        script::fail(None);

        let entries = fs::read_dir(dir.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, [vec!["app.000001.log"], left].concat(), "{step}");
        assert_eq!(archives.counters.snapshot().compression_failures, 1, "{step}");
    }
    script::steps();
}

#[cfg(feature = "gzip")]
#[test]
fn a_directory_that_cannot_be_synced_holds_nothing_up() {
    for code in [Errno::INVAL, Errno::BADF, Errno::ACCESS, Errno::OPNOTSUPP] {
        let dir = TempDir::new().unwrap();
        let plain = write(&dir, "app.000001.log");
        let archives = archives(&dir, 9);

        script::fail(Some(("sync directory", code)));
        archives.compress_all(&AtomicBool::new(false));
        script::fail(None);

        assert!(!plain.exists(), "{code:?}");
        assert!(dir.path().join("app.000001.log.gz").exists(), "{code:?}");
        assert_eq!(archives.counters.snapshot().compression_failures, 0, "{code:?}");
    }
    script::steps();
}

#[cfg(feature = "gzip")]
#[test]
fn a_plain_archive_goes_at_the_next_try_when_the_names_are_on_the_disk_then() {
    let dir = TempDir::new().unwrap();
    let plain = write(&dir, "app.000001.log");
    let archives = archives(&dir, 9);
    script::fail(Some(("sync directory", Errno::IO)));
    archives.compress_all(&AtomicBool::new(false));
    script::fail(None);
    assert!(plain.exists());

    archives.compress_all(&AtomicBool::new(false));

    assert!(!plain.exists());
    assert!(dir.path().join("app.000001.log.gz").exists());
    assert_eq!(archives.counters.snapshot().compressions, 1);
    script::steps();
}

#[cfg(feature = "gzip")]
#[test]
fn what_cannot_get_its_name_is_given_up_and_the_plain_form_stays() {
    let dir = TempDir::new().unwrap();
    let plain = write(&dir, "app.000001.log");
    fs::create_dir(dir.path().join("app.000001.log.gz")).unwrap();
    let archives = archives(&dir, 9);

    archives.compress_all(&AtomicBool::new(false));

    assert!(plain.exists());
    assert!(!dir.path().join(".app.000001.log.gz.tmp").exists());
    assert_eq!(archives.plain(), 1);
}

#[cfg(feature = "gzip")]
#[test]
fn one_that_was_removed_while_it_was_compressed_does_not_come_back() {
    let dir = TempDir::new().unwrap();
    let (plain, target) = (
        dir.path().join("app.000001.log"),
        dir.path().join("app.000001.log.gz"),
    );
    let temporary = write(&dir, ".app.000001.log.gz.tmp");

    let replaced = archives(&dir, 9).replace(&plain, &temporary, &target);

    assert!(!replaced.unwrap());
    assert!(!target.exists());
}
