use tokio_postgres::{
    Config,
    config::{ChannelBinding, TargetSessionAttrs},
};

use super::url::{host_text, port};

/// libpq's variables for everything but TLS.
/// <https://www.postgresql.org/docs/current/libpq-envars.html>
pub(super) fn of(config: &Config) -> Vec<(&'static str, String)> {
    let mut env = Vec::new();
    let hosts = config.get_hosts();
    if !hosts.is_empty() {
        let ports = (0..hosts.len()).map(|at| port(config, at).to_string());
        env.push(("PGHOST", join(hosts.iter().map(host_text))));
        env.push(("PGPORT", join(ports)));
    }
    if !config.get_hostaddrs().is_empty() {
        env.push((
            "PGHOSTADDR",
            join(config.get_hostaddrs().iter().map(ToString::to_string)),
        ));
    }
    let texts = [
        ("PGUSER", config.get_user()),
        ("PGDATABASE", config.get_dbname()),
        ("PGOPTIONS", config.get_options()),
        ("PGAPPNAME", config.get_application_name()),
    ];
    env.extend(
        texts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?.to_owned()))),
    );
    if let Some(password) = config.get_password() {
        env.push(("PGPASSWORD", String::from_utf8_lossy(password).into_owned()));
    }
    if let Some(timeout) = config.get_connect_timeout() {
        // libpq counts whole seconds, and takes anything below two as two.
        env.push(("PGCONNECT_TIMEOUT", timeout.as_secs().max(2).to_string()));
    }
    env.extend(session_attrs(config.get_target_session_attrs()));
    env.extend(channel_binding(config.get_channel_binding()));
    env
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

fn session_attrs(attrs: TargetSessionAttrs) -> Option<(&'static str, String)> {
    let value = match attrs {
        TargetSessionAttrs::ReadWrite => "read-write",
        TargetSessionAttrs::ReadOnly => "read-only",
        _ => return None,
    };
    Some(("PGTARGETSESSIONATTRS", value.to_owned()))
}

fn channel_binding(binding: ChannelBinding) -> Option<(&'static str, String)> {
    let value = match binding {
        ChannelBinding::Disable => "disable",
        ChannelBinding::Require => "require",
        _ => return None,
    };
    Some(("PGCHANNELBINDING", value.to_owned()))
}
