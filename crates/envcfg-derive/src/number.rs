use std::cmp::Ordering;

/// A number that is known at compile time; a whole one is exact.
#[derive(Clone, Copy)]
pub(crate) enum Number {
    Whole(i128),
    Other(f64),
}

impl Number {
    /// The number that the digits of a literal say.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.parse() {
            Ok(whole) => Some(Self::Whole(whole)),
            Err(_) => text.parse().ok().map(Self::Other),
        }
    }

    const fn rounded(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Other(number) => number,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => Some(one.cmp(other)),
            _ => self.rounded().partial_cmp(&other.rounded()),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}
