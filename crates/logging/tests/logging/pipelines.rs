//! The pipelines in `deploy/pipelines`, over every line of real files.

use std::{
    error::Error,
    fs::{read_dir, read_to_string},
    io, iter,
    path::Path,
    time::Duration,
};

use groundcrew_base::ByteSize;
use groundcrew_logging::{
    AuditOutcome, Format, Location, LogContext, Logging, LoggingConfig, Profile, audit, security_event,
};
use jiff::Timestamp;
use tempfile::TempDir;
use tracing::{Level, debug, error, info, warn};

use crate::capture::{DEADLINE, Line, parse, run};

mod elasticsearch;
mod reader;
mod vector;

fn deployed(name: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/pipelines");
    read_to_string(directory.join(name)).unwrap()
}

fn config(directory: &Path, profile: Profile) -> LoggingConfig {
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.level = Level::DEBUG.into();
    config.dir = Some(directory.to_owned());
    config.max_size = ByteSize::kib(16);
    config.max_files = 100;
    config.max_line = ByteSize::kib(4);
    config.location = Location::Shown;
    config.profile = profile;
    config
}

#[derive(Debug, thiserror::Error)]
#[error("writing to the ledger")]
struct Refused(#[source] io::Error);

/// Lines of every kind, over several rotations.
fn log(logging: &Logging) {
    let refused = Refused(io::Error::other("inner\nlines with redis://:SECRET@cache"));
    let long = "é".repeat(4000);
    for n in 0..ROUNDS {
        let context = LogContext::new().user_id("u-9").session_id("s-1").hand_id("h-7");
        let context = context.request_id(format!("r-{n}")).ip([192, 0, 2, 7]);
        let span = context.user_agent("agent/1").span();
        let _entered = span.enter();
        info!(
            n,
            share = 0.5,
            nothing = f64::NAN,
            most = u64::MAX,
            least = i64::MIN,
            yes = true,
            "seat taken\nby \"Zoë\" 🂡 \u{2028} \u{7}"
        );
        warn!(
            service = "of the event",
            level = "loud",
            timestamp = "never",
            time = "later",
            status = 7,
            host = "of the event",
            "names that are ours"
        );
        error!(
            error = &refused as &dyn Error,
            error.type = "Refused",
            severity = "critical",
            trace_id = "4bf92f3577b34da6a3ce929d0e0e4736",
            span_id = "00f067aa0ba902b7",
            "the ledger is gone"
        );
        info!(
            password = "SECRET",
            card = "4111 1111 1111 1111",
            "signing in with Bearer SECRET0123456789abcdef"
        );
        debug!(note = long, "cut short");
        security_event!("login refused", attempts = 3);
        audit!(actor: "u-9", action: "table.close", resource: "table/7", outcome: AuditOutcome::Denied);
    }
    logging
        .set_level_for("sqlx", Level::DEBUG, Duration::from_secs(3600))
        .unwrap();
}

const ROUNDS: usize = 40;

/// The level that a line of `log` has in the default profile; the others tell of a critical one.
fn level_of(line: &Line, profile: Profile) -> &'static str {
    let name = if profile == Profile::OpenTelemetry {
        "Body"
    } else {
        "message"
    };
    let message = line.field(name).as_str().unwrap();
    let known = LEVELS.iter().find(|(start, _)| message.starts_with(start));
    match known.unwrap_or_else(|| panic!("{message}")).1 {
        "critical" if profile == Profile::Default => "error",
        level => level,
    }
}

const LEVELS: [(&str, &str); 8] = [
    ("seat taken", "info"),
    ("names that are ours", "warn"),
    ("the ledger is gone", "critical"),
    ("signing in with ", "info"),
    ("cut short", "debug"),
    ("Security event: login refused", "warn"),
    ("Audit", "info"),
    ("log level changed for a while", "info"),
];

/// The lines of `combined*.log`, as a tailer reads them.
fn lines(directory: &Path) -> (usize, Vec<(String, Line)>) {
    let names = read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = names
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("combined") && name.ends_with(".log")
        })
        .collect();
    let lines = files.iter().flat_map(|path| {
        let text = read_to_string(path).unwrap();
        let texts: Vec<String> = text.lines().map(str::to_owned).collect();
        iter::zip(texts, parse(&text))
    });
    (files.len(), lines.collect())
}

/// What `log` writes to files, each line as it stands there and parsed.
fn real_lines(profile: Profile) -> Vec<(String, Line)> {
    let directory = TempDir::new().unwrap();
    let builder = Logging::builder()
        .config(config(directory.path(), profile))
        .service("poker")
        .version("1.4.0")
        .environment("production");
    run(builder, |logging| {
        log(logging);
        assert!(logging.shutdown(DEADLINE).is_clean());
    });
    let (files, lines) = lines(directory.path());
    assert!(files > 3, "{files}");
    assert_eq!(lines.len(), ROUNDS * 7 + 1);
    let count = |part: &str| lines.iter().filter(|(text, _)| text.contains(part)).count();
    assert_eq!(
        (count("\"truncated\":true"), count("SECRET")),
        (ROUNDS, 0),
        "{profile}"
    );
    lines
}

#[test]
fn every_line_has_the_fields_that_alloy_makes_labels_and_times_of() {
    for (_, line) in real_lines(Profile::Default) {
        let text = |name: &str| {
            line.field(name)
                .as_str()
                .unwrap_or_else(|| panic!("no {name}: {line:?}"))
                .to_owned()
        };
        let time = text("timestamp");
        assert!(
            time.parse::<Timestamp>().is_ok() && time.len() == 27 && time.ends_with('Z'),
            "{time}"
        );
        assert_eq!(text("level"), level_of(&line, Profile::Default));
        assert!(
            ["poker", "of the event"].contains(&text("service").as_str()),
            "{line:?}"
        );
        assert_eq!(text("environment"), "production");
        text("message");
    }
}

#[test]
fn alloy_reads_the_files_and_fields_that_there_are() {
    let alloy = deployed("config.alloy");

    assert!(alloy.contains("\"/var/log/app/combined*.log\""));
    assert!(alloy.contains("time = \"timestamp\""));
    for name in ["service", "environment", "level"] {
        let (read, label) = (format!("{name} = \"{name}\""), format!("{name} = \"\""));
        assert!(alloy.contains(&read) && alloy.contains(&label), "{name}");
    }
}
