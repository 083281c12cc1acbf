/// How metrics are written down.
///
/// # Examples
/// ```
/// use groundcrew_metrics::Format;
///
/// let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// assert_eq!(Format::negotiate(accept), Format::OpenMetrics);
/// assert_eq!(Format::negotiate("text/html,*/*;q=0.8"), Format::Text);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Prometheus text format 0.0.4; the default, read by everything.
    #[default]
    Text,
    /// OpenMetrics text format 1.0.
    OpenMetrics,
    /// Prometheus's protocol buffers: `io.prometheus.client.MetricFamily` messages, each with its length in front.
    Protobuf,
}

impl Format {
    /// The format that an HTTP `Accept` header likes best: highest quality first, then the order of the
    /// header. [`Text`](Self::Text) when it names neither.
    #[must_use]
    pub fn negotiate(accept: &str) -> Self {
        let mut best = (Self::Text, 0);
        for range in accept.split(',') {
            if let Some((format, quality)) = parse_range(range)
                && quality > best.1
            {
                best = (format, quality);
            }
        }
        best.0
    }

    /// The value of the `Content-Type` header.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }
}

impl Format {
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// A format that the media range covers, with its quality in thousandths.
fn parse_range(range: &str) -> Option<(Format, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next()?;
    let mut quality = 1000;
    let mut version = None;
    for part in parts {
        let (name, value) = part.split_once('=')?;
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => quality = thousandths(value)?,
            "version" => version = Some(value.to_owned()),
            _ => {}
        }
    }
    let version = version.as_deref();
    let format = match media.to_ascii_lowercase().as_str() {
        "application/openmetrics-text" if matches!(version, None | Some("1.0.0")) => Format::OpenMetrics,
        "text/plain" if matches!(version, None | Some("0.0.4")) => Format::Text,
        "text/*" | "*/*" => Format::Text,
        _ => return None,
    };
    Some((format, quality))
}

fn thousandths(quality: &str) -> Option<u16> {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let digits = fraction.len();
    if digits > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = format!("{fraction:0<3}");
    match whole {
        "0" => padded.parse().ok(),
        "1" => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_quality_wins_then_the_order() {
        let cases = [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("application/openmetrics-text", Format::OpenMetrics),
            (
                "Application/OpenMetrics-Text; Version=\"1.0.0\"",
                Format::OpenMetrics,
            ),
            ("application/openmetrics-text; version=0.0.1", Format::Text),
            (
                "application/openmetrics-text;q=0.3, text/plain;q=0.4",
                Format::Text,
            ),
            (
                "text/plain;q=0.3, application/openmetrics-text;q=0.301",
                Format::OpenMetrics,
            ),
            ("text/plain, application/openmetrics-text", Format::Text),
            ("application/openmetrics-text, text/plain", Format::OpenMetrics),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text;q=nonsense", Format::Text),
            (
                "application/vnd.google.protobuf, application/openmetrics-text;q=0.1",
                Format::OpenMetrics,
            ),
        ];

        for (accept, format) in cases {
            assert_eq!(Format::negotiate(accept), format, "{accept}");
        }
    }
}
