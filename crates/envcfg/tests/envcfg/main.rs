//! The behaviour of loads, in one program because linking costs more than running.

#[cfg(feature = "validator")]
mod across;
#[cfg(feature = "validator")]
mod canary;
#[cfg(feature = "validator")]
mod canary_plain;
#[cfg(feature = "validator")]
mod canary_words;
#[cfg(feature = "cli")]
mod cli;
mod conditions;
mod control_characters;
mod defaults;
mod documents;
mod documents_names;
mod documents_shell;
mod documents_values;
mod dotenv;
mod dotenv_corpus;
mod dotenv_fuzz;
mod hygiene;
mod json_shape;
mod load;
#[cfg(feature = "reload")]
mod log;
#[cfg(feature = "validator")]
mod mistakes;
mod native_rules;
#[cfg(feature = "validator")]
mod prefixed_secrets;
#[cfg(feature = "preflight")]
mod preflight;
#[cfg(feature = "http")]
mod preflight_apis;
#[cfg(all(
    feature = "http",
    feature = "postgres",
    feature = "redis",
    feature = "reload",
    feature = "validator"
))]
mod preflight_canary;
#[cfg(feature = "preflight")]
mod preflight_exit;
#[cfg(feature = "preflight")]
mod preflight_parts;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod preflight_servers;
mod problems;
#[cfg(unix)]
mod process_env;
mod profile;
#[cfg(feature = "validator")]
mod profiles;
#[cfg(feature = "validator")]
mod properties;
#[cfg(feature = "reload")]
mod reload;
mod report;
mod report_fixes;
mod report_github;
mod report_kinds;
#[cfg(feature = "validator")]
mod requirements_guide;
#[cfg(feature = "validator")]
mod requirements_schema;
#[cfg(feature = "validator")]
mod rules;
mod sample;
#[cfg(all(feature = "json", feature = "validator"))]
mod schema_takes;
#[cfg(feature = "json")]
mod schema_verdict;
#[cfg(feature = "validator")]
mod secret_once;
mod secrets_dir;
mod shared;
mod sources;
mod types;
#[cfg(feature = "validator")]
mod typos;
#[cfg(feature = "validator")]
mod validator_rules;
#[cfg(feature = "validator")]
mod verdict_values;
#[cfg(feature = "validator")]
mod verdicts;
