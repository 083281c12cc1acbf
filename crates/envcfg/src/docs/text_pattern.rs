//! What the text of a variable looks like, as a regular expression.

use std::net::Ipv4Addr;

use groundcrew_base::{BYTE_UNITS, DURATION_UNITS, FALSE_WORDS, TRUE_WORDS};

use super::pattern::{alternatives, any_case, escape, integer, natural, unsigned};
use crate::{FieldSpec, Limit, RuleKind, ValueType};

/// The pattern of the whole text; `None` if every text has the form.
pub(super) fn text_pattern(spec: &FieldSpec) -> Option<String> {
    let core = match &spec.value_type {
        ValueType::List { of, distinct } if spec.list => list(spec, of, *distinct),
        single => Single::new(spec, single, false).whole()?,
    };
    Some(format!("^{core}$"))
}

/// A value alone, or one of several between commas.
struct Single<'s> {
    value_type: &'s ValueType,
    rules: Vec<&'s RuleKind>,
    unit: Option<&'s str>,
    in_list: bool,
}

impl<'s> Single<'s> {
    fn new(spec: &'s FieldSpec, value_type: &'s ValueType, in_list: bool) -> Self {
        let rules = spec.rules.iter().filter(|rule| rule.each() == in_list);
        Self {
            value_type,
            rules: rules.map(|rule| rule.kind()).collect(),
            unit: spec.unit,
            in_list,
        }
    }

    fn whole(&self) -> Option<String> {
        match self.value_type {
            ValueType::Url => Some(format!("[\\x00-\\x20]*{}", self.url())),
            ValueType::Text => self.schemes().map(|schemes| format!("{schemes}:\\/\\/[\\s\\S]+")),
            ValueType::Char | ValueType::List { .. } | ValueType::Custom { .. } => None,
            _ => Some(format!("\\s*{}\\s*", self.trimmed())),
        }
    }

    /// The pattern without the white space around it.
    fn trimmed(&self) -> String {
        match self.value_type {
            ValueType::Bool => alternatives(
                &TRUE_WORDS
                    .into_iter()
                    .chain(FALSE_WORDS)
                    .map(any_case)
                    .collect::<Vec<_>>(),
            ),
            ValueType::Integer { min, max } => self.integer(*min, *max),
            ValueType::Number => String::from("[+\\-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+\\-]?[0-9]+)?"),
            ValueType::Duration => self.duration(),
            ValueType::ByteSize => self.byte_size(),
            ValueType::Enum(names) => {
                alternatives(&names.iter().map(|name| any_case(name.trim())).collect::<Vec<_>>())
            }
            ValueType::Url => self.url(),
            ValueType::Char => String::from("[^,\\s]"),
            ValueType::Text => self.text(),
            ValueType::List { .. } | ValueType::Custom { .. } => words("*", 1, None),
        }
    }

    /// Any character that can be within the value.
    const fn any(&self) -> &'static str {
        if self.in_list { "[^,]" } else { "[\\s\\S]" }
    }

    fn schemes(&self) -> Option<String> {
        self.rules.iter().find_map(|rule| match rule {
            RuleKind::Scheme(schemes) => Some(alternatives(
                &schemes.iter().map(|scheme| any_case(scheme)).collect::<Vec<_>>(),
            )),
            _ => None,
        })
    }

    fn url(&self) -> String {
        let schemes = self.schemes().unwrap_or_else(|| String::from(SCHEME));
        format!("{schemes}:{}*", self.any())
    }

    /// An element of a list of texts.
    fn text(&self) -> String {
        if let Some(schemes) = self.schemes() {
            return format!("{schemes}:\\/\\/[^,]+");
        }
        let length = self.rules.iter().find_map(|rule| match rule {
            RuleKind::Length { min, max, .. } => Some((min.unwrap_or(1), *max)),
            _ => None,
        });
        match length {
            None => words("*", 1, None),
            Some((min, max)) => {
                let most = max
                    .map(|max| max.saturating_sub(2).to_string())
                    .unwrap_or_default();
                words(&format!("{{{},{most}}}", min.saturating_sub(2)), min, max)
            }
        }
    }

    fn integer(&self, min: i128, max: u128) -> String {
        let (mut least, mut most) = (min, i128::try_from(max).ok());
        for limits in self.ranges() {
            let [min, max, above, below] = limits.map(|limit| match limit {
                Some(Limit::Integer(integer)) => Some(*integer),
                _ => None,
            });
            let from = [min, above.map(|above| above.saturating_add(1))];
            least = from.into_iter().flatten().fold(least, i128::max);
            let to = [max, below.map(|below| below.saturating_sub(1))];
            for limit in to.into_iter().flatten() {
                most = Some(most.map_or(limit, |most| most.min(limit)));
            }
        }
        match (most, u128::try_from(least)) {
            (None, Ok(least)) => unsigned(least, max),
            // No minus before the zero of a type without signs.
            (Some(most), Ok(least)) if min >= 0 => alternatives(
                &u128::try_from(most).map_or_else(|_| Vec::new(), |most| vec![unsigned(least, most)]),
            ),
            (Some(most), _) => integer(least, most),
            (None, Err(_)) => integer(least, i128::MAX),
        }
    }

    fn ranges(&self) -> Vec<Limits<'_>> {
        let ranges = self.rules.iter().filter_map(|rule| match rule {
            RuleKind::Range {
                min,
                max,
                above,
                below,
            } => Some([min.as_ref(), max.as_ref(), above.as_ref(), below.as_ref()]),
            _ => None,
        });
        ranges.collect()
    }

    fn duration(&self) -> String {
        let units = time_units();
        let parts: Vec<String> = units
            .iter()
            .map(|unit| format!("(?:{DECIMAL}\\s*{}\\s*)?", unit.pattern(escape)))
            .collect();
        let any = format!("(?=[0-9]){}", parts.concat());
        let bare = self
            .unit
            .and_then(|unit| units.iter().find(|known| known.names.contains(&unit)));
        let Some(span) = Span::of(&self.ranges(), Limit::nanos) else {
            let bare = bare.map(|_| String::from(DECIMAL));
            return alternatives(&[any].into_iter().chain(bare).collect::<Vec<_>>());
        };
        let singles = units.iter().filter_map(|unit| {
            let count = span.counted(unit.size)?;
            Some(format!("{count}\\s*{}", unit.pattern(escape)))
        });
        let bare = bare.map(|unit| {
            let whole = span.counted(unit.size);
            let fraction = String::from("[0-9]+\\.[0-9]+");
            alternatives(&whole.into_iter().chain([fraction]).collect::<Vec<_>>())
        });
        // What has several units or a fraction is within limits that no pattern can say.
        let others = format!("(?![0-9]+\\s*[a-zµ]+\\s*(?:,|$)){any}");
        alternatives(&singles.chain(bare).chain([others]).collect::<Vec<_>>())
    }

    fn byte_size(&self) -> String {
        let units = byte_units();
        let names: Vec<String> = units.iter().map(|unit| unit.pattern(any_case)).collect();
        let any = format!("_*[0-9][0-9_]*(?:\\s*{})?", alternatives(&names));
        let Some(span) = Span::of(&self.ranges(), Limit::bytes) else {
            return any;
        };
        let singles = units.iter().filter_map(|unit| {
            let count = span.counted(unit.size.into())?;
            Some(format!("{count}\\s*{}", unit.pattern(any_case)))
        });
        let same = |name: &&str| self.unit.is_some_and(|unit| unit.eq_ignore_ascii_case(name));
        let factor = units
            .iter()
            .find_map(|unit| unit.names.iter().any(same).then_some(unit.size));
        let bare = span.counted(factor.unwrap_or(1).into());
        let others = format!("(?=[0-9]*_){any}");
        alternatives(&singles.chain(bare).chain([others]).collect::<Vec<_>>())
    }
}

fn list(spec: &FieldSpec, of: &ValueType, distinct: bool) -> String {
    let element = format!("\\s*{}\\s*", Single::new(spec, of, true).trimmed());
    let length = spec.rules.iter().find_map(|rule| match rule.kind() {
        RuleKind::Length { min, max, .. } if !rule.each() => Some((min.unwrap_or(1), *max)),
        _ => None,
    });
    let more = match length {
        None => String::from("*"),
        Some((min, max)) => {
            // Repeated elements of a set count once, and so there may be more.
            let most = max
                .filter(|_| !distinct)
                .map(|max| max.saturating_sub(1).to_string());
            format!("{{{},{}}}", min.saturating_sub(1), most.unwrap_or_default())
        }
    };
    format!("{element}(?:,{element}){more}")
}

/// A text of `min` to `max` characters that has no commas, nor white space at its ends; `inner` says how many
/// characters are between the first and the last.
fn words(inner: &str, min: u64, max: Option<u64>) -> String {
    match (min, max) {
        (_, Some(0)) => String::from("(?!)"),
        (_, Some(1)) => String::from("[^,\\s]"),
        (0 | 1, _) => format!("[^,\\s](?:[^,]{inner}[^,\\s])?"),
        _ => format!("[^,\\s][^,]{inner}[^,\\s]"),
    }
}

/// The limits of one rule: least, greatest, exclusively least, exclusively greatest.
type Limits<'l> = [Option<&'l Limit>; 4];

/// The values that a rule allows, in the smallest unit, both ends included.
struct Span {
    min: u128,
    max: u128,
}

impl Span {
    /// `None` if no rule limits the value.
    fn of(ranges: &[Limits<'_>], measure: fn(&Limit) -> Option<u128>) -> Option<Self> {
        let mut span = Self {
            min: 0,
            max: u128::MAX,
        };
        let mut limited = false;
        for limits in ranges {
            let [min, max, above, below] = limits.map(|limit| limit.and_then(measure));
            for min in [min, above.map(|above| above.saturating_add(1))]
                .into_iter()
                .flatten()
            {
                span.min = span.min.max(min);
                limited = true;
            }
            for max in [max, below.map(|below| below.saturating_sub(1))]
                .into_iter()
                .flatten()
            {
                span.max = span.max.min(max);
                limited = true;
            }
        }
        limited.then_some(span)
    }

    /// Matches a number of units of this size within the span; `None` if there is none.
    fn counted(&self, size: u128) -> Option<String> {
        let min = self.min.div_ceil(size);
        let max = (self.max / size).min(u64::MAX.into());
        (min <= max).then(|| format!("0*{}", natural(min, max)))
    }
}

impl Limit {
    fn nanos(&self) -> Option<u128> {
        match self {
            Self::Duration(duration) => Some(duration.as_nanos()),
            _ => None,
        }
    }

    fn bytes(&self) -> Option<u128> {
        match self {
            Self::Bytes(size) => Some(size.bytes().into()),
            _ => None,
        }
    }
}

/// Matches an IPv4 address as [`Ipv4Addr`] reads it.
pub(super) fn ipv4() -> String {
    let octet = natural(0, u128::from(Ipv4Addr::BROADCAST.octets()[0]));
    format!("^{octet}(?:\\.{octet}){{3}}$")
}

/// Matches what has the same truth as `flag`.
pub(super) fn same_flag(flag: bool) -> String {
    let words = if flag { TRUE_WORDS } else { FALSE_WORDS };
    format!("^\\s*{}\\s*$", alternatives(&words.map(any_case)))
}

/// Any scheme of a URL. Who reads one leaves out tabs and line breaks, wherever they are.
pub(super) const SCHEME: &str = "[A-Za-z][A-Za-z0-9+.\\-\\t\\n\\r]*";

const DECIMAL: &str = "[0-9]+(?:\\.[0-9]+)?";

/// The units of a duration in the order in which they may stand, and their nanoseconds.
fn time_units() -> Vec<Unit<u128>> {
    by_size(&DURATION_UNITS)
}

/// The units of a byte size and their bytes.
fn byte_units() -> Vec<Unit<u64>> {
    by_size(&BYTE_UNITS)
}

/// A unit by all its names.
struct Unit<T> {
    names: Vec<&'static str>,
    size: T,
}

impl<T> Unit<T> {
    /// Matches any of its names as they are written by `form`.
    fn pattern(&self, form: fn(&str) -> String) -> String {
        let names: Vec<String> = self.names.iter().copied().map(form).collect();
        match names.as_slice() {
            [only] => only.clone(),
            _ => alternatives(&names),
        }
    }
}

/// The named ones of `units`, those of the same size as one.
fn by_size<T: Copy + PartialEq>(units: &[(&'static str, T)]) -> Vec<Unit<T>> {
    let mut all: Vec<Unit<T>> = Vec::new();
    for &(name, size) in units.iter().filter(|(name, _)| !name.is_empty()) {
        match all.iter_mut().find(|unit| unit.size == size) {
            Some(unit) => unit.names.push(name),
            None => all.push(Unit {
                names: vec![name],
                size,
            }),
        }
    }
    all
}
