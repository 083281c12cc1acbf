//! A campaign of files that grow out of the corpus by random changes.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::env;

use fastrand::Rng;
use groundcrew_envcfg::{Dotenv, EnvSource, Origin};
use serde::Deserialize;

#[derive(Deserialize)]
struct Corpus {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    file: String,
}

/// A file of the corpus, changed in up to eight places, with a canary in one of them.
fn changed(rng: &mut Rng, corpus: &[Case]) -> Vec<u8> {
    let mut text = rng.choice(corpus).unwrap().file.clone().into_bytes();
    for _ in 0..rng.usize(..8) {
        let at = rng.usize(..=text.len());
        let end = rng.usize(at..=text.len()).min(at + 4);
        let piece: Vec<u8> = match rng.u8(..4) {
            0 => Vec::new(),
            1 => vec![rng.u8(..)],
            2 => rng.choice(PIECES).unwrap().to_vec(),
            _ => rng.choice(corpus).unwrap().file.clone().into_bytes(),
        };
        text.splice(at..end, piece);
    }
    let at = rng.usize(..=text.len());
    text.splice(at..at, CANARY.bytes());
    text
}

#[test]
fn a_changed_file_is_read_or_reported_at_a_place_in_it_and_shows_no_text() {
    let corpus: Corpus = toml::from_str(include_str!("dotenv_corpus/corpus.toml")).unwrap();
    let is_long = env::var_os("TEST_CAMPAIGN").is_some_and(|campaign| campaign == "long");
    let mut rng = Rng::with_seed(SEED);

    for _ in 0..if is_long { 400_000 } else { 20_000 } {
        let text = changed(&mut rng, &corpus.case);
        let is_interpolated = rng.bool();
        let read = || {
            let file = Dotenv::text(".env", text.clone());
            if is_interpolated {
                file.interpolated()
            } else {
                file
            }
        };
        let (file, again) = (read(), read());

        let problems = file.problems();
        assert_eq!(problems, again.problems());
        assert_eq!(file.names(), again.names());
        let lines = text.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
        for problem in &problems {
            let Some(Origin::File { line, column, .. }) = problem.origin() else {
                panic!("no place: {problem}");
            };
            assert!((1..=lines).contains(&(*line as usize)), "{problem}");
            assert!((1..=text.len() + 1).contains(&(*column as usize)), "{problem}");
            let shows_text = problem.to_string().contains(CANARY);
            assert!(
                !shows_text || problem.message().contains("is not set:"),
                "{problem}"
            );
        }
    }
}

const SEED: u64 = 0x5EED;
const CANARY: &str = "CaNaRy";
const PIECES: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\r",
    b"=",
    b"\"",
    b"'",
    b"\\",
    b" #",
    b"#",
    b"$",
    b"${",
    b"${A}",
    b"${A:-",
    b":?",
    b"}",
    b"export ",
    b"A=\"",
    b"B='",
    b"\xEF\xBB\xBF",
    b"\xFF",
    b"\0",
    b"\xC3",
];
