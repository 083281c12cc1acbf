use std::{fmt, str};

use tracing::{
    Level, Metadata,
    field::{Field, Visit},
};

use crate::{
    category,
    filter::{ALERT_KEY, covers},
    shown::shown,
};

/// Which share of the requests is logged in full, the rest only where it matters.
///
/// A request is in or out as a whole: the `trace_id` of its spans decides, else their `requestId`, and each event
/// inside is kept if the share of its target and level has room for that identifier. Services with the same shares
/// keep the same traces; the decision is that of OpenTelemetry's consistent probability sampling.
///
/// Events of level error, audit events and alerts are always kept, and so are events outside of any request.
/// Warnings are kept unless a share is set for them. What is left out is counted as
/// [`Drops::sampled`](crate::Drops::sampled).
///
/// # Examples
/// ```
/// use groundcrew_logging::{Logging, Sampling};
/// use tracing::Level;
///
/// let sampling = Sampling::share(0.1)
///     .level(Level::DEBUG, 0.01)
///     .target("poker::payments", 1.0)
///     .honour_parent();
/// let builder = Logging::builder().sampling(sampling);
/// # drop(builder);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    rules: Vec<Rule>,
    honours_parent: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    /// Covers its modules too; all targets if it is empty.
    target: String,
    level: Option<Level>,
    from: u64,
}

impl Sampling {
    /// Keeps this share of the requests, from 0 to 1, for events of level info and less grave ones.
    #[must_use]
    pub fn share(share: f64) -> Self {
        Self {
            rules: Vec::new(),
            honours_parent: false,
        }
        .rule("", None, share)
    }

    /// Another share for events of this level; for warnings too.
    #[must_use]
    pub fn level(self, level: Level, share: f64) -> Self {
        self.rule("", Some(level), share)
    }

    /// Another share for events of this target and its modules. The longest target that fits decides, and
    /// goes before the level.
    #[must_use]
    pub fn target(self, target: impl AsRef<str>, share: f64) -> Self {
        self.rule(target.as_ref(), None, share)
    }

    /// Another share for events of this target and level.
    #[must_use]
    pub fn target_level(self, target: impl AsRef<str>, level: Level, share: f64) -> Self {
        self.rule(target.as_ref(), Some(level), share)
    }

    /// Follows the caller where it has said whether the trace is sampled, in the field `trace_sampled` of a
    /// span, as [`RequestLog`] records it.
    ///
    #[cfg_attr(feature = "tower", doc = "[`RequestLog`]: crate::RequestLog")]
    #[cfg_attr(not(feature = "tower"), doc = "[`RequestLog`]: crate::Sampling")]
    #[must_use]
    pub const fn honour_parent(mut self) -> Self {
        self.honours_parent = true;
        self
    }

    fn rule(mut self, target: &str, level: Option<Level>, share: f64) -> Self {
        self.rules
            .retain(|rule| rule.target != target || rule.level != level);
        self.rules.push(Rule {
            target: target.to_owned(),
            level,
            from: threshold(share),
        });
        // The most specific first.
        self.rules
            .sort_by_key(|rule| (std::cmp::Reverse(rule.target.len()), rule.level.is_none()));
        self
    }

    /// The randomness from which on events of a callsite are kept; 0 keeps all.
    pub(crate) fn threshold(&self, metadata: &Metadata<'_>) -> u64 {
        let is_exempt = !metadata.is_event()
            || *metadata.level() == Level::ERROR
            || metadata.fields().field(ALERT_KEY).is_some()
            || category::is_audit(metadata);
        if is_exempt {
            return 0;
        }
        let level = *metadata.level();
        let mut rules = self.rules.iter();
        let fits = |rule: &&Rule| {
            let is_of_level = rule.level.map_or(level > Level::WARN, |own| own == level);
            is_of_level && (rule.target.is_empty() || covers(&rule.target, metadata.target()))
        };
        rules.find(fits).map_or(0, |rule| rule.from)
    }

    /// Whether an event with this threshold is kept in a request.
    pub(crate) const fn keeps(&self, threshold: u64, key: &SampleKey) -> bool {
        match (key.parent, key.randomness()) {
            (Some(sampled), _) if self.honours_parent => sampled,
            (_, Some(randomness)) => randomness >= threshold,
            (_, None) => true,
        }
    }
}

/// What spans say about whether their request is sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SampleKey {
    trace: Option<u64>,
    request: Option<u64>,
    parent: Option<bool>,
}

impl SampleKey {
    /// Whether spans of this callsite may say something.
    pub(crate) fn is_in(metadata: &Metadata<'_>) -> bool {
        let fields = metadata.fields();
        metadata.is_span() && FIELDS.iter().any(|name| fields.field(name).is_some())
    }

    /// Takes what it lacks from a span further out.
    pub(crate) fn fill_from(&mut self, outer: &Self) {
        self.trace = self.trace.or(outer.trace);
        self.request = self.request.or(outer.request);
        self.parent = self.parent.or(outer.parent);
    }

    const fn randomness(&self) -> Option<u64> {
        match self.trace {
            Some(trace) => Some(trace),
            None => self.request,
        }
    }
}

impl Visit for SampleKey {
    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == PARENT {
            self.parent = Some(value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            TRACE => self.trace = Some(randomness(value)),
            REQUEST => self.request = Some(randomness(value)),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if matches!(field.name(), TRACE | REQUEST) {
            self.record_str(field, &shown(format_args!("{value:?}")));
        }
    }
}

/// 56 bits: the last 14 digits of a trace id, as the W3C makes them random; of other identifiers a hash.
fn randomness(id: &str) -> u64 {
    let is_trace_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = id.get(18..).filter(|_| is_trace_id);
    let random = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    random.unwrap_or_else(|| hash(id) >> (u64::BITS - RANDOM_BITS))
}

/// FNV-1a with a finisher: the same in every process and version.
fn hash(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share is between 0 and 1, and 2^56 of it is exact enough"
)]
fn threshold(share: f64) -> u64 {
    let whole = 1_u64 << RANDOM_BITS;
    if share.is_nan() {
        return 0;
    }
    ((1.0 - share.clamp(0.0, 1.0)) * whole as f64) as u64
}

const TRACE: &str = "trace_id";
const REQUEST: &str = "requestId";
const PARENT: &str = "trace_sampled";
const FIELDS: [&str; 3] = [TRACE, REQUEST, PARENT];
const RANDOM_BITS: u32 = 56;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_and_randomness_are_those_of_opentelemetry() {
        // From its specification of probability sampling: 1 in 4 is `c`, 1 in 2 is `8`, never and always.
        assert_eq!(threshold(0.25), 0xc0_0000_0000_0000);
        assert_eq!(threshold(0.5), 0x80_0000_0000_0000);
        assert_eq!(threshold(1.0), 0);
        assert_eq!(threshold(0.0), 1 << 56);
        assert_eq!(
            (threshold(7.0), threshold(-1.0), threshold(f64::NAN)),
            (0, 1 << 56, 0)
        );
        assert_eq!(
            randomness("0af7651916cd43dd8448eb211c80319c"),
            0x48_eb21_1c80_319c
        );
    }

    #[test]
    fn shares_of_other_identifiers_come_out() {
        let kept = |share: f64| {
            let ids = (0..10_000).map(|n| format!("r-{n}"));
            ids.filter(|id| randomness(id) >= threshold(share)).count()
        };

        assert!((900..1100).contains(&kept(0.1)), "{}", kept(0.1));
        assert!((4800..5200).contains(&kept(0.5)), "{}", kept(0.5));
        assert_eq!((kept(0.0), kept(1.0)), (0, 10_000));
    }
}
