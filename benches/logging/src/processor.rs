//! The processor time of an event, the thread that writes too: each candidate in processes of its own, as services have
//! one subscriber, in turns; the least of the rounds counts.

use std::{
    env,
    process::{Command, ExitCode},
};

use harness::{Kind, Row};

use crate::{ours, rivals, scenario::Scenario, sloggers, throughput::cpu_nanos};

/// The argument that makes this process a candidate.
pub(crate) const ARGUMENT: &str = "--processor";
const EVENTS: u64 = 20_000;
const BATCHES: u32 = 25;
const ROUNDS: usize = 5;

/// Runs one candidate, if that is what this process was started for.
pub(crate) fn candidate() -> Option<ExitCode> {
    let mut arguments = env::args().skip_while(|argument| argument != ARGUMENT).skip(1);
    let (scenario, candidate) = (arguments.next()?, arguments.next()?);
    let (_, scenario) = SCENARIOS.iter().find(|(known, _)| *known == scenario)?;
    let (_, make) = CANDIDATES.iter().find(|(known, _)| *known == candidate)?;
    let mut run = make(*scenario);
    let mut batch = || {
        let before = cpu_nanos();
        run(EVENTS);
        (cpu_nanos() - before) as f64 / EVENTS as f64
    };
    println!("{}", (0..BATCHES).map(|_| batch()).fold(f64::INFINITY, f64::min));
    Some(ExitCode::SUCCESS)
}

/// The rows of all scenarios and rivals.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (scenario, _) in SCENARIOS {
        let mut least = [f64::INFINITY; CANDIDATES.len()];
        for _ in 0..ROUNDS {
            for (least, (candidate, _)) in least.iter_mut().zip(CANDIDATES) {
                *least = least.min(nanos(scenario, candidate));
            }
        }
        let [ours, rivals @ ..] = least;
        for (rival, (name, _)) in rivals.into_iter().zip(CANDIDATES.iter().skip(1)) {
            if scenario == "request" && *name == "slog_json" {
                // A logger of its own for each request is not how it is used.
                continue;
            }
            let row = format!("processor.{scenario}.{name}");
            let bar = BARS.iter().find(|(of, _)| *of == row).map(|(_, bar)| *bar);
            rows.push(Row::relative(
                &row,
                Kind::Ratio,
                "ns CPU/event",
                (ours, rival),
                name,
                bar,
            ));
        }
    }
    rows
}

fn nanos(scenario: &str, candidate: &str) -> f64 {
    let program = env::current_exe().expect("this program has a path");
    let output = Command::new(program)
        .args([ARGUMENT, scenario, candidate])
        .output();
    let output = output.expect("this program can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().expect("a candidate prints a number")
}

/// The least ratios that will do, which are those of the instructions.
const BARS: [(&str, f64); 6] = [
    ("processor.no_span.tracing_json_best", 5.0),
    ("processor.span3.tracing_json", 10.0),
    ("processor.span3.tracing_json_best", 7.0),
    ("processor.span3.json_subscriber_flat", 4.5),
    ("processor.span3.slog_json", 1.0),
    ("processor.request.tracing_json", 5.0),
];

/// Makes the loop of a candidate.
type Make = fn(Scenario) -> Box<dyn FnMut(u64)>;

const SCENARIOS: [(&str, Scenario); 4] = [
    ("no_span", Scenario::NoSpan),
    ("span3", Scenario::Span),
    ("nested", Scenario::Nested),
    ("request", Scenario::Request),
];

const CANDIDATES: [(&str, Make); 6] = [
    ("ours", |scenario| Box::new(ours::PLAIN.runner(scenario))),
    ("tracing_json", |scenario| Box::new(rivals::JSON.runner(scenario))),
    ("tracing_json_best", |scenario| {
        Box::new(rivals::JSON_BEST.runner(scenario))
    }),
    ("json_subscriber_flat", |scenario| {
        Box::new(rivals::FLAT.runner(scenario))
    }),
    ("bunyan", |scenario| Box::new(rivals::BUNYAN.runner(scenario))),
    ("slog_json", |scenario| match scenario {
        Scenario::NoSpan => Box::new(sloggers::root()),
        _ => Box::new(sloggers::child()),
    }),
];
