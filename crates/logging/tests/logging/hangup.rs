//! SIGHUP.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use groundcrew_logging::LogFile;

use crate::{
    capture::run,
    folder::{Folder, log_one, logging, numbers, until},
    process::child,
};

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_listens_for_hangups() {
    let path = std::io::stdin().lines().next().unwrap().unwrap();
    let builder = logging(LogFile::at(&path))
        .file(LogFile::at(format!("{path}.second")))
        .reopen_on_hangup();

    run(builder, |logging| {
        log_one(logging, 0);
        eprintln!("READY");
        until("two files anew", || {
            logging
                .stats()
                .sinks
                .iter()
                .all(|sink| sink.file.unwrap().reopens == 1)
        });
        log_one(logging, 1);
    });
    eprintln!("DONE");
}

#[test]
fn a_hangup_opens_all_files_anew_and_does_not_end_the_process() {
    let folder = Folder::new();
    let path = folder.path("app.log");
    let mut process = child("hangup::child_listens_for_hangups")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(process.stdin.take().unwrap(), "{}", path.display()).unwrap();
    let mut said = BufReader::new(process.stderr.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "READY");

    // Nothing has moved: it is the signal alone that the log goes by.
    let status = Command::new("kill")
        .arg("-HUP")
        .arg(process.id().to_string())
        .status();

    assert!(status.unwrap().success());
    assert_eq!(said.next().unwrap().unwrap(), "DONE");
    assert!(process.wait().unwrap().success());
    assert_eq!(numbers(&path), [0, 1]);
    assert_eq!(numbers(&folder.path("app.log.second")), [0, 1]);
}
