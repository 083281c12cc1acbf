/// The value that a share of the observations stays below, as `histogram_quantile` estimates it: linear
/// within a bucket, and the highest finite bound for what is above it. None without observations.
pub(crate) fn quantile(buckets: &[(f64, u64)], share: f64) -> Option<f64> {
    let total: u64 = buckets.iter().map(|(_, count)| count).sum();
    if total == 0 {
        return None;
    }
    let rank = share * total as f64;
    let (mut low, mut below) = (0.0, 0.0);
    for &(high, count) in buckets {
        let count = count as f64;
        if count > 0.0 && below + count >= rank {
            let share_within = (rank - below) / count;
            return Some(if high.is_finite() {
                low + (high - low) * share_within
            } else {
                low
            });
        }
        below += count;
        if high.is_finite() {
            low = high;
        }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_linear_within_a_bucket() {
        let buckets = [(0.1, 10), (0.2, 80), (1.0, 0), (f64::INFINITY, 10)];

        let shown = |share| quantile(&buckets, share).map(|value| format!("{value:.3}"));

        assert_eq!(shown(0.05).as_deref(), Some("0.050"));
        assert_eq!(shown(0.5).as_deref(), Some("0.150"));
        assert_eq!(shown(0.9).as_deref(), Some("0.200"));
        assert_eq!(shown(0.99).as_deref(), Some("1.000"));
        assert_eq!(quantile(&[(1.0, 0), (f64::INFINITY, 0)], 0.5), None);
    }
}
