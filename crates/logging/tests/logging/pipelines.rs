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

mod alloy;
mod elasticsearch;
mod logstash;
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

/// The lines of `combined*.log`, or of another file and what it was before, as a tailer reads them.
fn lines(directory: &Path, file: &str) -> (usize, Vec<(String, Line)>) {
    let names = read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = names
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(file) && name.ends_with(".log")
        })
        .collect();
    let lines = files.iter().flat_map(|path| {
        let text = read_to_string(path).unwrap();
        let texts: Vec<String> = text.lines().map(str::to_owned).collect();
        iter::zip(texts, parse(&text))
    });
    (files.len(), lines.collect())
}

/// A directory with what `log` writes to files.
fn written(profile: Profile) -> TempDir {
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
    directory
}

/// The lines of the file for errors alone.
fn error_lines(profile: Profile) -> Vec<(String, Line)> {
    let (_, lines) = lines(written(profile).path(), "error");
    assert_eq!(lines.len(), ROUNDS);
    assert!(lines.iter().all(|(text, _)| text.contains("the ledger is gone")));
    lines
}

/// All lines, each as it stands in its file and parsed.
fn real_lines(profile: Profile) -> Vec<(String, Line)> {
    let (files, lines) = lines(written(profile).path(), "combined");
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

/// An instant in UTC as Java's `ISO_DATE_TIME`, Elasticsearch's `date_nanos` and Go's `RFC3339Nano` all take it: with up to
/// nine digits of a second.
fn utc_instant(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.strip_suffix('Z')?.split_once('.')?;
    let form: String = seconds
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let is_fraction = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    (form == "0000-00-00T00:00:00" && is_fraction).then(|| text.parse().ok())?
}
