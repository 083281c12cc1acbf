use proptest::prelude::*;

use super::*;
use crate::{LabelVisitor, Labels, exposition::escape_label};

struct Set<'a>(&'a str, u16, &'a str);

impl Labels for Set<'_> {
    type With<'a> = Set<'a>;
    const NAMES: &'static [&'static str] = &["a", "b", "c"];

    fn visit<V: LabelVisitor>(&self, visitor: &mut V) {
        visitor.value(self.0);
        visitor.value(&self.1);
        visitor.value(self.2);
    }
}

fn is_short(record: Record<'_>, labels: &Set<'_>) -> bool {
    let layout = KeyLayout::of(labels);
    record.key.len() == layout.len() && record.is_short(labels, layout)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ab\"\\\\\n]{0,6}", ".{0,40}", "[ab]{0,70}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 1_000 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_is_its_own_labels_alone(a in (text(), any::<u16>(), text()), b in (text(), any::<u16>(), text())) {
        let seed = Seed::random();
        let (left, right) = (Set(&a.0, a.1, &a.2), Set(&b.0, b.1, &b.2));
        let draft = Draft::new(Set::NAMES, &left, seed.hash(&left)).unwrap();
        let record = draft.as_record();

        prop_assert!(record.is(&left));
        prop_assert!(is_short(record, &left) || [&a.0, &a.2].iter().any(|text| text.len() > 48 || text.contains(['\\', '"', '\n'])));
        prop_assert_eq!(draft.hash(), seed.hash(&left));
        prop_assert_eq!(record.is(&right), a == b);
        prop_assert!(a == b || !is_short(record, &right));
        prop_assert_eq!(seed.hash(&left) == seed.hash(&right), a == b);
        let hash = seed.hash_short(&left, KeyLayout::of(&left));
        prop_assert_eq!(hash, (a.0.len().max(a.2.len()) <= 48).then(|| draft.hash()));

        let mut rendered = String::new();
        escape_label(&mut rendered, "a", &a.0);
        escape_label(&mut rendered, "b", &a.1.to_string());
        escape_label(&mut rendered, "c", &a.2);
        prop_assert_eq!(record.text, rendered);
    }
}

#[test]
fn a_difference_at_any_byte_is_seen() {
    let seed = Seed::random();
    for len in 0..if cfg!(miri) { 40 } else { 80 } {
        let text = "x".repeat(len);
        let set = Set(&text, 7, "");
        let draft = Draft::new(Set::NAMES, &set, seed.hash(&set)).unwrap();
        assert!(draft.as_record().is(&set));
        for at in 0..len {
            let mut other = text.clone();
            other.replace_range(at..=at, "y");
            let other = Set(&other, 7, "");
            assert!(!draft.as_record().is(&other), "byte {at} of {len}");
            assert_ne!(seed.hash(&other), draft.hash(), "byte {at} of {len}");
        }
    }
}

#[test]
fn labels_are_stored_up_to_their_length() {
    let seed = Seed::random();
    let draft = |len: usize| {
        let text = "x".repeat(len);
        let set = Set(&text, 7, "");
        Draft::new(Set::NAMES, &set, seed.hash(&set)).is_some_and(|draft| draft.as_record().is(&set))
    };

    let around = r#"a="",b="7",c="""#.len();
    assert!(draft(65_534 - around));
    assert!(!draft(65_535 - around));
    assert!(!draft(if cfg!(miri) { 1 << 17 } else { 1 << 20 }));
}

#[test]
fn similar_texts_have_hashes_of_their_own() {
    let seed = Seed::random();
    let mut hashes: Vec<u32> = (0..if cfg!(miri) { 300 } else { 5_000_u32 })
        .map(|number| seed.hash(&Set(&format!("/v1/players/{number}/hands"), 200, "x")))
        .chain((0..64).map(|len| seed.hash(&Set(&"a".repeat(len), 200, "x"))))
        .collect();
    let all = hashes.len();

    hashes.sort_unstable();
    hashes.dedup();

    // Of five thousand among four billion, not even one pair is to be expected.
    assert!(hashes.len() >= all - 2, "{} of {all}", hashes.len());
}
