use std::time::{Duration, Instant};

use crate::comparison::Kernel;

/// Wall time per operation of two kernels, in nanoseconds: medians over the rounds, and the median of the ratios.
#[derive(Debug)]
pub(crate) struct Wall {
    pub(crate) ours: f64,
    pub(crate) rival: f64,
    pub(crate) ratio: f64,
}

impl Wall {
    /// Measures in rounds; each runs both sides, and the side that goes first alternates, so that what disturbs the
    /// machine disturbs both.
    pub(crate) fn measure(ours: &mut Kernel, rival: &mut Kernel, rounds: usize, batch: Duration) -> Self {
        let (our_count, rival_count) = (calibrate(ours, batch), calibrate(rival, batch));
        let mut samples = Vec::with_capacity(rounds);
        for round in 0..rounds {
            let (a, b);
            if round % 2 == 0 {
                a = per_operation(ours, our_count);
                b = per_operation(rival, rival_count);
            } else {
                b = per_operation(rival, rival_count);
                a = per_operation(ours, our_count);
            }
            samples.push((a, b));
        }
        Self {
            ours: median(samples.iter().map(|(ours, _)| *ours)),
            rival: median(samples.iter().map(|(_, rival)| *rival)),
            ratio: median(samples.iter().map(|(ours, rival)| rival / ours)),
        }
    }
}

/// The number of operations that takes about `batch`.
fn calibrate(kernel: &mut Kernel, batch: Duration) -> u64 {
    let mut count = 1;
    while time(kernel, count) < batch / 2 {
        count *= 2;
    }
    count
}

fn per_operation(kernel: &mut Kernel, count: u64) -> f64 {
    time(kernel, count).as_secs_f64() * 1e9 / count as f64
}

fn time(kernel: &mut Kernel, count: u64) -> Duration {
    let start = Instant::now();
    kernel(count);
    start.elapsed()
}

/// The middle value; the mean of the two in the middle of an even number; 0 of none.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_one_wild_value() {
        assert_eq!(median([3.0, 900.0, 2.0].into_iter()), 3.0);
        assert_eq!(median([1.0, 2.0, 4.0, 100.0].into_iter()), 3.0);
    }

    #[test]
    fn a_kernel_that_does_ten_times_the_work_takes_longer() {
        let work = |units: u64| -> Kernel {
            Box::new(move |count| {
                for _ in 0..count * units {
                    std::hint::black_box(std::hint::black_box(7_u64).wrapping_mul(3));
                }
            })
        };

        let wall = Wall::measure(&mut work(10), &mut work(100), 5, Duration::from_millis(2));

        assert!(wall.ratio > 2.0, "{wall:?}");
    }
}
