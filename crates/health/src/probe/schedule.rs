use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often an orchestrator asks a container, and what it makes of the answers; writes that down as each of them reads it.
///
/// It says nothing of how often checks run, which is [`HealthConfig`](crate::HealthConfig)'s: no probe runs one.
///
/// # Examples
/// ```
/// use groundcrew_health::probe::Schedule;
///
/// let schedule = Schedule::default();
/// assert_eq!(
///     schedule.dockerfile(&["/service", "--healthcheck"]),
///     "HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \\\n    \
///      CMD [\"/service\", \"--healthcheck\"]\n"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "envcfg", derive(groundcrew_envcfg::Config))]
#[cfg_attr(feature = "envcfg", config(default))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Schedule {
    /// From one question to the next. Default 30 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "HEALTH_CHECK_INTERVAL", unit = "s", range(min = "1s", max = "1h"))
    )]
    pub interval: Duration,
    /// How long an answer may take, also the one that `--healthcheck` waits for. Default 10 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "HEALTH_CHECK_TIMEOUT", unit = "s", range(min = "1s", max = "1h"))
    )]
    pub timeout: Duration,
    /// How many refusals in a row count. Default 3.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "HEALTH_CHECK_RETRIES", range(min = 1, max = 100))
    )]
    pub retries: u32,
    /// How long a start may take. Default 60 s.
    #[cfg_attr(
        feature = "envcfg",
        config(env = "HEALTH_CHECK_START_PERIOD", unit = "s", range(min = "1s", max = "1h"))
    )]
    pub start_period: Duration,
}

impl Schedule {
    /// The instruction of a Dockerfile that lets the container ask itself by `command`.
    #[must_use]
    pub fn dockerfile(&self, command: &[&str]) -> String {
        let (interval, timeout) = (seconds(self.interval), seconds(self.timeout));
        let (start, retries) = (seconds(self.start_period), self.retries);
        format!(
            "HEALTHCHECK --interval={interval}s --timeout={timeout}s --start-period={start}s --retries={retries} \\\n    CMD {}\n",
            quoted(command)
        )
    }

    /// The part of a compose file's service that lets the container ask itself by `command`.
    #[must_use]
    pub fn compose(&self, command: &[&str]) -> String {
        let mut test = vec!["CMD"];
        test.extend(command);
        format!(
            "healthcheck:\n  test: {}\n  interval: {}s\n  timeout: {}s\n  start_period: {}s\n  retries: {}\n",
            // What stands behind one sign, compose takes for a variable of its own.
            quoted(&test).replace('$', "$$"),
            seconds(self.interval),
            seconds(self.timeout),
            seconds(self.start_period),
            self.retries
        )
    }

    /// The three probes of a Kubernetes container, asked at `port`: its number or its name.
    ///
    /// Only liveness is asked by this schedule. The start is asked each second, for half as long again as it may take, and readiness
    /// every two seconds or more often, where one refusal counts: what a check says is believed by thresholds of its own already.
    #[must_use]
    pub fn kubernetes(&self, port: &str) -> String {
        let start = seconds(self.start_period.saturating_add(self.start_period / 2));
        let (interval, timeout) = (seconds(self.interval), seconds(self.timeout));
        let probes = [
            ("startup", "/startupz", 1, 1, start),
            ("readiness", "/readyz", interval.min(2), timeout.min(2), 1),
            ("liveness", "/livez", interval, timeout, u64::from(self.retries)),
        ];
        probes
            .map(|(name, path, period, timeout, failures)| {
                format!(
                    "{name}Probe:\n  httpGet:\n    path: {path}\n    port: {port}\n  periodSeconds: {period}\n  timeoutSeconds: {timeout}\n  failureThreshold: {failures}\n"
                )
            })
            .concat()
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
            retries: 3,
            start_period: Duration::from_secs(60),
        }
    }
}

/// Kubernetes knows whole ones from 1 to the largest number of 32 bits.
fn seconds(duration: Duration) -> u64 {
    let begun = u64::from(duration.subsec_nanos() > 0);
    duration
        .as_secs()
        .saturating_add(begun)
        .clamp(1, i32::MAX.unsigned_abs().into())
}

/// A list of texts as JSON has it, which YAML and Docker read as well.
fn quoted(texts: &[&str]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quote(text)).collect();
    format!("[{}]", texts.join(", "))
}

fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            character if u32::from(character) < 0x20 => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_whole_ones_of_those_that_kubernetes_knows() {
        for (millis, expected) in [(0, 1), (1, 1), (999, 1), (1000, 1), (1001, 2), (60_000, 60)] {
            assert_eq!(seconds(Duration::from_millis(millis)), expected, "{millis}");
        }
        assert_eq!(seconds(Duration::MAX), 2_147_483_647);
        let endless = Schedule {
            start_period: Duration::MAX,
            ..Schedule::default()
        };
        assert!(
            endless
                .kubernetes("probes")
                .contains("failureThreshold: 2147483647\n")
        );
    }

    #[test]
    fn a_command_is_quoted_as_json_has_it() {
        let command = ["/a b/\"c\"", "\\", "\n\u{1b}", "é"];

        let read: Vec<String> = serde_json::from_str(&quoted(&command)).unwrap();

        assert_eq!(read, command);
    }

    #[test]
    fn a_command_of_compose_keeps_its_variables_to_itself() {
        let compose = Schedule::default().compose(&["/bin/sh", "-c", "probe $PORT"]);

        assert!(
            compose.contains(r#"["CMD", "/bin/sh", "-c", "probe $$PORT"]"#),
            "{compose}"
        );
    }

    #[test]
    fn readiness_is_asked_more_often_than_the_others_but_no_less_often_than_it_says() {
        let mut schedule = Schedule::default();
        for (interval, expected) in [(30, 2), (2, 2), (1, 1)] {
            schedule.interval = Duration::from_secs(interval);
            let probes = schedule.kubernetes("9090");
            let readiness = probes.split("readinessProbe:").nth(1).unwrap();
            let expected = format!(
                "\n  httpGet:\n    path: /readyz\n    port: 9090\n  periodSeconds: {expected}\n  timeoutSeconds: 2\n  failureThreshold: 1\n"
            );
            assert!(readiness.starts_with(&expected), "{probes}");
        }
    }
}
