//! What a scraper accepts.

use super::Format;

/// What an `Accept` header came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) format: Format,
    /// How names with unusual characters are to be written. Ours have none, so all schemes write the same; the
    /// scraper is told the one that it asked for.
    pub(crate) escaping: Option<&'static str>,
}

impl Accepted {
    pub(crate) fn by(accept: &str) -> Self {
        let ranges: Vec<Range<'_>> = accept.split(',').filter_map(Range::parse).collect();
        let mut best = Self::default();
        let mut highest = 0;
        for range in &ranges {
            let covered = range.covered().find(|format| {
                let nearness = range.nearness(*format);
                !ranges.iter().any(|other| other.nearness(*format) > nearness)
            });
            if let Some(format) = covered
                && range.parameters.quality > highest
            {
                highest = range.parameters.quality;
                best = Self {
                    format,
                    escaping: range.parameters.escaping,
                };
            }
        }
        best
    }

    #[cfg(feature = "http")]
    pub(crate) fn content_type(self) -> String {
        let content_type = self.format.content_type();
        match self.escaping {
            Some(escaping) => format!("{content_type}; escaping={escaping}"),
            None => content_type.to_owned(),
        }
    }
}

/// A media range with its parameters.
struct Range<'a> {
    media: String,
    parameters: Parameters<'a>,
}

impl<'a> Range<'a> {
    /// Gives none when a parameter makes no sense.
    fn parse(range: &'a str) -> Option<Self> {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next()?.to_ascii_lowercase();
        let mut parameters = Parameters::default();
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            parameters.set(name.trim(), value.trim().trim_matches('"'))?;
        }
        Some(Self { media, parameters })
    }

    /// The formats that it covers, the one that anybody can read first.
    fn covered(&self) -> impl Iterator<Item = Format> {
        let wildcard: &[Format] = match self.media.as_str() {
            "*/*" => &[Format::Text, Format::OpenMetrics, Format::Protobuf],
            "text/*" => &[Format::Text],
            "application/*" => &[Format::OpenMetrics, Format::Protobuf],
            _ => &[],
        };
        self.named().into_iter().chain(wildcard.iter().copied())
    }

    /// How closely it describes a format: what is said of all formats does not hold for one of which something else is
    /// said. Nothing if it does not cover it.
    fn nearness(&self, format: Format) -> Option<u8> {
        let nearness = match (self.named(), self.media.as_str()) {
            (Some(_), _) if self.parameters.version.is_some() => 3,
            (Some(_), _) => 2,
            (None, "*/*") => 0,
            (None, _) => 1,
        };
        self.covered()
            .any(|covered| covered == format)
            .then_some(nearness)
    }

    /// The format that it names.
    fn named(&self) -> Option<Format> {
        let Parameters {
            version,
            message,
            encoding,
            ..
        } = self.parameters;
        match self.media.as_str() {
            "application/vnd.google.protobuf"
                if message == Some(MESSAGE) && encoding == Some("delimited") =>
            {
                Some(Format::Protobuf)
            }
            "application/openmetrics-text" if matches!(version, None | Some("1.0.0")) => {
                Some(Format::OpenMetrics)
            }
            "text/plain" if matches!(version, None | Some("0.0.4")) => Some(Format::Text),
            _ => None,
        }
    }
}

#[derive(Clone, Copy)]
struct Parameters<'a> {
    quality: u16,
    version: Option<&'a str>,
    message: Option<&'a str>,
    encoding: Option<&'a str>,
    escaping: Option<&'static str>,
}

impl Default for Parameters<'_> {
    fn default() -> Self {
        Self {
            quality: 1000,
            version: None,
            message: None,
            encoding: None,
            escaping: None,
        }
    }
}

impl<'a> Parameters<'a> {
    /// Gives none when the value makes no sense.
    fn set(&mut self, name: &str, value: &'a str) -> Option<()> {
        match name.to_ascii_lowercase().as_str() {
            "q" => self.quality = thousandths(value)?,
            "version" => self.version = Some(value),
            "proto" => self.message = Some(value),
            "encoding" => self.encoding = Some(value),
            "escaping" => self.escaping = SCHEMES.into_iter().find(|scheme| *scheme == value),
            _ => {}
        }
        Some(())
    }
}

/// Reads a quality from 0 to 1, in thousandths.
pub(crate) fn thousandths(quality: &str) -> Option<u16> {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let digits = fraction.len();
    if digits > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = format!("{fraction:0<3}");
    match whole {
        "0" => padded.parse().ok(),
        "1" if padded == "000" => Some(1000),
        _ => None,
    }
}

const MESSAGE: &str = "io.prometheus.client.MetricFamily";
const SCHEMES: [&str; 4] = ["allow-utf-8", "underscores", "dots", "values"];

#[cfg(test)]
mod tests {
    use super::*;

    const PROTOBUF: &str =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

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
            ("application/openmetrics-text;", Format::OpenMetrics),
            (
                "application/vnd.google.protobuf, application/openmetrics-text;q=0.1",
                Format::OpenMetrics,
            ),
            (PROTOBUF, Format::Protobuf),
            ("image/png, application/json;q=0.9", Format::Text),
            ("application/*", Format::OpenMetrics),
            ("text/*;q=0.5, application/*;q=0.1", Format::Text),
            ("*/*;q=0", Format::Text),
            ("text/plain;q=0, */*;q=0.1", Format::OpenMetrics),
            (
                "application/*, application/openmetrics-text;q=0",
                Format::Protobuf,
            ),
            ("application/openmetrics-text;q=1.5", Format::Text),
            // What is said of a format itself counts, not what is said of all.
            ("text/plain;q=0.1, */*;q=0.9", Format::OpenMetrics),
            ("*/*, text/plain;q=0.1", Format::OpenMetrics),
            ("text/*;q=0.2, */*;q=0.8", Format::OpenMetrics),
            ("text/plain;q=0.5, text/*;q=0.1, */*;q=0.4", Format::Text),
            (
                "application/openmetrics-text;q=0.1, application/*;q=0.8",
                Format::Protobuf,
            ),
            (
                "application/openmetrics-text;q=0, application/openmetrics-text;version=1.0.0;q=0.5",
                Format::OpenMetrics,
            ),
        ];

        for (accept, format) in cases {
            assert_eq!(Accepted::by(accept).format, format, "{accept}");
        }
    }

    #[test]
    fn what_prometheus_sends_is_understood() {
        let older = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                     text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let native = format!("{PROTOBUF};q=0.8,{older}").replace("1.0.0,", "1.0.0;q=0.7,");
        let newer = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                     text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1";

        assert_eq!(Accepted::by(older).format, Format::OpenMetrics);
        assert_eq!(Accepted::by(&native).format, Format::Protobuf);
        assert_eq!(
            Accepted::by(newer),
            Accepted {
                format: Format::OpenMetrics,
                escaping: Some("allow-utf-8")
            }
        );
    }
}
