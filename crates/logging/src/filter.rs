use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use tracing::{
    Dispatch, Level, Metadata, Subscriber, callsite,
    dispatcher::{self, WeakDispatch},
    level_filters::LevelFilter,
    subscriber::Interest,
};
use tracing_subscriber::layer::{Context, Filter as LayerFilter};

use crate::{category, context};

/// Says which events are logged: a least grave level, and other ones for single targets.
///
/// Written as `LOG_LEVEL` takes it: `info`, or with directives `info,sqlx=warn,poker::hands=trace`. The levels
/// are `error`, `warn`, `info`, `debug`, `trace` and `off`, in any case. A target covers its modules
/// (`poker` covers `poker::hands`, not `poker_web`); the longest one that fits decides. A path such as
/// `poker::hands` without a level logs everything of it. The default is `info`.
///
/// It decides about lines; those of [`audit!`](crate::audit) it never holds back. Alerts of level info and graver reach the
/// [alert sink](crate::LoggingBuilder::alert_sink) whatever it says.
///
/// # Examples
/// ```
/// use groundcrew_logging::Filter;
///
/// let filter: Filter = "info,sqlx=warn".parse()?;
/// assert_eq!(filter.to_string(), "info,sqlx=warn");
/// assert!("loud".parse::<Filter>().is_err());
/// # Ok::<(), groundcrew_logging::FilterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    default: LevelFilter,
    /// Longest target first, so that the first that fits is the most specific.
    targets: Vec<(String, LevelFilter)>,
}

impl Filter {
    /// Logs events of `level` and graver ones.
    #[must_use]
    pub const fn new(level: Level) -> Self {
        Self {
            default: LevelFilter::from_level(level),
            targets: Vec::new(),
        }
    }

    /// Logs nothing.
    #[must_use]
    pub const fn off() -> Self {
        Self {
            default: LevelFilter::OFF,
            targets: Vec::new(),
        }
    }

    /// The same, but with `level` and graver for `target` and its modules.
    #[must_use]
    pub fn with_target(mut self, target: impl Into<String>, level: Level) -> Self {
        self.set_target(target.into(), LevelFilter::from_level(level));
        self
    }

    /// Whether an event of this target and level is logged.
    #[must_use]
    pub fn enables(&self, target: &str, level: Level) -> bool {
        level <= self.level_of(target)
    }

    fn level_of(&self, target: &str) -> LevelFilter {
        self.targets
            .iter()
            .find(|(prefix, _)| covers(prefix, target))
            .map_or(self.default, |&(_, level)| level)
    }

    fn max_level(&self) -> LevelFilter {
        self.targets
            .iter()
            .map(|&(_, level)| level)
            .fold(self.default, LevelFilter::max)
    }

    /// The same as a directive for the target, or for all without one.
    pub(crate) fn change(&mut self, target: Option<&str>, level: LevelFilter) {
        match target {
            Some(target) => self.set_target(target.to_owned(), level),
            None => self.default = level,
        }
    }

    fn set_target(&mut self, target: String, level: LevelFilter) {
        self.targets.retain(|(known, _)| *known != target);
        self.targets.push((target, level));
        self.targets
            .sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::new(Level::INFO)
    }
}

impl From<Level> for Filter {
    fn from(level: Level) -> Self {
        Self::new(level)
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut filter = Self::default();
        for directive in text
            .split(',')
            .map(str::trim)
            .filter(|directive| !directive.is_empty())
        {
            match directive.split_once('=') {
                Some((target, level)) => {
                    let target = valid_target(target.trim(), directive)?;
                    filter.set_target(target, level_filter(level.trim(), directive)?);
                }
                None if directive.contains("::") => {
                    let target = valid_target(directive, directive)?;
                    filter.set_target(target, LevelFilter::TRACE);
                }
                None => filter.default = level_filter(directive, directive)?,
            }
        }
        Ok(filter)
    }
}

impl fmt::Display for Filter {
    /// The form that [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.default)?;
        self.targets
            .iter()
            .rev()
            .try_for_each(|(target, level)| write!(f, ",{target}={level}"))
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Filter;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a log level such as info, or directives such as info,sqlx=warn")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Filter, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// Says which directive of a [`Filter`] cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The level is none of the known ones.
    #[error("unknown level in {directive:?}, expected one of error, warn, info, debug, trace, off")]
    UnknownLevel {
        /// The directive as it was given.
        directive: String,
    },
    /// The part before `=` cannot be the target of an event.
    #[error("{directive:?} names no target")]
    NoTarget {
        /// The directive as it was given.
        directive: String,
    },
}

/// The filter in force, shared by the layer that asks and the handle that changes it.
#[derive(Clone, Debug)]
pub(crate) struct SharedFilter {
    filter: Arc<RwLock<Filter>>,
    /// Whether alerts are wanted, which no level holds back.
    has_alert_sink: bool,
    /// The subscriber that asks.
    dispatch: Arc<OnceLock<WeakDispatch>>,
    was_asked: Arc<AtomicBool>,
    is_unsettled: Arc<AtomicBool>,
    #[cfg(feature = "log")]
    follows_log_records: Arc<AtomicBool>,
}

impl SharedFilter {
    pub(crate) fn new(filter: Filter, has_alert_sink: bool) -> Self {
        Self {
            filter: Arc::new(RwLock::new(filter)),
            has_alert_sink,
            dispatch: Arc::default(),
            was_asked: Arc::default(),
            is_unsettled: Arc::default(),
            #[cfg(feature = "log")]
            follows_log_records: Arc::default(),
        }
    }

    pub(crate) fn load(&self) -> Filter {
        self.read(Clone::clone)
    }

    pub(crate) fn store(&self, filter: Filter) {
        *self.filter.write().unwrap_or_else(PoisonError::into_inner) = filter;
        self.rebuild();
        self.is_unsettled.store(true, Ordering::Release);
        #[cfg(feature = "log")]
        if self.follows_log_records.load(Ordering::Relaxed) {
            self.set_log_level();
        }
    }

    /// The layer with this filter is part of a subscriber.
    pub(crate) fn is_asked_by(&self, dispatch: &Dispatch) {
        self.dispatch.get_or_init(|| dispatch.downgrade());
    }

    /// Asks all callsites once more some time after a change, for one that was asked for the first time just
    /// then may have got the old answer.
    pub(crate) fn settle(&self) {
        if self.is_unsettled.swap(false, Ordering::AcqRel) {
            self.rebuild();
        }
    }

    pub(crate) fn is_unsettled(&self) -> bool {
        self.is_unsettled.load(Ordering::Acquire)
    }

    /// Callsites remember whether they are enabled: asks them all again.
    fn rebuild(&self) {
        // Of two at a time the one with the old filter could come last.
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        // While there is one subscriber, tracing asks that of the thread, which may have none, and takes it that
        // nobody is interested.
        match self.dispatch.get().map(WeakDispatch::upgrade) {
            Some(Some(dispatch)) => dispatcher::with_default(&dispatch, callsite::rebuild_interest_cache),
            // Something around the layer has not told it of its subscriber.
            None if self.was_asked.load(Ordering::Relaxed) => callsite::rebuild_interest_cache(),
            Some(None) | None => {}
        }
    }

    /// From now on the `log` crate stops records early that the filter would not let pass.
    #[cfg(feature = "log")]
    pub(crate) fn follow_log_records(&self) {
        self.follows_log_records.store(true, Ordering::Relaxed);
        self.set_log_level();
    }

    #[cfg(feature = "log")]
    fn set_log_level(&self) {
        log::set_max_level(match self.read(Filter::max_level) {
            LevelFilter::OFF => log::LevelFilter::Off,
            LevelFilter::ERROR => log::LevelFilter::Error,
            LevelFilter::WARN => log::LevelFilter::Warn,
            LevelFilter::INFO => log::LevelFilter::Info,
            LevelFilter::DEBUG => log::LevelFilter::Debug,
            LevelFilter::TRACE => log::LevelFilter::Trace,
        });
    }

    fn read<R>(&self, read: impl FnOnce(&Filter) -> R) -> R {
        read(&self.filter.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether an event that has come this far gets a line: an alert may have passed for its sink alone.
    pub(crate) fn logs(&self, metadata: &Metadata<'_>) -> bool {
        !self.is_wanted_alert(metadata) || self.passes(metadata)
    }

    fn allows(&self, metadata: &Metadata<'_>) -> bool {
        self.passes(metadata) || self.is_wanted_alert(metadata)
    }

    fn passes(&self, metadata: &Metadata<'_>) -> bool {
        category::is_audit(metadata)
            || context::is_context(metadata)
            || self.read(|filter| filter.enables(metadata.target(), *metadata.level()))
    }

    fn is_wanted_alert(&self, metadata: &Metadata<'_>) -> bool {
        self.has_alert_sink && metadata.is_event() && metadata.fields().field(ALERT_KEY).is_some()
    }
}

impl<S: Subscriber> LayerFilter<S> for SharedFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.allows(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.was_asked.store(true, Ordering::Relaxed);
        if self.allows(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // Audit events and wanted alerts, which no level holds back, come down to info.
        Some(self.read(Filter::max_level).max(LevelFilter::INFO))
    }
}

/// The field that makes an event an alert.
pub(crate) const ALERT_KEY: &str = "alert.key";

pub(crate) fn covers(prefix: &str, target: &str) -> bool {
    target
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

pub(crate) fn valid_target(target: &str, directive: &str) -> Result<String, FilterError> {
    let odd = |c: char| c.is_whitespace() || matches!(c, ',' | '=' | '[' | ']' | '{' | '}' | '"');
    if target.is_empty() || target.contains(odd) {
        return Err(FilterError::NoTarget {
            directive: directive.to_owned(),
        });
    }
    Ok(target.to_owned())
}

fn level_filter(level: &str, directive: &str) -> Result<LevelFilter, FilterError> {
    NAMES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(level))
        .map(|&(_, level)| level)
        .ok_or_else(|| FilterError::UnknownLevel {
            directive: directive.to_owned(),
        })
}

const NAMES: [(&str, LevelFilter); 6] = [
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
    ("off", LevelFilter::OFF),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_target_decides() {
        let filter: Filter = "warn, poker=info, poker::hands=trace, noisy=off".parse().unwrap();

        assert!(filter.enables("poker::hands::deal", Level::TRACE));
        assert!(filter.enables("poker", Level::INFO));
        assert!(!filter.enables("poker", Level::DEBUG));
        assert!(!filter.enables("poker_web", Level::INFO));
        assert!(!filter.enables("noisy::inner", Level::ERROR));
        assert!(filter.enables("other", Level::WARN));
        assert_eq!(filter.max_level(), LevelFilter::TRACE);
    }

    #[test]
    fn every_level_of_the_requirements_is_read_in_any_case() {
        for (text, level) in [
            ("error", Level::ERROR),
            ("WARN", Level::WARN),
            ("Info", Level::INFO),
            ("debug", Level::DEBUG),
            ("trace", Level::TRACE),
        ] {
            assert_eq!(text.parse(), Ok(Filter::new(level)), "{text}");
        }
        assert_eq!("off".parse(), Ok(Filter::off()));
        assert_eq!("".parse(), Ok(Filter::default()));
    }

    #[test]
    fn mistakes_name_the_directive() {
        for text in ["verbose", "info,sqlx=loud", "hyper", "1"] {
            let error = text.parse::<Filter>().unwrap_err();
            let directive = text.rsplit(',').next().unwrap().to_owned();
            assert_eq!(error, FilterError::UnknownLevel { directive }, "{text}");
        }
        assert_eq!(
            "=info".parse::<Filter>(),
            Err(FilterError::NoTarget {
                directive: "=info".to_owned()
            })
        );
    }

    #[test]
    fn what_it_shows_reads_back() {
        let filter: Filter = "debug,a::b,c=off,a=warn,c=error".parse().unwrap();

        assert_eq!(filter.to_string(), "debug,c=error,a=warn,a::b=trace");
        assert_eq!(filter.to_string().parse(), Ok(filter));
    }
}
