//! Files that somebody else moves, removes, empties or replaces.

use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::Path,
    process::Command,
};

use groundcrew_base::ByteSize;
use groundcrew_logging::{LogFile, Logging};

use crate::{
    capture::{DEADLINE, run},
    folder::{Folder, log, log_one, logging, numbers, text, until},
};

/// Waits until the log has noticed: from then on there is a file that is not `old`.
fn await_new(path: &Path, old: u64) {
    until("a new file", || {
        fs::metadata(path).is_ok_and(|metadata| metadata.ino() != old)
    });
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

fn reopens(logging: &Logging) -> u64 {
    logging.stats().sinks[0].file.unwrap().reopens
}

#[test]
fn a_file_that_is_moved_away_is_followed_until_a_new_one_is_there_and_no_line_is_lost() {
    let folder = Folder::new();
    let (path, moved) = (folder.path("app.log"), folder.path("app.log.1"));

    run(logging(folder.file().max_size(ByteSize::mib(1))), |logging| {
        log_one(logging, 0);
        fs::rename(&path, &moved).unwrap();
        until("a new file", || path.exists());
        log_one(logging, 1);
        assert_eq!(reopens(logging), 1);
    });

    assert_eq!((numbers(&moved), numbers(&path)), (vec![0], vec![1]));
}

#[test]
fn a_full_file_that_was_moved_away_is_not_rotated_but_made_anew() {
    let folder = Folder::new();
    let (path, moved) = (folder.path("app.log"), folder.path("app.log.1"));

    let stats = run(logging(folder.file()), |logging| {
        for n in 0..4 {
            log_one(logging, n);
        }
        fs::rename(&path, &moved).unwrap();
        for n in 4..7 {
            log_one(logging, n);
        }
        logging.stats()
    });

    assert_eq!([numbers(&moved), numbers(&path)].concat(), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(folder.names(), ["app.log", "app.log.1"]);
    assert_eq!(
        (
            stats.sinks[0].file.unwrap().rotations,
            stats.sinks[0].file.unwrap().reopens
        ),
        (0, 1)
    );
}

#[test]
fn reopening_by_hand_is_done_when_a_flush_returns() {
    let folder = Folder::new();
    let (path, moved) = (folder.path("app.log"), folder.path("app.log.1"));

    run(logging(folder.file().max_size(ByteSize::mib(1))), |logging| {
        for n in 0..50 {
            log_one(logging, n);
            fs::rename(&path, moved.with_extension(n.to_string())).unwrap();
            logging.reopen();
            logging.flush(DEADLINE).unwrap();
            assert!(path.exists(), "{n}");
        }
        assert!(reopens(logging) >= 50);
    });

    for n in 0..50 {
        assert_eq!(numbers(&moved.with_extension(n.to_string())), [n]);
    }
}

#[test]
fn a_removed_file_and_a_removed_directory_come_back() {
    let folder = Folder::new();
    let path = folder.path("deep/er/app.log");

    run(logging(LogFile::at(&path)), |logging| {
        log_one(logging, 0);
        fs::remove_file(&path).unwrap();
        until("the file", || path.exists());
        log_one(logging, 1);
        fs::remove_dir_all(folder.path("deep")).unwrap();
        until("the directory", || path.exists());
        log_one(logging, 2);
        // The lock has come back too.
        assert!(logging_again(&path).is_err());
    });

    assert_eq!(numbers(&path), [2]);
}

fn logging_again(path: &Path) -> Result<(), groundcrew_logging::Error> {
    logging(LogFile::at(path))
        .build::<tracing_subscriber::Registry>()
        .map(drop)
}

#[test]
fn while_no_new_file_can_be_made_lines_go_on_into_the_old_one() {
    let folder = Folder::new();
    let (path, moved) = (folder.path("logs/app.log"), folder.path("moved"));

    run(logging(LogFile::at(&path)), |logging| {
        log_one(logging, 0);
        fs::rename(folder.path("logs"), &moved).unwrap();
        fs::write(folder.path("logs"), "a file where the directory was").unwrap();
        let failed = || logging.stats().sinks[0].file.unwrap().reopen_failures > 0;
        until("a failed attempt", failed);
        log_one(logging, 1);
        assert_eq!(numbers(&moved.join("app.log")), [0, 1]);
        fs::remove_file(folder.path("logs")).unwrap();
        until("the file", || path.exists());
        log_one(logging, 2);
        assert_eq!(logging.stats().lines.dropped.total(), 0);
    });

    assert_eq!(numbers(&path), [2]);
}

#[test]
fn a_directory_in_the_place_of_a_full_file_costs_no_line_and_few_attempts() {
    let folder = Folder::new();
    let (path, moved) = (folder.path("app.log"), folder.path("moved"));

    run(
        logging(folder.file().max_size(ByteSize::new(10_000))),
        |logging| {
            log_one(logging, 0);
            fs::rename(&path, &moved).unwrap();
            fs::create_dir(&path).unwrap();
            for n in 1..300 {
                log_one(logging, n);
            }
            let failures = logging.stats().sinks[0].file.unwrap().reopen_failures;
            assert!((5..=100).contains(&failures), "{failures}");
            assert_eq!(numbers(&moved), (0..300).collect::<Vec<u64>>());
            fs::remove_dir(&path).unwrap();
            until("the file", || path.is_file());
            log_one(logging, 300);
        },
    );

    assert_eq!(numbers(&path), [300]);
}

#[test]
fn a_file_that_was_replaced_is_appended_to_and_keeps_its_mode() {
    let folder = Folder::new();
    let path = folder.path("app.log");

    run(logging(folder.file()), |logging| {
        log_one(logging, 0);
        let old = inode(&path);
        let new = folder.path("new");
        fs::write(&new, "{\"n\":100}\n").unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o604)).unwrap();
        fs::rename(&new, &path).unwrap();
        await_new(&path, old);
        until("the reopening", || reopens(logging) == 1);
        log_one(logging, 1);
    });

    assert_eq!(numbers(&path), [100, 1]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o604);
}

#[test]
fn a_file_that_was_emptied_is_filled_again_from_its_start() {
    let folder = Folder::new();
    let path = folder.path("app.log");

    run(logging(folder.file()), |logging| {
        for round in 0..5 {
            for n in 0..3 {
                log_one(logging, 10 * round + n);
            }
            assert_eq!(numbers(&path).len(), 3);
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_len(0)
                .unwrap();
        }
        for n in 50..54 {
            log_one(logging, n);
        }
        assert_eq!(
            logging.stats().sinks[0].file.unwrap().rotations,
            0,
            "it was never full"
        );
        log_one(logging, 54);
        assert_eq!(logging.stats().sinks[0].file.unwrap().rotations, 1);
    });

    assert!(!text(&folder.path("app.000001.log")).contains('\0'));
    assert_eq!(folder.numbers(), [50, 51, 52, 53, 54]);
}

#[test]
fn behind_a_symbolic_link_the_target_is_rotated_and_the_link_stays() {
    let folder = Folder::new();
    fs::create_dir(folder.path("disk")).unwrap();
    // Nothing is there yet.
    symlink("disk/real.log", folder.path("app.log")).unwrap();
    let file = || folder.file().max_files(100);

    log(logging(file()), 0..9);
    log(logging(file()), 9..20);

    assert!(fs::symlink_metadata(folder.path("app.log")).unwrap().is_symlink());
    assert_eq!(folder.names(), ["app.log", "disk"]);
    let mut all = Vec::new();
    for number in 1..5 {
        all.extend(numbers(&folder.path(format!("disk/real.{number:06}.log"))));
    }
    all.extend(numbers(&folder.path("app.log")));
    assert_eq!(all, (0..20).collect::<Vec<u64>>());
}

/// Runs the stock tool once, as cron does.
fn logrotate(folder: &Folder, configuration: &str) {
    let path = folder.path("logrotate.conf");
    let text = if is_root() {
        format!("su root root\n{configuration}")
    } else {
        configuration.to_owned()
    };
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let output = Command::new("logrotate")
        .args(["--force", "--state"])
        .arg(folder.path("state"))
        .arg(&path)
        .output()
        .unwrap_or_else(|error| panic!("logrotate: {error}; apt-get install logrotate"));
    assert!(output.status.success(), "{output:?}");
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// The configurations of the guide, for this folder.
fn documented(folder: &Folder) -> Vec<String> {
    let guide = include_str!("../../../../docs/logging.md");
    let blocks = guide.split("```logrotate\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    let here = folder.path("");
    blocks
        .map(|block| block.replace("/var/log/app/", here.to_str().unwrap()))
        .collect()
}

/// The numbers of the moved files, the oldest first.
fn moved(folder: &Folder) -> Vec<u64> {
    let mut names = folder.names();
    names.retain(|name| name.starts_with("app.log."));
    names.sort_by_key(|name| std::cmp::Reverse(name.split('.').nth(2).unwrap().parse::<u32>().unwrap()));
    names
        .iter()
        .flat_map(|name| numbers(&folder.path(name)))
        .collect()
}

#[test]
fn logrotate_create_of_the_guide_is_noticed_without_a_signal() {
    let folder = Folder::new();
    let path = folder.path("app.log");
    let configuration = &documented(&folder)[0];
    assert!(configuration.contains("create 0640"), "{configuration}");

    run(logging(folder.file().max_size(ByteSize::gib(1024))), |logging| {
        for n in 0..3 {
            log_one(logging, n);
            logrotate(&folder, configuration);
            until("the reopening", || reopens(logging) == n + 1);
        }
        log_one(logging, 3);
    });

    assert_eq!(numbers(&path), [3]);
    assert_eq!(moved(&folder), [0, 1, 2]);
    assert!(folder.path("app.log.3.gz").exists(), "{:?}", folder.names());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn logrotate_copytruncate_of_the_guide_leaves_no_hole() {
    let folder = Folder::new();
    let path = folder.path("app.log");
    let configuration = &documented(&folder)[1];
    assert!(configuration.contains("copytruncate"), "{configuration}");

    run(logging(folder.file().max_size(ByteSize::gib(1024))), |logging| {
        for n in 0..3 {
            log_one(logging, n);
            logrotate(&folder, configuration);
        }
        log_one(logging, 3);
        assert_eq!(reopens(logging), 0);
    });

    assert_eq!(numbers(&path), [3]);
    assert!(fs::metadata(&path).unwrap().len() < 300);
    assert_eq!(moved(&folder), [0, 1, 2]);
}
