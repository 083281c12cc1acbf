/// A value to expose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    UInt(u64),
    Int(i64),
    Float(f64),
}

impl Number {
    pub(crate) const fn to_f64(self) -> f64 {
        match self {
            Self::UInt(value) => value as f64,
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    #[inline(always)]
    pub(super) fn push(self, out: &mut String) {
        match self {
            Self::UInt(digit @ 0..10) => out.push(char::from(b'0' + digit.to_le_bytes()[0])),
            Self::UInt(value) => out.push_str(itoa::Buffer::new().format(value)),
            Self::Int(value) => out.push_str(itoa::Buffer::new().format(value)),
            Self::Float(value) => push_float(out, value),
        }
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::UInt(value)
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

/// Appends the shortest form that reads back as the same number, spelled as Prometheus does.
pub(crate) fn push_float(out: &mut String, value: f64) {
    if value.is_finite() {
        out.push_str(zmij::Buffer::new().format_finite(value));
    } else if value.is_nan() {
        out.push_str("NaN");
    } else {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    }
}

/// Appends a time as seconds since 1970, to the millisecond.
pub(super) fn push_seconds(out: &mut String, millis: u64) {
    let mut buffer = itoa::Buffer::new();
    out.push_str(buffer.format(millis / 1000));
    out.push('.');
    // A leading one keeps the zeros in front.
    out.push_str(buffer.format(1000 + millis % 1000).get(1..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_prometheus_writes_them() {
        let shown = |value: f64| {
            let mut out = String::new();
            Number::from(value).push(&mut out);
            out
        };

        assert_eq!(shown(f64::INFINITY), "+Inf");
        assert_eq!(shown(f64::NEG_INFINITY), "-Inf");
        assert_eq!(shown(f64::NAN), "NaN");
        assert_eq!(shown(-f64::NAN), "NaN");
        assert_eq!(shown(0.1), "0.1");
        assert_eq!(shown(1.0), "1.0");
        assert_eq!(shown(-0.0), "-0.0");
        for value in [1e300, 5e-324, 1e16, 123_456_789.125, f64::MAX] {
            assert_eq!(shown(value).parse(), Ok(value));
        }
    }

    #[test]
    fn a_time_keeps_its_zeros() {
        let shown = |millis| {
            let mut out = String::new();
            push_seconds(&mut out, millis);
            out
        };

        assert_eq!(shown(1_700_000_000_007), "1700000000.007");
        assert_eq!(shown(1_000), "1.000");
        assert_eq!(shown(12), "0.012");
    }
}
