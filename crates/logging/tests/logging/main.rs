//! What a service sees of its logs.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[cfg(feature = "tower")]
mod agents;
#[cfg(feature = "alerts")]
mod alert_transports;
mod alerts;
mod archives;
mod campaign;
mod capture;
mod categories;
mod complaints_files;
mod complaints_layer;
mod complaints_writer;
#[cfg(all(feature = "gzip", feature = "zstd"))]
mod compression;
mod console;
mod console_values;
mod crash;
mod crash_campaign;
mod cut_events;
mod cut_values;
mod dice;
mod duplicates;
mod ecs;
#[cfg(all(
    feature = "alerts",
    feature = "intake",
    target_os = "linux",
    target_env = "gnu"
))]
mod exits;
mod fields;
#[cfg(all(feature = "gzip", feature = "zstd"))]
mod file_histories;
mod file_settings;
mod files;
mod flood;
mod flood_keys;
mod folder;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(feature = "sighup")]
mod hangup;
mod hashes;
#[cfg(feature = "tower")]
mod http;
#[cfg(feature = "intake")]
mod intake;
mod levels;
mod lines;
mod locks;
#[cfg(feature = "log")]
mod log_records;
mod odd_names;
#[cfg(feature = "otlp")]
mod otlp;
mod panic_chain;
mod pipelines;
#[cfg(target_os = "linux")]
mod pipes;
mod process;
mod profiles;
mod properties;
mod queue;
mod redaction;
mod redaction_colours;
mod redaction_commands;
mod redaction_elements;
mod redaction_encoded;
mod redaction_forms;
mod redaction_harmless;
mod redaction_headers;
mod redaction_keys;
mod redaction_marked;
mod redaction_nested;
mod redaction_pairs;
mod redaction_plain;
mod redaction_properties;
mod redaction_secrets;
mod redaction_sinks;
mod redaction_structs;
mod redaction_text;
#[cfg(all(
    feature = "envcfg",
    feature = "alerts",
    feature = "intake",
    feature = "otlp",
    feature = "sentry"
))]
mod remote_settings;
mod reopen;
mod sampling;
mod seams;
#[cfg(feature = "sentry")]
mod sentry_events;
#[cfg(any(feature = "alerts", feature = "intake", feature = "otlp", feature = "sentry"))]
mod server;
mod spans;
mod writer_properties;
