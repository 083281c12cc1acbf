use std::time::Duration;

use crate::wall::median;

/// A tail latency: the median over rounds of the quantile of `ours`, less that of a no-op `control` that runs
/// interleaved with it, so that what the machine adds to both falls out.
///
/// Each closure returns how long one operation took. At least five rounds are run, `samples` operations each.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// let tail = harness::tail(0.99, 5, 100, || Duration::from_micros(30), || Duration::from_micros(10));
/// assert_eq!(tail, Duration::from_micros(20));
/// ```
pub fn tail(
    quantile: f64,
    rounds: usize,
    samples: usize,
    mut ours: impl FnMut() -> Duration,
    mut control: impl FnMut() -> Duration,
) -> Duration {
    let (mut our_tails, mut control_tails) = (Vec::new(), Vec::new());
    for _ in 0..rounds.max(LEAST_ROUNDS) {
        let (mut our_times, mut control_times) = (Vec::new(), Vec::new());
        for _ in 0..samples {
            our_times.push(ours());
            control_times.push(control());
        }
        our_tails.push(at(quantile, our_times));
        control_tails.push(at(quantile, control_times));
    }
    let middle = |tails: Vec<Duration>| {
        Duration::from_secs_f64(median(tails.into_iter().map(|tail| tail.as_secs_f64())))
    };
    middle(our_tails).saturating_sub(middle(control_tails))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index within the length"
)]
fn at(quantile: f64, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let index = (quantile.clamp(0.0, 1.0) * times.len() as f64) as usize;
    times
        .get(index.min(times.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

const LEAST_ROUNDS: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_of_a_hundred_values_is_the_hundredth_part() {
        let times = (1..=100).rev().map(Duration::from_millis).collect::<Vec<_>>();

        assert_eq!(at(0.99, times.clone()), Duration::from_millis(100));
        assert_eq!(at(0.5, times.clone()), Duration::from_millis(51));
        assert_eq!(at(1.0, times), Duration::from_millis(100));
        assert_eq!(at(0.5, Vec::new()), Duration::ZERO);
    }

    #[test]
    fn fewer_than_five_rounds_are_not_taken() {
        let mut calls = 0;

        tail(
            0.5,
            1,
            10,
            || Duration::ZERO,
            || {
                calls += 1;
                Duration::ZERO
            },
        );

        assert_eq!(calls, 50);
    }
}
