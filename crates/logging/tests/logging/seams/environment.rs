//! What the environment configures.

use std::time::Duration;

use groundcrew_envcfg::{Config as _, Vars};
use tracing::Level;

#[test]
fn the_configuration_is_read_from_the_environment() {
    use groundcrew_base::ByteSize;
    use groundcrew_logging::{Format, LoggingConfig, Overflow};

    let vars = Vars::from([
        ("LOG_LEVEL", "warn,poker=debug"),
        ("LOG_FORMAT", "json"),
        ("LOG_DIR", "/var/log/app"),
        ("LOG_MAX_SIZE", "100m"),
        ("LOG_MAX_FILES", "5"),
        ("LOG_OVERFLOW", "drop-newest"),
        ("LOG_REDACT", "hole_cards,x-*=hash"),
        ("LOG_REDACT_KEY", "0123456789abcdef"),
        ("LOG_FLUSH_TIMEOUT", "2"),
    ]);

    let config = LoggingConfig::from_source(&vars).unwrap();

    assert_eq!(config.level.to_string(), "warn,poker=debug");
    assert_eq!(config.format, Format::Json);
    assert_eq!(config.dir.as_deref(), Some("/var/log/app".as_ref()));
    assert_eq!((config.max_size, config.max_files), (ByteSize::mib(100), 5));
    assert_eq!(
        (config.error_max_size, config.error_max_files),
        (ByteSize::mib(50), 5)
    );
    assert_eq!(config.overflow, Overflow::DropNewest);
    let rules: Vec<String> = config.redact.iter().map(ToString::to_string).collect();
    assert_eq!(rules, ["hole_cards", "x-*=hash"]);
    assert_eq!(config.redact_key, Some("0123456789abcdef".into()));
    assert_eq!(config.flush_timeout, Duration::from_secs(2));
    assert_eq!(
        LoggingConfig::from_source(&Vars::default()).unwrap(),
        LoggingConfig::default()
    );
}

#[test]
fn mistakes_in_the_environment_are_all_named() {
    let vars = Vars::from([("LOG_LEVEL", "loud"), ("LOG_MAX_FILES", "0")]);

    let report = groundcrew_logging::LoggingConfig::from_source(&vars).unwrap_err();

    let text = report.to_string();
    assert!(text.contains("2 problems"), "{text}");
    assert!(
        text.contains("expected one of error, warn, info, debug, trace, off"),
        "{text}"
    );
    assert!(text.contains("LOG_MAX_FILES"), "{text}");
    assert_eq!(report.exit_code(), 78);
}

#[test]
fn mistakes_in_what_is_hidden_are_told_without_it() {
    use groundcrew_logging::LoggingConfig;

    let problem = |vars: &[(&'static str, &'static str)]| {
        let report = LoggingConfig::from_source(&Vars::from_iter(vars.iter().copied())).unwrap_err();
        report.to_string()
    };

    let of_value = problem(&[("LOG_REDACT", "table,password=hunter2")]);
    let of_short_key = problem(&[("LOG_REDACT_KEY", "hunter2")]);

    assert!(
        of_value.contains("expected mask, hash, remove, show or last4 behind the `=`"),
        "{of_value}"
    );
    let told = "LOG_REDACT_KEY: redacting by hash needs a key of at least 16 bytes";
    assert!(of_short_key.contains(told), "{of_short_key}");
    assert!(
        !of_value.contains("hunter2") && !of_short_key.contains("hunter2"),
        "{of_value} {of_short_key}"
    );
}

#[test]
fn files_and_queues_without_room_are_all_named() {
    use groundcrew_logging::LoggingConfig;

    let zeros = [
        "LOG_MAX_SIZE",
        "LOG_MAX_FILES",
        "LOG_ERROR_MAX_SIZE",
        "LOG_ERROR_MAX_FILES",
    ];
    let sizes = Vars::from([("LOG_QUEUE_SIZE", "100B"), ("LOG_MAX_LINE", "200B")]);

    let of_zeros = LoggingConfig::from_source(&Vars::from(zeros.map(|name| (name, "0")))).unwrap_err();
    let of_sizes = LoggingConfig::from_source(&sizes).unwrap_err();

    let problems = of_zeros.problems().iter();
    let named: Vec<_> = problems.map(|problem| problem.variable().unwrap()).collect();
    assert_eq!(named, zeros);
    assert_eq!(
        of_sizes.to_string(),
        "configuration is invalid: 2 problems\n  LOG_QUEUE_SIZE: 100 B is less than the longest line, 200 B\n  \
         LOG_MAX_LINE: 200 B is less than 640 B, which every line needs"
    );
    assert_eq!((of_zeros.exit_code(), of_sizes.exit_code()), (78, 78));
}

#[test]
fn policies_and_the_crash_safe_queue_come_from_the_environment() {
    use groundcrew_logging::{LoggingConfig, Overflow};

    let overflow = |text: &'static str| {
        let vars = Vars::from([("LOG_OVERFLOW", text)]);
        LoggingConfig::from_source(&vars).map(|config| config.overflow)
    };

    for (text, expected) in [
        ("block", Overflow::Block),
        ("block-for=250ms", Overflow::BlockFor(Duration::from_millis(250))),
        ("drop-below=warn", Overflow::DropBelow(Level::WARN)),
    ] {
        assert_eq!(overflow(text).unwrap(), expected);
        assert_eq!(expected.to_string(), text);
    }
    let refused = overflow("block-for=250").unwrap_err().to_string();
    assert!(refused.contains("LOG_OVERFLOW"), "{refused}");
    assert!(
        refused.contains("block-for needs a duration such as 250ms"),
        "{refused}"
    );
    let refused = overflow("drop-below=loud").unwrap_err().to_string();
    assert!(
        refused.contains("drop-below needs a level: error, warn, info, debug or trace"),
        "{refused}"
    );
    let alone = LoggingConfig::from_source(&Vars::from([("LOG_CRASH_SAFE", "true")])).unwrap_err();
    assert_eq!(
        alone.to_string(),
        "configuration is invalid: 1 problem\n  LOG_CRASH_SAFE: a crash-safe queue is a file in the directory of the \
         logs, and LOG_DIR is not set"
    );
    let safe = Vars::from([("LOG_CRASH_SAFE", "true"), ("LOG_DIR", "/var/log/app")]);
    assert!(LoggingConfig::from_source(&safe).unwrap().crash_safe);
    let json = serde_json::to_value(LoggingConfig::default()).unwrap();
    assert_eq!(
        (&json["overflow"], &json["crash_safe"]),
        (&"block".into(), &false.into())
    );
    let settings = LoggingConfig::docs().env_example().to_string();
    assert!(settings.contains("LOG_OVERFLOW=block\n"), "{settings}");
}
