use std::fmt;

/// Where a request is traced: what an exemplar points to.
///
/// # Examples
/// ```
/// use groundcrew_metrics::TraceContext;
///
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let trace = TraceContext::from_traceparent(header).expect("a W3C header");
/// assert_eq!(trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736/00f067aa0ba902b7");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: [u8; 16],
    span_id: [u8; 8],
}

impl TraceContext {
    /// The span `span_id` of the trace `trace_id`.
    #[must_use]
    pub const fn new(trace_id: [u8; 16], span_id: [u8; 8]) -> Self {
        Self { trace_id, span_id }
    }

    /// Reads a W3C `traceparent` header. `None` when it is not one, or says that the trace is not sampled:
    /// nobody could look at it.
    #[must_use]
    pub fn from_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let [version] = bytes(version)?;
        let trace = Self::new(bytes(trace)?, bytes(span)?);
        let [flags] = bytes(flags)?;
        let is_whole = version != 0 || parts.next().is_none();
        let is_valid = version != 0xff && trace.trace_id != [0; 16] && trace.span_id != [0; 8];
        (is_whole && is_valid && flags & 1 == 1).then_some(trace)
    }

    /// The 16 bytes of the trace.
    #[must_use]
    pub const fn trace_id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// The 8 bytes of the span.
    #[must_use]
    pub const fn span_id(&self) -> [u8; 8] {
        self.span_id
    }

    pub(crate) fn trace_id_hex(&self) -> Hex<32> {
        Hex::new(&self.trace_id)
    }

    pub(crate) fn span_id_hex(&self) -> Hex<16> {
        Hex::new(&self.span_id)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}",
            self.trace_id_hex().as_str(),
            self.span_id_hex().as_str()
        )
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceContext({self})")
    }
}

/// Knows the trace that an observation belongs to. It is asked only when an exemplar is due.
///
/// A [`TraceContext`], an `Option` of one, and a closure that gives an `Option` of one are sources.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{Registry, TraceContext};
///
/// let registry = Registry::new();
/// let durations = registry.histogram("job_duration_seconds", "Time a job took", &[0.1, 1.0])?;
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// durations.observe_with_exemplar(0.3, || TraceContext::from_traceparent(header));
///
/// let text = registry.encode_open_metrics();
/// assert!(text.contains(r#"{le="1.0"} 1 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736","#));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
pub trait ExemplarSource {
    /// The trace, if there is one.
    fn trace(self) -> Option<TraceContext>;
}

impl ExemplarSource for TraceContext {
    fn trace(self) -> Option<TraceContext> {
        Some(self)
    }
}

impl ExemplarSource for Option<TraceContext> {
    fn trace(self) -> Option<TraceContext> {
        self
    }
}

impl<F: FnOnce() -> Option<TraceContext>> ExemplarSource for F {
    fn trace(self) -> Option<TraceContext> {
        self()
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) struct Hex<const N: usize>([u8; N]);

impl<const N: usize> Hex<N> {
    fn new(bytes: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
        let mut text = [b'0'; N];
        for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hex.len() != 2 * N || !hex.bytes().all(is_hex) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_sampled_trace_is_none() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let read = TraceContext::from_traceparent;

        assert!(read(&format!("00-{trace}-00f067aa0ba902b7-01")).is_some());
        assert!(read(&format!(" cc-{trace}-00f067aa0ba902b7-03-what-comes")).is_some());
        for header in [
            String::new(),
            format!("00-{trace}-00f067aa0ba902b7-00"),
            format!("00-{trace}-00f067aa0ba902b7-01-more"),
            format!("ff-{trace}-00f067aa0ba902b7-01"),
            format!("00-{trace}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
            format!("00-{}é-00f067aa0ba902b7-01", &trace[2..]),
            format!("00-{trace}-00f067aa0ba902b7"),
        ] {
            assert_eq!(read(&header), None, "{header}");
        }
    }
}
