//! What the pipelines in `deploy/pipelines` rely on holds for every line of real files.

use std::{
    error::Error,
    fs::{read_dir, read_to_string},
    io,
    path::Path,
};

use groundcrew_base::ByteSize;
use groundcrew_logging::{
    AuditOutcome, Format, LogContext, Logging, LoggingConfig, Profile, audit, security_event,
};
use jiff::Timestamp;
use tempfile::TempDir;
use tracing::{error, info, warn};

use crate::capture::{DEADLINE, Line, parse, run};

fn config(directory: &Path, profile: Profile) -> LoggingConfig {
    let mut config = LoggingConfig::default();
    config.format = Format::Off;
    config.dir = Some(directory.to_owned());
    config.max_size = ByteSize::kib(16);
    config.profile = profile;
    config
}

/// Lines of every kind, over several rotations.
fn log() {
    let refused = io::Error::other(io::Error::other("inner\nlines"));
    for n in 0..200 {
        let span = LogContext::new()
            .request_id(format!("r-{n}"))
            .user_id("u-9")
            .span();
        let _entered = span.enter();
        info!(
            n,
            share = 0.5,
            nothing = f64::NAN,
            "seat taken\nby \"Zoë\" \u{2028} \u{7}"
        );
        warn!(
            service = "of the event",
            level = "loud",
            timestamp = "never",
            "names that are ours"
        );
        error!(
            error = &refused as &dyn Error,
            severity = "critical",
            "the ledger is gone"
        );
        security_event!("login refused", attempts = 3);
        audit!(actor: "u-9", action: "table.close", resource: "table/7", outcome: AuditOutcome::Denied);
    }
}

/// The lines of `combined*.log`, as a tailer reads them.
fn lines(directory: &Path) -> (usize, Vec<Line>) {
    let names = read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = names
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("combined") && name.ends_with(".log")
        })
        .collect();
    let lines = files
        .iter()
        .flat_map(|path| parse(&read_to_string(path).unwrap()));
    (files.len(), lines.collect())
}

fn real_lines(profile: Profile) -> Vec<Line> {
    let directory = TempDir::new().unwrap();
    let builder = Logging::builder()
        .config(config(directory.path(), profile))
        .service("poker")
        .version("1.4.0")
        .environment("production");
    run(builder, |logging| {
        log();
        assert!(logging.shutdown(DEADLINE).is_clean());
    });
    let (files, lines) = lines(directory.path());
    assert!(files > 3, "{files}");
    lines
}

#[test]
fn every_line_has_the_fields_that_vector_and_alloy_make_labels_and_times_of() {
    let lines = real_lines(Profile::Default);

    assert!(lines.len() > 300, "{}", lines.len());
    for line in lines {
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
        assert!(
            ["error", "warn", "info"].contains(&text("level").as_str()),
            "{line:?}"
        );
        assert!(
            ["poker", "of the event"].contains(&text("service").as_str()),
            "{line:?}"
        );
        assert_eq!(text("environment"), "production");
        text("message");
    }
}

#[test]
fn every_line_of_the_profile_for_elasticsearch_has_its_time_and_names() {
    for line in real_lines(Profile::Ecs) {
        let time = line.field("@timestamp").as_str().unwrap();
        assert!(time.parse::<Timestamp>().is_ok(), "{line:?}");
        for name in ["log.level", "message", "ecs.version", "service.name"] {
            assert!(line.field(name).is_string(), "no {name}: {line:?}");
        }
        assert!(
            line.field("timestamp")
                .as_str()
                .is_none_or(|text| text == "never"),
            "{line:?}"
        );
    }
}

#[test]
fn the_pipelines_read_the_files_and_fields_that_there_are() {
    let of = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../deploy/pipelines")
            .join(name);
        read_to_string(path).unwrap()
    };
    for name in ["logstash.conf", "vector.toml", "config.alloy"] {
        assert!(of(name).contains("\"/var/log/app/combined*.log\""), "{name}");
    }
    assert!(of("logstash.conf").contains("match => [\"timestamp\", \"ISO8601\"]"));

    let vector: toml::Table = of("vector.toml").parse().unwrap();
    let labels = vector["sinks"]["loki"]["labels"].as_table().unwrap();
    let alloy = of("config.alloy");
    for (name, template) in labels {
        assert_eq!(template.as_str().unwrap(), format!("{{{{ {name} }}}}"));
        assert!(
            alloy.contains(&format!("{name} = \"{name}\"")) && alloy.contains(&format!("{name} = \"\"")),
            "{name}"
        );
    }
    let names: Vec<&str> = labels.keys().map(String::as_str).collect();
    assert_eq!(names, ["environment", "level", "service"]);
    let most = vector["sources"]["app"]["max_line_bytes"].as_integer().unwrap();
    assert!(u64::try_from(most).unwrap() > LoggingConfig::default().max_line.bytes());
}
