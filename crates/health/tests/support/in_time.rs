//! How soon an outage must be seen and a recovery believed with the engine's defaults.

use std::time::{Duration, Instant};

use groundcrew_testkit::Lateness;

const OUTAGE: Duration = Duration::from_secs(3);
const RECOVERY: Duration = Duration::from_millis(1500);

/// Longer than a machine that is busy makes it.
pub(crate) const LATE: Duration = Duration::from_secs(30);

/// Has so many rounds in time, each an outage and its end. One is late only for as long as the machine was, and does not count.
pub(crate) async fn in_time(what: &str, rounds: u32, mut round: impl AsyncFnMut() -> (Duration, Duration)) {
    let (mut good, mut late) = (0, Vec::new());
    while good < rounds {
        let (lateness, began) = (Lateness::watch(), Instant::now());
        let (outage, recovery) = round().await;
        // It is the sum over all that is waited for.
        let waited = lateness.so_far().min(began.elapsed() / 2);
        eprintln!(
            "{what}: seen in {outage:?}, recovered in {recovery:?}, the machine was late for {waited:?}"
        );
        if outage <= OUTAGE && recovery <= RECOVERY {
            good += 1;
            continue;
        }
        assert!(
            outage <= OUTAGE + waited && recovery <= RECOVERY + waited,
            "{what}: seen in {outage:?}, recovered in {recovery:?}, the machine was late for {waited:?} only"
        );
        late.push((outage, recovery, waited));
        assert!(late.len() < 5, "{what}: {late:?}");
    }
}
