use std::{fmt, num::NonZero, str::FromStr};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    RequestContext,
    hex::{hex, value},
    random::random,
    trace_state,
};

/// The place of a piece of work in a distributed trace, as the W3C's recommendation Trace Context has it.
///
/// Read from `traceparent` and `tracestate`, strictly: a header that the recommendation calls invalid, upper
/// case, ids of zeros, a version 00 that goes on, a header that stands twice, counts as none.
///
/// # Examples
/// ```
/// use groundcrew_logging::TraceContext;
///
/// let theirs: TraceContext = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse()?;
/// assert_eq!(theirs.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
/// assert!(theirs.is_sampled());
///
/// let mut headers = http::HeaderMap::new();
/// theirs.inject(&mut headers);
/// let sent = TraceContext::from_headers(&headers).expect("they were just set");
/// assert_eq!(sent.trace_id(), theirs.trace_id());
/// assert_ne!(sent.span_id(), theirs.span_id());
/// # Ok::<(), groundcrew_logging::TraceParentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: TraceId,
    span_id: SpanId,
    flags: u8,
    state: Option<HeaderValue>,
}

/// The 128 bits that all parts of a trace share; shown as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(NonZero<u128>);

/// The 64 bits that name one part of a trace; shown as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(NonZero<u64>);

/// The text is no valid `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid traceparent")]
#[non_exhaustive]
pub struct TraceParentError;

impl TraceContext {
    /// Starts a trace of its own.
    #[must_use]
    pub fn start(is_sampled: bool) -> Self {
        Self {
            trace_id: TraceId::new(),
            span_id: SpanId::new(),
            flags: if is_sampled { SAMPLED | RANDOM } else { RANDOM },
            state: None,
        }
    }

    /// What the caller says; [`TraceContext::span_id`] is then the caller's.
    ///
    /// An invalid `tracestate` is left out.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all(&TRACEPARENT).iter();
        let (Some(parent), None) = (parents.next(), parents.next()) else {
            return None;
        };
        let mut context = Self::parse(parent.as_bytes().trim_ascii())?;
        context.state = trace_state::read(headers);
        Some(context)
    }

    /// That of the request being served: of the innermost span of a [`RequestLog`](crate::RequestLog) around
    /// the current one. Its span id is this service's own.
    #[must_use]
    pub fn current() -> Option<Self> {
        RequestContext::current()?.trace().cloned()
    }

    /// A part of the same trace with an id of its own.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            span_id: SpanId::new(),
            ..self.clone()
        }
    }

    /// Puts `traceparent`, with a new span id, and `tracestate` into the headers of an outgoing request.
    pub fn inject(&self, headers: &mut HeaderMap) {
        headers.insert(TRACEPARENT, self.child().traceparent());
        match &self.state {
            Some(state) => headers.insert(TRACESTATE, state.clone()),
            None => headers.remove(TRACESTATE),
        };
    }

    /// The value of the header `traceparent`, with this span id.
    #[must_use]
    pub fn traceparent(&self) -> HeaderValue {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let parts: [(usize, &[u8]); 3] = [
            (3, &self.trace_id.digits()),
            (36, &self.span_id.digits()),
            (53, &hex::<1, 2>([self.flags])),
        ];
        for (start, digits) in parts {
            for (to, from) in text.iter_mut().skip(start).zip(digits) {
                *to = *from;
            }
        }
        HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static(""))
    }

    /// The value of the header `tracestate`, as the caller sent it.
    #[must_use]
    pub fn tracestate(&self) -> Option<&str> {
        self.state.as_ref()?.to_str().ok()
    }

    /// The trace.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The part of it.
    #[must_use]
    pub const fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// Whether the caller may have recorded the trace.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Section 3.2 of the recommendation; a later version may add fields behind another dash.
    fn parse(text: &[u8]) -> Option<Self> {
        let (fields, rest) = text.split_at_checked(LENGTH)?;
        let version = value(fields.get(..2)?)?;
        let is_sound = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest.starts_with(b"-"),
        };
        let dashes = [2, 35, 52].iter().all(|&at| fields.get(at) == Some(&b'-'));
        if !is_sound || !dashes {
            return None;
        }
        let flags = u8::try_from(value(fields.get(53..)?)?).ok()?;
        let known = if version == 0 { SAMPLED | RANDOM } else { SAMPLED };
        Some(Self {
            trace_id: TraceId(NonZero::new(value(fields.get(3..35)?)?)?),
            span_id: SpanId(NonZero::new(u64::try_from(value(fields.get(36..52)?)?).ok()?)?),
            flags: flags & known,
            state: None,
        })
    }
}

impl FromStr for TraceContext {
    type Err = TraceParentError;

    /// Reads the value of the header `traceparent`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.as_bytes()).ok_or(TraceParentError)
    }
}

impl TraceId {
    /// All zeros would be invalid.
    fn new() -> Self {
        let bits = u128::from(random()) << 64 | u128::from(random());
        Self(NonZero::new(bits).unwrap_or(NonZero::<u128>::MIN))
    }

    pub(super) fn digits(self) -> [u8; 32] {
        hex(self.0.get().to_be_bytes())
    }
}

impl SpanId {
    fn new() -> Self {
        Self(NonZero::new(random()).unwrap_or(NonZero::<u64>::MIN))
    }

    pub(super) fn digits(self) -> [u8; 16] {
        hex(self.0.get().to_be_bytes())
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// Of version 00, and of the part of later ones that we understand.
const LENGTH: usize = 55;
const SAMPLED: u8 = 1;
/// Level 2 of the recommendation: the trace id is random.
const RANDOM: u8 = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn parse(text: &str) -> Option<TraceContext> {
        text.parse().ok()
    }

    #[test]
    fn what_the_recommendation_calls_invalid_is_refused() {
        for text in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0A",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01what",
            "é0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(text.parse::<TraceContext>(), Err(TraceParentError), "{text:?}");
        }
    }

    #[test]
    fn later_versions_are_read_as_far_as_they_are_known() {
        for text in [
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-what-ever",
        ] {
            let context = parse(text).unwrap();

            assert!(context.is_sampled());
            assert_eq!(context.traceparent(), VALID);
        }
    }

    #[test]
    fn only_known_flags_go_on() {
        for (received, sent) in [
            ("00", "00"),
            ("01", "01"),
            ("02", "02"),
            ("ff", "03"),
            ("fc", "00"),
        ] {
            let context = parse(&format!("{}{received}", &VALID[..53])).unwrap();

            assert_eq!(context.traceparent(), format!("{}{sent}", &VALID[..53]));
            assert_eq!(context.is_sampled(), sent == "01" || sent == "03");
        }
    }

    #[test]
    fn a_header_that_stands_twice_counts_as_none() {
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, HeaderValue::from_static(VALID));
        assert_eq!(
            TraceContext::from_headers(&headers).unwrap().traceparent(),
            HeaderValue::from_static(VALID)
        );

        headers.append(TRACEPARENT, HeaderValue::from_static(VALID));

        assert_eq!(TraceContext::from_headers(&headers), None);
    }

    #[test]
    fn a_new_trace_is_random_and_says_whether_it_is_sampled() {
        let (one, other) = (TraceContext::start(true), TraceContext::start(false));

        assert_ne!(one.trace_id(), other.trace_id());
        assert_ne!(one.span_id(), one.child().span_id());
        assert!(one.is_sampled() && !other.is_sampled());
        assert_eq!(parse(one.traceparent().to_str().unwrap()), Some(one));
    }

    #[test]
    fn what_came_in_goes_out_under_a_new_span() {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static(VALID));
        headers.append(TRACESTATE, HeaderValue::from_static("rojo=00f067aa0ba902b7"));
        headers.append(TRACESTATE, HeaderValue::from_static(" congo=t61rcWkgMzE"));
        let context = TraceContext::from_headers(&headers).unwrap();

        let mut sent = HeaderMap::new();
        sent.insert(TRACESTATE, HeaderValue::from_static("of=another"));
        context.inject(&mut sent);

        let read = TraceContext::from_headers(&sent).unwrap();
        assert_eq!(read.trace_id(), context.trace_id());
        assert_ne!(read.span_id(), context.span_id());
        assert_eq!(sent.get_all(TRACESTATE).iter().count(), 1);
        assert_eq!(
            read.tracestate(),
            Some("rojo=00f067aa0ba902b7, congo=t61rcWkgMzE")
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(trace in 1_u128.., span in 1_u64.., flags in 0_u8..4) {
            let text = format!("00-{trace:032x}-{span:016x}-{flags:02x}");

            let context = parse(&text).unwrap();

            prop_assert_eq!(context.trace_id().to_string(), format!("{trace:032x}"));
            prop_assert_eq!(context.span_id().to_string(), format!("{span:016x}"));
            prop_assert_eq!(context.traceparent(), text);
        }

        #[test]
        fn nothing_is_read_that_is_not_well_formed(text in "[0-9a-fA-F-]{50,60}|.{0,60}") {
            if let Some(context) = parse(&text) {
                prop_assert!(text.len() == 55 || !text.starts_with("00"));
                let lower = text.to_lowercase();
                prop_assert_eq!(&text[3..52], &lower[3..52]);
                let sent = context.traceparent();
                prop_assert_eq!(&sent.to_str().unwrap()[3..52], &text[3..52]);
            }
        }

        #[test]
        fn one_changed_byte_never_gives_a_broken_header(at in 0_usize..55, byte in 0x20_u8..0x7f) {
            let mut text = VALID.as_bytes().to_vec();
            text[at] = byte;
            let text = String::from_utf8(text).unwrap();

            if let Some(context) = parse(&text) {
                let sent = context.traceparent();
                prop_assert_eq!(parse(sent.to_str().unwrap()), Some(context));
            }
        }
    }
}
