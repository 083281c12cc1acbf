use crate::{LabelKey, LabelValue, LabelVisitor, Labels};

/// A label set of which all values are known, by its position among all that there can be.
pub(crate) struct Positioned {
    /// Of each label.
    values: &'static [&'static [&'static str]],
    position: usize,
}

impl Positioned {
    pub(crate) const fn new(values: &'static [&'static [&'static str]], position: usize) -> Self {
        Self { values, position }
    }
}

impl Labels for Positioned {
    type With<'a> = Self;
    const NAMES: &'static [&'static str] = &[];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        // The last label changes fastest.
        let mut sets: usize = self.values.iter().map(|values| values.len()).product();
        let mut rest = self.position;
        for values in self.values {
            sets /= values.len().max(1);
            let index = rest / sets.max(1);
            rest %= sets.max(1);
            visitor.value(&Known { values, index });
        }
    }
}

/// One of the values of a label.
struct Known {
    values: &'static [&'static str],
    index: usize,
}

impl LabelValue for Known {
    /// There are some, which is what tells it from an open label.
    const VALUES: &'static [&'static str] = &[""];

    fn text(&self) -> impl AsRef<str> {
        self.values.get(self.index).copied().unwrap_or_default()
    }

    fn index(&self) -> usize {
        self.index
    }

    fn key<K: LabelKey>(&self, key: &mut K) {
        key.bytes(u16::try_from(self.index).unwrap_or(u16::MAX).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Texts(Vec<String>);

    impl LabelVisitor for Texts {
        fn value<T: LabelValue + ?Sized>(&mut self, value: &T) {
            self.0.push(value.text().as_ref().to_owned());
        }
    }

    #[test]
    fn a_position_has_its_values() {
        const VALUES: &[&[&str]] = &[&["a", "b"], &["x", "y", "z"], &["1", "2"]];

        let sets: Vec<String> = (0..12)
            .map(|position| {
                let mut texts = Texts(Vec::new());
                Positioned::new(VALUES, position).visit(&mut texts);
                texts.0.concat()
            })
            .collect();

        assert_eq!(
            sets,
            [
                "ax1", "ax2", "ay1", "ay2", "az1", "az2", "bx1", "bx2", "by1", "by2", "bz1", "bz2"
            ]
        );
    }
}
