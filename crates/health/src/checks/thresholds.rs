use groundcrew_base::Verdict;

/// The percentages above which something is degraded and unhealthy; by default 80 and 90.
///
/// # Examples
/// ```
/// use groundcrew_health::checks::Thresholds;
///
/// let later = Thresholds::new(90.0, 97.5)?;
/// assert!(Thresholds::new(95.0, 90.0).is_err());
/// # drop(later);
/// # Ok::<(), groundcrew_health::checks::InvalidThresholds>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    degraded: f64,
    unhealthy: f64,
}

/// The percentages are not in order, or not between 0 and 100.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("thresholds {degraded} and {unhealthy}: expected 0 <= degraded <= unhealthy <= 100")]
#[non_exhaustive]
pub struct InvalidThresholds {
    /// The lower one.
    pub degraded: f64,
    /// The upper one.
    pub unhealthy: f64,
}

impl Thresholds {
    /// Degraded above `degraded` percent, unhealthy above `unhealthy` percent; 100 means never.
    ///
    /// # Errors
    /// [`InvalidThresholds`] unless 0 <= `degraded` <= `unhealthy` <= 100.
    pub fn new(degraded: f64, unhealthy: f64) -> Result<Self, InvalidThresholds> {
        if (0.0..=unhealthy).contains(&degraded) && unhealthy <= 100.0 {
            return Ok(Self { degraded, unhealthy });
        }
        Err(InvalidThresholds { degraded, unhealthy })
    }

    #[cfg(feature = "redis")]
    pub(super) const fn never_unhealthy(mut self) -> Self {
        self.unhealthy = 100.0;
        self
    }

    pub(super) fn judge(self, what: &str, percent: f64) -> Verdict {
        let reason = format!("{what} {percent:.1} % full");
        // More than all is no reason to pass what nothing passes.
        let percent = percent.min(100.0);
        if percent > self.unhealthy {
            Verdict::unhealthy(reason)
        } else if percent > self.degraded {
            Verdict::degraded(reason)
        } else {
            Verdict::healthy()
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            degraded: 80.0,
            unhealthy: 90.0,
        }
    }
}

/// `part` of `whole` in percent; nothing of nothing is 0.
#[expect(
    clippy::cast_precision_loss,
    reason = "a percentage needs no more than 53 bits"
)]
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 * 100.0 / whole as f64
}

/// As it is shown.
pub(super) fn hundredths(percent: f64) -> f64 {
    (percent * 100.0).round() / 100.0
}
