//! How soon an outage must be seen and a recovery believed with the engine's defaults.

use std::time::Duration;

const OUTAGE: Duration = Duration::from_secs(3);
const RECOVERY: Duration = Duration::from_millis(1500);

/// Longer than a machine that is busy makes it.
pub(crate) const LATE: Duration = Duration::from_secs(30);

/// Has so many rounds in time, each an outage and its end. The machine may be busy for some more, which do not count.
pub(crate) async fn in_time(what: &str, rounds: u32, mut round: impl AsyncFnMut() -> (Duration, Duration)) {
    let (mut good, mut late) = (0, Vec::new());
    while good < rounds {
        let (outage, recovery) = round().await;
        eprintln!("{what}: seen in {outage:?}, recovered in {recovery:?}");
        if outage <= OUTAGE && recovery <= RECOVERY {
            good += 1;
        } else {
            late.push((outage, recovery));
        }
        assert!(late.len() < 5, "{what}: {late:?}");
    }
}
