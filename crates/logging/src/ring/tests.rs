use proptest::prelude::*;

use super::{
    layout::{
        CHECK_AT, HALF_AT, HEAD, Head, Intent, MAGIC, MAGIC_AT, VERSION, VERSION_AT, check, file_at,
        generation_at, intent_at,
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
fn filled() -> Vec<u8> {
    let (mut first, mut second, image) = halves(in_memory(HEAD, HALF));
    second.push(b"{\"n\":1}\n", 0b01);
    second.push(b"for people\n", 0b10);
    first.begin(8);
    first.push(b"{\"n\":2}\n", 0b11);
    let mut bytes = image(&first, &second);
    let file = file_at(1) * 8;
    bytes[file..file + 8].copy_from_slice(&99_u64.to_ne_bytes());
    let at = intent_at(3) * 8;
    for (nth, value) in [7_u64, 1, 2, 3, 4, 1].into_iter().enumerate() {
        bytes[at + 8 * nth..at + 8 * nth + 8].copy_from_slice(&value.to_ne_bytes());
    }
    bytes
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
    assert_eq!(
        image.intents,
        [Intent {
            generation: 7,
            name: 1,
            inode: 2,
            size: 3,
            first: 4,
            is_replay: true
        }]
    );
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

    assert_eq!(count, HALF / 16);
    assert_eq!(first.bytes().len(), HALF / 2);
    assert!(first.could_hold(HALF - 8) && !first.could_hold(HALF - 7));
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
        bytes[at * 8..at * 8 + 8].copy_from_slice(&value.to_ne_bytes());
        Image::parse(&bytes).unwrap_err().to_string()
    };

    assert_eq!(
        Image::parse(b"something else").unwrap_err().to_string(),
        "it is no queue file"
    );
    assert_eq!(put(MAGIC_AT, MAGIC.swap_bytes()), "it is no queue file");
    assert_eq!(put(VERSION_AT, 9), "it has version 9, known is 1");
    assert_eq!(put(HALF_AT, 1 << 40), "its contents are damaged");
    assert_eq!(put(generation_at(0) + 1, HALF as u64), "its contents are damaged");
    let bytes = filled();
    assert_eq!(
        Image::parse(&bytes[..bytes.len() - 1]).unwrap_err().to_string(),
        "it is truncated"
    );
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
            for line in image.lost.iter().flat_map(|lost| &lost.lines) {
                prop_assert!(line.bytes.ends_with(b"\n"));
            }
        }
    }
}
