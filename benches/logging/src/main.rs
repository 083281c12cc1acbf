//! groundcrew-logging against tracing-subscriber's JSON, json-subscriber, bunyan's format and slog-json.
//!
//! Every candidate writes the same event, a message with a float, a text and a whole number, into a sink that looks at
//! the bytes and forgets them. Time is taken in processes of their own, for subscribers in one process slow each other
//! down.

mod candidate;
mod node;
mod ours;
mod processor;
mod rivals;
mod scenario;
mod sloggers;
mod throughput;

use std::process::ExitCode;

use harness::{Comparison, Suite};

use crate::{candidate::Candidate, scenario::Scenario};

fn main() -> ExitCode {
    if let Some(code) = throughput::candidate().or_else(processor::candidate) {
        return code;
    }
    let mut suite = Suite::new();
    in_a_span(&mut suite);
    without_span(&mut suite);
    in_two_spans(&mut suite);
    requests(&mut suite);
    redaction(&mut suite);
    suppressed(&mut suite);
    disabled(&mut suite);
    suite.slow_rows("processor", processor::rows);
    suite.slow_rows("file", throughput::rows);
    suite.slow_rows("node", node::rows);
    suite.run()
}

fn in_a_span(suite: &mut Suite) {
    beside(suite, "span3.tracing_json", Scenario::Span, &rivals::JSON)
        .instructions_at_least(10.0)
        .allocations();
    beside(
        suite,
        "span3.tracing_json_best",
        Scenario::Span,
        &rivals::JSON_BEST,
    )
    .instructions_at_least(7.0)
    .allocations();
    beside(suite, "span3.json_subscriber_flat", Scenario::Span, &rivals::FLAT)
        .instructions_at_least(4.5)
        .allocations();
    beside(suite, "span3.bunyan", Scenario::Span, &rivals::BUNYAN)
        .instructions()
        .allocations();
    let ours = ours::PLAIN.runner(Scenario::Span);
    let child = sloggers::child();
    suite
        .compare_loops("span3.slog_json", ours, "slog-json, child logger", child)
        .instructions_at_least(1.0)
        .allocations();
}

fn without_span(suite: &mut Suite) {
    beside(suite, "no_span.tracing_json", Scenario::NoSpan, &rivals::JSON).instructions();
    beside(
        suite,
        "no_span.tracing_json_best",
        Scenario::NoSpan,
        &rivals::JSON_BEST,
    )
    .instructions_at_least(5.0)
    .allocations();
    beside(
        suite,
        "no_span.json_subscriber_flat",
        Scenario::NoSpan,
        &rivals::FLAT,
    )
    .instructions();
    let ours = ours::PLAIN.runner(Scenario::NoSpan);
    let root = sloggers::root();
    suite
        .compare_loops("no_span.slog_json", ours, "slog-json", root)
        .instructions()
        .allocations();
}

/// Two nested spans of three fields must cost at most 1.1 times one.
fn in_two_spans(suite: &mut Suite) {
    let nested = ours::PLAIN.runner(Scenario::Nested);
    let one = ours::PLAIN.runner(Scenario::Span);
    suite
        .compare_loops("nested", nested, "itself, in one span", one)
        .instructions_at_least(1.0 / 1.1)
        .allocations_at_most(0.0);
    beside(
        suite,
        "nested.tracing_json_best",
        Scenario::Nested,
        &rivals::JSON_BEST,
    )
    .instructions();
}

/// A span of three fields is made, entered, logged in once, and closed.
fn requests(suite: &mut Suite) {
    beside(suite, "request.tracing_json", Scenario::Request, &rivals::JSON)
        .instructions_at_least(5.0)
        .allocations();
    beside(
        suite,
        "request.tracing_json_best",
        Scenario::Request,
        &rivals::JSON_BEST,
    )
    .instructions();
    beside(
        suite,
        "request.json_subscriber_flat",
        Scenario::Request,
        &rivals::FLAT,
    )
    .instructions();
}

/// All that the redactor can do, over nothing of it: in an event that gives it nothing to look at twice, in one that is
/// full of that and has a secret, and in one whose texts are encoded.
fn redaction(suite: &mut Suite) {
    // Twenty places to look at in one event, and an address to hide.
    redacted(suite, "redaction.full", Scenario::Suspicious).instructions_at_least(1.0 / 4.2);
    // Three texts that are read two to four times each, and a secret in each.
    redacted(suite, "redaction.encoded", Scenario::Encoded).instructions();
    redacted(suite, "redaction.unsuspicious", Scenario::Span).instructions_at_least(1.0 / 1.3);
}

fn redacted<'s>(suite: &'s mut Suite, name: &str, scenario: Scenario) -> &'s mut Comparison {
    let full = ours::REDACTED.runner(scenario);
    let none = ours::PLAIN.runner(scenario);
    suite
        .compare_loops(name, full, "itself, without redaction", none)
        .allocations_at_most(0.0)
}

/// Events that flood control holds back, beside what an event costs that passes the level and that nobody takes.
fn suppressed(suite: &mut Suite) {
    let rows = [
        ("suppressed.own_key", &ours::FLOODED, Scenario::NoSpan),
        ("suppressed.key_of_span", &ours::FLOODED_BY_SPAN, Scenario::Span),
        (
            "suppressed.key_of_new_span",
            &ours::FLOODED_BY_SPAN,
            Scenario::Request,
        ),
    ];
    for (name, ours, scenario) in rows {
        let (floor, nothing) = (rivals::NOTHING.runner(scenario), rivals::NOTHING.name);
        let row = suite.compare_loops(name, ours.runner(scenario), nothing, floor);
        row.instructions();
        match scenario {
            // The span itself is kept in memory.
            Scenario::Request => row.allocations(),
            _ => row.allocations_at_most(0.0),
        };
    }
}

fn disabled(suite: &mut Suite) {
    beside(suite, "disabled_100", Scenario::Disabled, &rivals::NOTHING).instructions_at_least(1.0 / 1.5);
}

fn beside<'s>(suite: &'s mut Suite, name: &str, scenario: Scenario, rival: &Candidate) -> &'s mut Comparison {
    let ours = ours::PLAIN.runner(scenario);
    let theirs = rival.runner(scenario);
    suite.compare_loops(name, ours, rival.name, theirs)
}
