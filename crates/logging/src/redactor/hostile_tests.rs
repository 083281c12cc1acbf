//! The time for a text grows with its length, whatever is in it: steps are counted, not seconds.

use std::env;

use super::{Redactor, SecretKind, action::Action, bytes::steps, hostile_texts::HOSTILE};
use crate::start::READ_BEYOND;

fn steps_of(redactor: &Redactor, text: &str) -> usize {
    steps::of(|| drop(redactor.text(text)))
}

fn everything() -> Redactor {
    let redactor = Redactor::default().kind(SecretKind::Email, Action::Mask);
    // What is made once is not counted.
    assert!(redactor.check().is_ok());
    redactor
}

#[test]
fn the_table_is_made_once_and_only_for_what_is_to_be_found() {
    let none = steps::of(|| drop(Redactor::none()));
    let none_checked = steps::of(|| assert!(Redactor::none().check().is_ok()));
    let mut redactor = Redactor::default();
    let switched = steps::of(|| {
        redactor = SecretKind::ALL
            .into_iter()
            .fold(Redactor::default(), |redactor, kind| {
                redactor.without_kind(kind).kind(kind, Action::Mask)
            });
    });
    let built = steps::of(|| assert!(redactor.check().is_ok()));
    let copied = steps::of(|| assert!(redactor.clone().key("x").check().is_ok()));

    assert_eq!((none, none_checked, switched, copied), (0, 0, 0, 0));
    assert!((1..=256 * 256).contains(&built), "{built}");
}

#[test]
fn the_steps_for_a_repeated_text_grow_with_its_length_alone() {
    let redactor = everything();
    for unit in HOSTILE {
        let [short, long] = [4_000, 16_000].map(|length| unit.repeat(length / unit.len()));

        let (few, many) = (steps_of(&redactor, &short), steps_of(&redactor, &long));

        assert!(
            many <= 5 * few + 1_000,
            "{unit}: {few} steps for {}, {many} for {}",
            short.len(),
            long.len()
        );
        assert!(
            many <= 100 * long.len(),
            "{unit}: {many} steps for {}",
            long.len()
        );
    }
}

#[test]
fn the_steps_for_two_repeated_texts_grow_with_their_length_alone() {
    let redactor = everything();
    let is_long = env::var_os("TEST_CAMPAIGN").is_some_and(|campaign| campaign == "long");
    let share = if is_long { 1 } else { 7 };
    for (n, first) in HOSTILE.iter().enumerate() {
        for second in HOSTILE.iter().skip(n % share).step_by(share) {
            for text in [
                [
                    first.repeat(300 / first.len() + 1),
                    second.repeat(300 / second.len() + 1),
                ]
                .concat(),
                [*first, second]
                    .concat()
                    .repeat(600 / (first.len() + second.len())),
            ] {
                let steps = steps_of(&redactor, &text);

                assert!(
                    steps <= 300 * text.len(),
                    "{first} and {second}: {steps} steps for {}",
                    text.len()
                );
            }
        }
    }
}

#[test]
fn the_steps_for_random_joins_grow_with_their_length_alone() {
    let redactor = everything();
    let is_long = env::var_os("TEST_CAMPAIGN").is_some_and(|campaign| campaign == "long");
    // A short run repeats itself; a long one looks for what is not known yet.
    let seed = if is_long { fastrand::u64(..) } else { 7 };
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..if is_long { 3_000 } else { 150 } {
        let mut join = |most| {
            let count = random.usize(0..=most);
            (0..count)
                .map(|_| HOSTILE[random.usize(..HOSTILE.len())])
                .collect::<String>()
        };
        let (before, unit, behind) = (join(2), join(4), join(1));
        let [short, long] = [2_000, 8_000]
            .map(|length| format!("{before}{}{behind}", unit.repeat(length / unit.len().max(1))));

        let (few, many) = (steps_of(&redactor, &short), steps_of(&redactor, &long));

        // A few steps a byte more may begin behind some length.
        assert!(
            many <= (5 * few).max(16 * long.len()),
            "seed {seed}: {before}, {unit}, {behind}: {few} steps and {many}"
        );
    }
}

#[test]
fn the_steps_of_all_readings_together_grow_with_the_length_alone() {
    let redactor = everything();
    for unit in HOSTILE {
        let [short, long] =
            [2_000, 8_000].map(|length| format!("{DEEP} {}", unit.repeat(length / unit.len())));

        let (few, many) = (steps_of(&redactor, &short), steps_of(&redactor, &long));
        assert!(many <= 5 * few, "{unit}: {few} steps and {many}");
        assert!(
            many <= 600 * long.len(),
            "{unit}: {many} steps for {}",
            long.len()
        );
    }
}

#[test]
fn a_huge_text_costs_what_is_shown_of_it() {
    let redactor = everything();
    let shown = 16 * 1024;
    for unit in ["password=a&", "&#61;password%3Da,", "\"", "eyJ"] {
        let text = unit.repeat(4 << 20);

        let steps = steps::of(|| {
            let mut buffer = String::new();
            let (start, is_all) = redactor.clean_start(&text, shown, &mut buffer);
            assert!(!is_all && start.len() <= 2 * shown, "{unit}");
        });

        assert!(steps <= 600 * (shown + READ_BEYOND), "{unit}: {steps} steps");
    }
}

#[test]
fn a_secret_that_begins_in_what_is_shown_is_known_by_what_follows() {
    let redactor = everything();
    let token = format!("eyJhbGciOiJIUzI1NiJ9.{}.c2lnbmF0dXJl", "eyJzdWIi".repeat(40));
    let tail = " x".repeat(READ_BEYOND);
    let mut shown = std::collections::BTreeSet::new();
    for most in 0..token.len() + 20 {
        let text = format!("0123456 {token} and more{tail}");
        let mut buffer = String::new();

        let (start, is_all) = redactor.clean_start(&text, most, &mut buffer);

        assert!(!is_all);
        assert!(
            "0123456 *** and more".starts_with(start.trim_end_matches([' ', 'x'])),
            "{start}"
        );
        shown.insert(start.to_owned());
    }
    assert!(
        shown.contains("0123456 ***") && shown.contains("0123456 "),
        "{shown:?}"
    );
}

#[test]
fn a_pattern_finds_what_the_end_of_the_start_divides() {
    let find = |text: &str| text.find("key-abcdefgh").map(|start| start..start + 12);
    let redactor = Redactor::none().pattern(find, Action::Mask);
    let text = format!("0123456 key-abcdefgh and more{}", " x".repeat(READ_BEYOND));
    for most in 0..40 {
        let mut buffer = String::new();

        let (start, is_all) = redactor.clean_start(&text, most, &mut buffer);

        assert!(!is_all);
        assert!(!start.contains("key"), "{start}");
        assert!("0123456 *** and more x x x x x x".starts_with(start), "{start}");
    }
}

#[test]
fn what_is_read_beyond_is_not_shown() {
    let redactor = everything();
    // All that is shown is hidden, so what follows would have room.
    let text = format!("password=\"{}\" {}", "a".repeat(1000), "b ".repeat(READ_BEYOND));
    let mut buffer = String::new();

    let (start, is_all) = redactor.clean_start(&text, 1000, &mut buffer);

    assert!(!is_all);
    assert!("password=\"***\" ".starts_with(start), "{start}");
}

/// An escape of each kind for every level, so that a text is read in every way there is.
const DEEP: &str = concat!(
    "%25252525252541 \\u005cu005cu005cu005cu005cu005cu005cu0041 &amp;amp;amp;amp;amp;amp;amp;num;",
    " %26amp%3Bamp%3Bamp%3B \\u0025255cu0025 "
);
