//! The fields of the service.

use std::{io, mem};

use groundcrew_logging::{Location, Logging, Profile, Sink};
use serde_json::json;
use tracing::{Level, error, info, info_span};

use super::{config, line_of};
use crate::capture::{Kept, PROFILES, run};

#[test]
fn google_clouds_names_of_the_service_are_on_a_line_with_any_fields() {
    let (_, line) = line_of(config(Profile::Gcp), || {
        // Their names share a bit of their hashes with those that are asserted below.
        info_span!("span", one = 1, sla = 1).in_scope(|| info!("x"));
    });

    assert_eq!(
        *line.field("serviceContext"),
        json!({"service": "poker-app", "version": "1.4.0"})
    );
    assert_eq!(
        *line.field("logging.googleapis.com/labels"),
        json!({"environment": "production"})
    );
}

#[test]
fn a_field_of_the_service_gives_way_to_that_of_an_event() {
    let (_, line) = line_of(config(Profile::Default), || {
        info!(region = "us", service = "x", "text");
    });

    assert_eq!(line.field("region"), "us");
    assert_eq!(line.field("service"), "x");
}

#[test]
fn fields_of_the_service_have_no_name_that_is_ours() {
    for profile in PROFILES {
        let kept = Kept::default();
        let mut config = config(profile);
        config.location = Location::Shown;
        let mut builder = Logging::builder()
            .config(config)
            .sink("kept", Level::TRACE, kept.clone());
        for name in [
            "file",
            "line",
            "level",
            "service",
            "env",
            "io",
            "overflow",
            "location",
            "thread",
            "severity",
            "log.origin.file.name",
            "logger.file",
            "logging.googleapis.com/sourceLocation",
            "code.file.path",
        ] {
            builder = builder.field(name, "mine");
        }
        // The second line is logging's own: the sink that fails makes it say so.
        builder = builder.sink("broken", Level::TRACE, Broken::default());
        run(builder, |_| error!("x"));

        // The parser refuses a name that stands twice.
        let lines = kept.lines();
        assert_eq!(lines.len(), 2, "{profile}: {lines:?}");
    }
}

/// Loses what it is given first.
#[derive(Default)]
struct Broken {
    has_failed: bool,
}

impl Sink for Broken {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if mem::replace(&mut self.has_failed, true) {
            return Ok(bytes.len());
        }
        Err(io::Error::other("broken"))
    }
}

#[test]
fn fields_of_the_service_are_masked() {
    let kept = Kept::default();
    let builder = Logging::builder()
        .config(config(Profile::OpenTelemetry))
        .environment("postgres://u:hunter2@h/db")
        .field("database", "postgres://u:hunter2@h/db")
        .field("api_key", "hunter2")
        .sink("kept", Level::TRACE, kept.clone());

    run(builder, |_| info!("x"));

    assert!(!kept.text().contains("hunter2"), "{}", kept.text());
    let resource = kept.lines()[0].field("Resource").clone();
    assert_eq!(resource["database"], "postgres://u:***@h/db");
    assert_eq!(resource["api_key"], "***");
}
