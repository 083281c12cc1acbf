//! groundcrew-base against the crates that a service would use instead.

use std::{borrow::Cow, hint::black_box, process::ExitCode};

use groundcrew_base::{ByteSize, MASK, Secret, redact};
use harness::{Comparison, Suite};
use regex::Regex;

fn main() -> ExitCode {
    let mut suite = Suite::new();
    redaction(&mut suite);
    byte_sizes(&mut suite);
    equality(&mut suite);
    suite.run()
}

fn redaction(suite: &mut Suite) {
    regex_beside(suite, "redact.clean_line", CLEAN)
        .instructions()
        .allocations_at_most(0.0)
        .wall();
    let url = "cannot reach postgres://app:hunter2@db:5432/app?sslmode=require";
    regex_beside(suite, "redact.url", url)
        .instructions_at_least(2.0)
        .allocations()
        .wall();
    let pair = "host=db port=5432 password=hunter2 user=app dbname=app";
    regex_beside(suite, "redact.pair", pair)
        .instructions_at_least(2.0)
        .allocations()
        .wall();
}

fn regex_beside<'s>(suite: &'s mut Suite, name: &str, text: &'static str) -> &'s mut Comparison {
    let patterns = Patterns::new();
    assert_eq!(redact(text), patterns.redact(text), "both sides do the same");
    suite.compare(
        name,
        move || redact(black_box(text)),
        "regex, two compiled patterns",
        move || patterns.redact(black_box(text)),
    )
}

/// Where two secrets differ must not show in what it takes to compare them.
fn equality(suite: &mut Suite) {
    let differing_at = |at: usize| {
        let mut bytes = vec![b'x'; 4096];
        bytes[at] = b'y';
        Secret::new(bytes)
    };
    let secret = Secret::new(vec![b'x'; 4096]);
    let (first, last) = (differing_at(0), differing_at(4095));
    let same = secret.clone();
    suite
        .compare(
            "secret.equality",
            move || black_box(&secret) == black_box(&last),
            "the same, another at the first byte instead of the last",
            move || black_box(&same) == black_box(&first),
        )
        .instructions_at_least(0.999);
}

fn byte_sizes(suite: &mut Suite) {
    suite
        .compare(
            "byte_size.parse",
            || black_box("10MiB").parse::<ByteSize>(),
            "bytesize",
            || black_box("10MiB").parse::<bytesize::ByteSize>(),
        )
        .instructions()
        .allocations()
        .wall();
    suite
        .compare(
            "byte_size.parse_strict",
            || black_box("10MiB").parse::<ByteSize>(),
            "parse-size",
            || parse_size::parse_size(black_box("10MiB")),
        )
        .instructions()
        .allocations()
        .wall();
    suite
        .compare(
            "byte_size.show",
            || black_box(ByteSize::mib(10)).to_string(),
            "humansize",
            || humansize::format_size(black_box(10_u64 << 20), humansize::BINARY),
        )
        .instructions_at_least(2.0)
        .allocations()
        .wall();
}

/// What most services do: a pattern for URLs and one for pairs.
struct Patterns {
    userinfo: (Regex, String),
    pair: (Regex, String),
}

impl Patterns {
    fn new() -> Self {
        let compile = |pattern| Regex::new(pattern).expect("the pattern is right");
        Self {
            userinfo: (
                compile(r#"(://[^/\s:@]*:)[^/\s"'`<>?#]+@"#),
                format!("${{1}}{MASK}@"),
            ),
            pair: (
                compile(r"(?i)((?:password|passwd|pwd|token|secret|api_?key)=)[^&;,\s)}]+"),
                format!("${{1}}{MASK}"),
            ),
        }
    }

    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let ((userinfo, masked_userinfo), (pair, masked_pair)) = (&self.userinfo, &self.pair);
        match userinfo.replace_all(text, masked_userinfo) {
            Cow::Borrowed(text) => pair.replace_all(text, masked_pair),
            Cow::Owned(text) => Cow::Owned(pair.replace_all(&text, masked_pair).into_owned()),
        }
    }
}

/// A line of the length that log lines have, without a credential.
const CLEAN: &str = "2026-11-22T05:00:00Z WARN cache: connection refused (os error 111) at redis://cache:6379/0, \
                     serving stale value of player:1234:stats for 30s, attempt=3 backoff=250ms request=9f1c";
