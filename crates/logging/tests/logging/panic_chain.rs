//! The panic hook that was there before.

use std::{
    env,
    panic::{set_hook, take_hook},
    process::exit,
    thread,
};

use groundcrew_logging::{Format, Logging, LoggingBuilder, LoggingConfig, PanicChain};

use crate::process::{child, json_lines};

fn builder() -> LoggingBuilder {
    let mut config = LoggingConfig::default();
    config.format = Format::Json;
    Logging::builder().config(config)
}

fn panic_masked() {
    let panicking = thread::spawn(|| panic!("no connection to redis://:SECRET@cache"));
    assert!(panicking.join().is_err());
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
#[expect(clippy::exit, reason = "hooks of services end the process so")]
fn child_has_a_hook_that_exits() {
    // It captures nothing, as the one of the standard library.
    set_hook(Box::new(|_| {
        eprintln!("EARLIER");
        exit(42);
    }));
    let _logging = builder().init().unwrap();

    panic_masked();
    exit(1);
}

#[test]
fn an_earlier_hook_runs_whatever_the_message() {
    let output = child("panic_chain::child_has_a_hook_that_exits")
        .output()
        .unwrap();

    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(42), "{stderr}");
    assert!(
        stderr.contains("EARLIER") && !stderr.contains("SECRET"),
        "{stderr}"
    );
    assert_eq!(
        json_lines(&output)[0].message(),
        "panic: no connection to redis://:***@cache"
    );
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
#[expect(clippy::exit, reason = "as services end")]
fn child_has_a_hook_that_prints() {
    let (standard, prefix) = (take_hook(), env::args().next().unwrap());
    set_hook(Box::new(move |info| {
        eprintln!("EARLIER {}", prefix.len());
        standard(info);
    }));
    let _logging = builder().panic_chain(PanicChain::WhenClean).init().unwrap();

    panic_masked();
    assert!(thread::spawn(|| panic!("harmless")).join().is_err());
    exit(3);
}

#[test]
fn an_earlier_hook_that_only_prints_may_be_left_out_of_what_is_masked() {
    let output = child("panic_chain::child_has_a_hook_that_prints")
        .output()
        .unwrap();

    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert_eq!(stderr.matches("EARLIER").count(), 1, "{stderr}");
    assert!(
        stderr.contains("redis://:***@cache") && stderr.contains("harmless"),
        "{stderr}"
    );
    assert!(!stderr.contains("SECRET"), "{stderr}");
}

#[test]
#[ignore = "run by a test of this file in a process of its own"]
#[expect(clippy::exit, reason = "as services end")]
fn child_has_set_and_taken_a_hook() {
    set_hook(Box::new(|_| eprintln!("TAKEN")));
    drop(take_hook());
    let _logging = builder().init().unwrap();

    panic_masked();
    assert!(thread::spawn(|| panic!("harmless")).join().is_err());
    exit(3);
}

#[test]
fn the_hook_of_the_standard_library_never_gets_what_is_masked() {
    let output = child("panic_chain::child_has_set_and_taken_a_hook")
        .output()
        .unwrap();

    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        !stderr.contains("SECRET") && !stderr.contains("TAKEN"),
        "{stderr}"
    );
    assert!(stderr.contains("redis://:***@cache"), "{stderr}");
    // That hook has shown the second one.
    assert!(stderr.contains("note: run with `RUST_BACKTRACE=1`"), "{stderr}");
}
