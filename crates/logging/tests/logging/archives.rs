//! Full files: when they are made, how many stay, how they are compressed.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, SystemTime},
};

use groundcrew_base::{ByteSize, ManualClock};
use groundcrew_logging::Rotate;

use crate::{
    capture::{DEADLINE, run},
    folder::{Folder, log, log_one, logging, numbers, until},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn noon() -> ManualClock {
    let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let midnight = today.as_secs() / DAY.as_secs() * DAY.as_secs();
    ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(midnight) + DAY / 2)
}

fn age(path: &Path, age: Duration) {
    let file = File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

#[test]
fn a_day_gets_a_file_of_its_own_with_its_date() {
    let folder = Folder::new();
    let clock = noon();
    let builder =
        logging(folder.file().max_size(ByteSize::mib(1)).rotate(Rotate::Daily)).clock(clock.clock());

    run(builder, |logging| {
        for day in 0..4 {
            log_one(logging, 2 * day);
            log_one(logging, 2 * day + 1);
            clock.advance(DAY);
        }
    });

    let archives = folder.archives();
    assert_eq!(archives.len(), 3, "{archives:?}");
    for (at, archive) in archives.iter().enumerate() {
        let day = 2 * at as u64;
        assert_eq!(numbers(&folder.path(archive)), [day, day + 1]);
        let date = archive.strip_prefix(&format!("app.{:06}.20", at + 1)).unwrap();
        assert_eq!(date.len(), "26-11-22.log".len(), "{archive}");
    }
    assert_eq!(numbers(&folder.path("app.log")), [6, 7]);
}

#[test]
fn a_file_that_one_line_has_filled_stays_the_current_one_until_the_next_line() {
    let folder = Folder::new();
    let other = folder.path("other.log");
    let builder = logging(folder.file()).file(groundcrew_logging::LogFile::at(&other));

    run(builder, |logging| {
        tracing::info!(n = 0_u64, "{}", "x".repeat(5000));
        logging.flush(DEADLINE).unwrap();
        // Both are looked after together, and at this one it shows; twice, for the line has come in between.
        for _ in 0..2 {
            fs::remove_file(&other).unwrap();
            until("the other file", || other.exists());
        }
        assert_eq!(numbers(&folder.path("app.log")), [0]);
        log_one(logging, 1);
    });

    assert_eq!(numbers(&folder.path("app.000001.log")), [0]);
    assert_eq!(numbers(&folder.path("app.log")), [1]);
}

#[test]
fn a_day_ends_though_nothing_is_logged_and_only_once() {
    let folder = Folder::new();
    let clock = noon();
    let builder = logging(folder.file().rotate(Rotate::Daily)).clock(clock.clock());

    run(builder, |logging| {
        log_one(logging, 0);
        clock.advance(DAY);
        until("rotation", || folder.archives().len() == 1);
        clock.advance(DAY);
        logging.reopen();
        logging.flush(DEADLINE).unwrap();
        log_one(logging, 1);
        assert_eq!(logging.stats().sinks[0].file.unwrap().rotations, 1);
    });

    assert_eq!(numbers(&folder.path("app.log")), [1]);
}

#[test]
fn a_restart_goes_on_with_the_file_of_the_day_and_ends_that_of_an_earlier_one() {
    let folder = Folder::new();
    let file = || folder.file().rotate(Rotate::Daily);

    log(logging(file()), 0..1);
    log(logging(file()), 1..2);
    assert_eq!(folder.names(), ["app.log"]);
    age(&folder.path("app.log"), 2 * DAY);
    log(logging(file()), 2..3);

    assert_eq!(folder.archives().len(), 1);
    assert_eq!(numbers(&folder.path("app.log")), [2]);
    assert_eq!(folder.numbers(), [0, 1, 2]);
}

#[test]
fn a_clock_that_goes_back_overwrites_nothing_and_rotates_nothing() {
    let folder = Folder::new();
    let clock = noon();
    let file = || folder.file().rotate(Rotate::Hourly).max_files(100);
    let builder = logging(file()).clock(clock.clock());

    let stats = run(builder, |logging| {
        for n in 0..40 {
            // Small steps around the full hour, and one of ten days.
            match n {
                20 => clock.set(noon_before(10)),
                _ if n % 2 == 0 => clock.advance(Duration::from_secs(2)),
                _ => clock.set(before(&clock, 2)),
            }
            log_one(logging, n);
        }
        logging.stats()
    });
    log(logging(file()).clock(clock.clock()), 40..60);

    assert_eq!(folder.numbers(), (0..60).collect::<Vec<u64>>());
    // Each full file is one, and the first of the swings.
    let rotations = stats.sinks[0].file.unwrap().rotations;
    assert!(rotations <= 40 / 4 + 2, "{rotations}");
}

fn noon_before(days: u32) -> SystemTime {
    noon().clock().now() - days * DAY
}

fn before(clock: &ManualClock, seconds: u64) -> SystemTime {
    clock.clock().now() - Duration::from_secs(seconds)
}

#[test]
fn all_full_files_together_stay_below_their_limit_across_restarts() {
    let folder = Folder::new();
    let sizes = |folder: &Folder| -> Vec<u64> {
        let archives = folder.archives();
        let sizes = archives
            .iter()
            .map(|name| fs::metadata(folder.path(name)).unwrap().len());
        sizes.collect()
    };

    let stats = log(
        logging(folder.file().max_files(100).max_total(ByteSize::new(4500))),
        0..60,
    );
    let before = sizes(&folder);
    log(
        logging(folder.file().max_files(100).max_total(ByteSize::new(2500))),
        60..61,
    );
    let after = sizes(&folder);

    assert!(
        before.iter().sum::<u64>() <= 4500 && before.len() >= 4,
        "{before:?}"
    );
    assert!(after.iter().sum::<u64>() <= 2500 && after.len() >= 2, "{after:?}");
    assert!(stats.sinks[0].file.unwrap().archives_removed >= 5, "{stats:?}");
    let kept = folder.numbers();
    assert_eq!(kept, (kept[0]..61).collect::<Vec<u64>>(), "a gap");
}

#[test]
fn full_files_go_when_they_are_too_old() {
    let folder = Folder::new();
    let file = || folder.file().max_files(100).max_age(7 * DAY);
    log(logging(file()), 0..19);
    let archives = folder.archives();
    age(&folder.path(&archives[0]), 8 * DAY);
    age(&folder.path(&archives[1]), 6 * DAY);

    let stats = log(logging(file()), 19..20);

    assert_eq!(folder.archives(), archives[1..]);
    assert_eq!(stats.sinks[0].file.unwrap().archives_removed, 1);
}

#[test]
fn a_mode_holds_for_all_files_and_when_it_is_changed() {
    let folder = Folder::new();
    let modes = |folder: &Folder| -> Vec<u32> {
        let mode = |name: &String| fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o777;
        folder.names().iter().map(mode).collect()
    };

    log(logging(folder.file().mode("0666".parse().unwrap())), 0..6);
    assert_eq!(modes(&folder), [0o666, 0o666], "the umask takes nothing away");
    log(logging(folder.file().mode("0600".parse().unwrap())), 6..7);

    assert_eq!(modes(&folder), [0o666, 0o600], "a full file is left as it was");
}

#[test]
fn two_files_of_one_name_in_two_directories_have_two_names_in_the_statistics() {
    let folder = Folder::new();
    let (a, b) = (folder.path("a/app.log"), folder.path("b/app.log"));
    let builder = logging(groundcrew_logging::LogFile::at(&a)).file(groundcrew_logging::LogFile::at(&b));

    let stats = log(builder, 0..3);

    let names: Vec<&str> = stats.sinks.iter().map(|sink| sink.name.as_str()).collect();
    assert_eq!(names, ["app.log", b.to_str().unwrap()]);
    assert_eq!((numbers(&a), numbers(&b)), (vec![0, 1, 2], vec![0, 1, 2]));
}
