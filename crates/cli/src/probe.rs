use std::time::Duration;

use groundcrew_health::probe::{self, ProbeError};

use crate::{failure::Failure, output::Output, shapes::Probed};

/// Asks once. The result is printed also when it is bad, and the exit code tells it too.
pub(crate) fn probe(url: &str, timeout: Duration, output: Output) -> Result<(), Failure> {
    let asked = probe::probe(url, timeout);
    let status = match &asked {
        Ok(status) | Err(ProbeError::Status { status }) => Some(*status),
        // What is not a URL is not repeated: it may hold a password.
        Err(ProbeError::Url) => return Err(ProbeError::Url.into()),
        Err(_) => None,
    };
    let healthy = asked.is_ok();
    let asked = asked.map(drop).map_err(Failure::from);
    let probed = Probed {
        schema: "probe/1",
        url,
        healthy,
        status,
        error: asked.as_ref().err().map(ToString::to_string),
    };
    output.print(&probed, |probed| match (probed.healthy, probed.status) {
        (true, _) => format!("{url} is healthy"),
        (false, Some(status)) => format!("{url} is not healthy: {status}"),
        (false, None) => format!("{url} does not answer as a service does"),
    })?;
    asked
}
