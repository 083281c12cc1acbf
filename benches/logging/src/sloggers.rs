use std::{hint::black_box, sync::Mutex};

use slog::{Drain as _, Logger, info, o};
use slog_json::Json;

use crate::{rivals::Forgotten, scenario::REQUEST};

/// The loop of an event on a child logger with the three fields of the span.
pub(crate) fn child() -> impl FnMut(u64) {
    let child = logger().new(o!("requestId" => REQUEST, "attempt" => 1_u64, "ip" => "192.0.2.7"));
    move |count| log(&child, count)
}

/// The loop of an event on a logger without fields.
pub(crate) fn root() -> impl FnMut(u64) {
    let root = logger();
    move |count| log(&root, count)
}

fn log(logger: &Logger, count: u64) {
    for _ in 0..count {
        info!(logger, "hand dealt"; "pot" => black_box(12.5), "street" => black_box("river"),
            "seats" => black_box(6_u64));
    }
}

fn logger() -> Logger {
    let drain = Json::default(Forgotten);
    Logger::root(Mutex::new(drain).map(slog::Fuse), o!())
}
