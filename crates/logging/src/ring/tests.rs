use proptest::prelude::*;

use super::{
    check::{checksum_of, sealed},
    layout::{
        CHECK_AT, Damage, FILES_CHECK_AT, HALF_AT, HEAD, Head, Intent, MAGIC, MAGIC_AT, MARK, VERSION,
        VERSION_AT, check, count_at, file_at, generation_at, intent_at,
    },
    map::{Parts, in_memory},
    *,
};

const HALF: usize = 512;

fn halves(parts: Parts) -> (Half, Half, impl Fn(&Half, &Half) -> Vec<u8>) {
    let Parts { words, regions } = parts;
    words.store(VERSION_AT, VERSION);
    words.store(HALF_AT, HALF as u64);
    words.store(CHECK_AT, check(HALF));
    words.store(FILES_CHECK_AT, checksum_of(&[0; 32]));
    words.store(MAGIC_AT, MAGIC);
    let [first, second] = regions;
    let first = Half::new(words.clone(), first, 0, 7);
    let second = Half::new(words.clone(), second, 1, 7);
    let image = move |first: &Half, second: &Half| {
        let head = (0..HEAD / 8).flat_map(|at| words.load(at).to_ne_bytes());
        head.chain(first.all().iter().copied())
            .chain(second.all().iter().copied())
            .collect()
    };
    (first, second, image)
}

fn line(route: Route, text: &str) -> LostLine {
    LostLine {
        route,
        bytes: text.into(),
    }
}

/// A file with lines in both halves and an intent.
pub(super) fn filled() -> Vec<u8> {
    let (mut first, mut second, image) = halves(in_memory(HEAD, HALF));
    second.push(b"{\"n\":1}\n", 0b01);
    second.push(b"for people\n", 0b10);
    first.begin(8);
    first.push(b"{\"n\":2}\n", 0b11);
    let mut bytes = image(&first, &second);
    let mut files = [0; 32];
    files[1] = 99;
    for (slot, file) in files.into_iter().enumerate() {
        put(&mut bytes, file_at(slot), file);
    }
    put(&mut bytes, FILES_CHECK_AT, checksum_of(&files));
    for (nth, word) in INTENT.words().into_iter().enumerate() {
        put(&mut bytes, intent_at(3) + nth, word);
    }
    bytes
}

const INTENT: Intent = Intent {
    generation: 7,
    name: 1,
    inode: 2,
    size: 3,
    first: 4,
    is_replay: true,
};

pub(super) fn put(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at * 8..at * 8 + 8].copy_from_slice(&value.to_ne_bytes());
}

#[test]
fn what_was_pushed_is_found_the_older_half_first() {
    let image = Image::parse(&filled()).unwrap();

    assert_eq!(image.head, Some(Head { half: HALF }));
    assert_eq!(image.generation(), 8);
    assert_eq!((image.route_to(99), image.route_to(98)), (0b10, 0));
    assert_eq!(
        image.lost,
        [
            Lost {
                generation: 7,
                lines: vec![line(0b01, "{\"n\":1}\n"), line(0b10, "for people\n")]
            },
            Lost {
                generation: 8,
                lines: vec![line(0b11, "{\"n\":2}\n")]
            },
        ]
    );
    assert_eq!(image.intents, [INTENT]);
    assert!(image.damage.is_none());
}

#[test]
fn what_was_written_is_found_no_more() {
    let (mut first, second, image) = halves(in_memory(HEAD, HALF));
    first.push(b"{}\n", 1);
    first.clear();

    assert_eq!(Image::parse(&image(&first, &second)).unwrap().lost, []);
}

#[test]
fn a_half_holds_lines_and_marks_up_to_its_last_byte() {
    let (mut first, second, image) = halves(in_memory(HEAD, HALF));
    let mut count = 0;
    while first.fits(8) {
        first.push(b"{\"n\":1}\n", 1);
        count += 1;
    }

    assert_eq!(count, HALF / 24);
    assert_eq!(first.bytes().len(), count * 8);
    assert!(first.could_hold(HALF - MARK) && !first.could_hold(HALF - MARK + 1));
    let lost = Image::parse(&image(&first, &second)).unwrap().lost;
    assert_eq!(lost[0].lines.len(), count);
}

#[test]
fn a_new_file_holds_nothing() {
    assert_eq!(Image::parse(&[]), Ok(Image::default()));
    assert_eq!(Image::parse(&[0; HEAD]), Ok(Image::default()));
}

#[test]
fn what_is_no_ring_of_ours_says_why() {
    let put = |at: usize, value: u64| {
        let mut bytes = filled();
        put(&mut bytes, at, value);
        Image::parse(&bytes).unwrap_err().to_string()
    };

    assert_eq!(
        Image::parse(b"something else").unwrap_err().to_string(),
        "it is no queue file"
    );
    assert_eq!(put(MAGIC_AT, MAGIC.swap_bytes()), "it is no queue file");
    assert_eq!(put(VERSION_AT, 9), "it has version 9, known is 2");
    assert_eq!(put(HALF_AT, 1 << 40), "its contents are damaged");
    assert_eq!(put(MAGIC_AT, 0), "its contents are damaged");
    assert_eq!(put(file_at(1), 98), "its contents are damaged");
    assert_eq!(put(FILES_CHECK_AT, 0), "its contents are damaged");
    let bytes = filled();
    assert_eq!(
        Image::parse(&bytes[..bytes.len() - 1]).unwrap_err().to_string(),
        "it is truncated"
    );
}

/// What is found after a word was replaced: the lines of each half, and the damage.
fn found_with(at: usize, value: u64) -> (Vec<(u64, usize)>, Damage) {
    let mut bytes = filled();
    put(&mut bytes, at, value);
    let image = Image::parse(&bytes).unwrap();
    let lost = image.lost.iter();
    let lost = lost.map(|lost| (lost.generation, lost.lines.len())).collect();
    assert!(image.generation() < 9, "{}", image.generation());
    (lost, image.damage)
}

#[test]
fn damage_of_a_half_is_seen_and_the_rest_is_found() {
    let damage = |lines, is_elsewhere| Damage { lines, is_elsewhere };
    let (first, second) = (HEAD / 8, (HEAD + HALF) / 8);
    let (all, last) = (second + HALF / 8 - 2, second + HALF / 8 - 4);

    assert_eq!(found_with(second, 0), (vec![(7, 1), (8, 1)], damage(1, false)));
    assert_eq!(found_with(last, 0), (vec![(7, 1), (8, 1)], damage(1, false)));
    assert_eq!(found_with(last + 1, 5), (vec![(7, 1), (8, 1)], damage(1, false)));
    assert_eq!(found_with(first, 0), (vec![(7, 2)], damage(1, false)));
    assert_eq!(found_with(all, u64::MAX).1, damage(1, false));
    for count in [0, 1, u64::MAX, sealed(1 << 40)] {
        assert_eq!(
            found_with(count_at(1), count),
            (vec![(7, 2), (8, 1)], damage(0, true))
        );
    }
    assert_eq!(
        found_with(count_at(1), sealed(3)),
        (vec![(7, 2), (8, 1)], damage(1, false))
    );
    for generation in [0, 9, u64::MAX] {
        assert_eq!(
            found_with(generation_at(1), generation),
            (vec![(8, 1)], damage(2, true))
        );
    }
    for at in 0..7 {
        let (lost, found) = found_with(intent_at(3) + at, u64::MAX);
        assert_eq!((lost, found), (vec![(7, 2), (8, 1)], damage(0, true)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 2_000 }, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_is_read_or_refused_and_never_a_panic(
        hits in prop::collection::vec((0_usize..HEAD + 2 * HALF, any::<u8>()), 1..8),
        len in 0..=HEAD + 2 * HALF,
    ) {
        let mut bytes = filled();
        for (at, value) in hits {
            bytes[at] = value;
        }
        bytes.truncate(len.max(64));
        if let Ok(image) = Image::parse(&bytes) {
            let known: [&[u8]; 3] = [b"{\"n\":1}\n", b"for people\n", b"{\"n\":2}\n"];
            let mut count = 0;
            for line in image.lost.iter().flat_map(|lost| &lost.lines) {
                prop_assert!(known.contains(&line.bytes.as_slice()));
                count += 1;
            }
            // A line that is missed is told, or the file is as short as a new one.
            prop_assert!(count == 3 || image.head.is_none() || !image.damage.is_none());
        }
    }
}
