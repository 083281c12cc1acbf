/// Whether `text` only stands in for a secret that somebody still has to fill in.
///
/// That is a text in brackets (`<api key>`, `${TOKEN}`), one character over and over (`xxx`, `****`), a text
/// that ends so (`sk_live_xxxxxxxx`, `ghp_...`), one that says what it is
/// (`AKIAIOSFODNN7EXAMPLE`, `changeme!1`), or one made of nothing but the words in which secrets are
/// described (`your-secret-here`, `SuperSecretKey`, `password`, `todo`). Words such as `test` or `dev` are not
/// among them: who writes `test-secret` means it. Only texts of 3 to 64 bytes are looked at.
///
/// # Examples
/// ```
/// use groundcrew_base::looks_placeholder;
///
/// assert!(looks_placeholder("changeme") && looks_placeholder("<your-api-key>"));
/// assert!(!looks_placeholder("hV2sT0qk9LwJ") && !looks_placeholder("correct horse"));
/// ```
#[must_use]
pub fn looks_placeholder(text: &str) -> bool {
    let text = text.trim();
    if !(SHORTEST..=LONGEST).contains(&text.len()) {
        return false;
    }
    is_one_character(text)
        || is_bracketed(text)
        || is_left_open(text)
        || says_so(text)
        || describes_itself(text)
}

fn is_one_character(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    chars.as_str().len() >= 2 && chars.all(|c| Some(c) == first)
}

fn is_bracketed(text: &str) -> bool {
    BRACKETS.iter().any(|(open, close)| {
        text.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(|name| !name.is_empty() && name.bytes().all(is_of_a_name))
    })
}

const fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b' ' | b'-' | b'_')
}

/// A beginning such as `sk_live_`, and then nothing but crosses or dots.
fn is_left_open(text: &str) -> bool {
    let crosses = text
        .bytes()
        .rev()
        .take_while(|byte| matches!(byte, b'x' | b'X' | b'*'));
    let start = text.strip_suffix("...").or_else(|| text.strip_suffix('…'));
    crosses.count() >= CROSSES || start.is_some_and(|start| start.len() <= OPENING)
}

/// Not in a URL: `example` is the domain to write about.
fn says_so(text: &str) -> bool {
    let bytes = text.as_bytes();
    let says = |rest: &[u8]| {
        let begins = |mark: &&str| {
            let start = rest.get(..mark.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(mark.as_bytes()))
        };
        MARKS.iter().any(begins)
    };
    let mut starts = bytes.array_windows().zip(0..);
    starts.any(|(pair, at)| begins_a_mark(*pair) && bytes.get(at..).is_some_and(says))
        && !text.contains("://")
}

const fn begins_a_mark([first, second]: [u8; 2]) -> bool {
    matches!(
        (first | 0x20, second | 0x20),
        (b'c', b'h') | (b'e', b'x') | (b'p', b'l') | (b'r', b'e')
    )
}

/// Whether the letters are only words of the vocabulary, one of them telling.
fn describes_itself(text: &str) -> bool {
    let mut telling = false;
    for run in text.split(|c: char| !c.is_ascii_alphabetic()) {
        if run.is_empty() {
            continue;
        }
        // Most runs in a random text are too short for a word or begin like none.
        if !begins_a_word(run.as_bytes()) {
            return false;
        }
        match spell(&run.to_ascii_lowercase()) {
            Some(tells) => telling |= tells,
            None => return false,
        }
    }
    telling && text.is_ascii()
}

const fn begins_a_word(run: &[u8]) -> bool {
    match run {
        [first, second, ..] => BEGINNINGS[letter(*first)] & (1 << letter(*second)) != 0,
        _ => false,
    }
}

/// Which letter of the alphabet this is, upper or lower case alike; other bytes share a letter with one.
const fn letter(byte: u8) -> usize {
    (byte & 31) as usize
}

/// Takes `run` apart into words: whether a telling one is among them, `None` if it has other parts.
fn spell(run: &str) -> Option<bool> {
    // Bit n: the first n letters are words, without and with a telling one.
    let (mut plain, mut telling) = (1_u128, 0_u128);
    for at in 0..run.len() {
        let here = 1 << at;
        if (plain | telling) & here == 0 {
            continue;
        }
        let rest = run.get(at..).unwrap_or_default();
        for word in words_at(&TELLING, rest) {
            telling |= here << word.len();
        }
        for word in words_at(&FILLING, rest) {
            plain |= (plain & here) << word.len();
            telling |= (telling & here) << word.len();
        }
    }
    let end = 1 << run.len();
    match (telling & end != 0, plain & end != 0) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

/// The words of a sorted list with which `text` begins.
fn words_at<'t>(
    list: &'static [&'static str],
    text: &'t str,
) -> impl Iterator<Item = &'static str> + use<'t> {
    let first = text.as_bytes().first();
    let start = list.partition_point(|word| word.as_bytes().first() < first);
    let same = list.iter().skip(start).copied();
    same.take_while(move |word| word.as_bytes().first() == first)
        .filter(move |word| text.starts_with(word))
}

const SHORTEST: usize = 3;
const LONGEST: usize = 64;

/// So many crosses at the end are no coincidence.
const CROSSES: usize = 6;

/// The longest beginning of a token before dots, such as `sk-ant-api03-`.
const OPENING: usize = 14;

/// The first two letters of all words: for the first a row, for the second a bit.
const BEGINNINGS: [u32; 32] = {
    let mut beginnings = [0; 32];
    let mut lists: &[&[&str]] = &[&TELLING, &FILLING];
    while let [list, rest @ ..] = lists {
        let mut words = *list;
        while let [word, after @ ..] = words {
            if let [first, second, ..] = word.as_bytes() {
                beginnings[letter(*first)] |= 1 << letter(*second);
            }
            words = after;
        }
        lists = rest;
    }
    beginnings
};

const BRACKETS: [(&str, &str); 5] = [("<", ">"), ("${", "}"), ("{{", "}}"), ("[", "]"), ("$", "")];

const MARKS: [&str; 7] = [
    "changeme",
    "change-me",
    "change_me",
    "example",
    "placeholder",
    "replaceme",
    "replace-me",
];

const TELLING: [&str; 42] = [
    "apikey",
    "bar",
    "change",
    "characters",
    "chars",
    "credential",
    "credentials",
    "default",
    "dummy",
    "entropy",
    "example",
    "fill",
    "fixme",
    "foo",
    "insert",
    "key",
    "letmein",
    "minimum",
    "none",
    "null",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "placeholder",
    "pwd",
    "qwerty",
    "replace",
    "required",
    "sample",
    "secret",
    "secrets",
    "string",
    "tbd",
    "todo",
    "token",
    "tokens",
    "undefined",
    "unset",
    "value",
    "your",
];

const FILLING: [&str; 61] = [
    "access",
    "actual",
    "add",
    "an",
    "and",
    "anon",
    "any",
    "api",
    "at",
    "auth",
    "base",
    "be",
    "bytes",
    "client",
    "cookie",
    "encryption",
    "enter",
    "fake",
    "for",
    "from",
    "generate",
    "generated",
    "here",
    "hex",
    "in",
    "insecure",
    "is",
    "it",
    "jwt",
    "least",
    "length",
    "long",
    "me",
    "min",
    "more",
    "must",
    "my",
    "not",
    "of",
    "or",
    "our",
    "own",
    "paste",
    "private",
    "public",
    "put",
    "random",
    "real",
    "role",
    "secure",
    "service",
    "session",
    "set",
    "signing",
    "some",
    "strong",
    "super",
    "the",
    "this",
    "to",
    "with",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_stands_in_for_a_secret_is_recognised() {
        let placeholders = [
            "changeme",
            "CHANGE_ME",
            "change-me-in-production-please",
            "changeme123!",
            "replaceMe",
            "your-secret-here",
            "YOUR_API_KEY",
            "your_jwt_secret_key",
            "SuperSecretPassword",
            "my-super-secret-key",
            "64-characters-minimum-entropy",
            "long-random-string",
            "password",
            "Password1",
            "password123",
            "secret",
            "token",
            "xxx",
            "XXXXXXXXXXXXXXXX",
            "****",
            "••••",
            "00000000",
            "<your-api-key>",
            "<TOKEN>",
            "${AUTH_SECRET}",
            "{{ secret }}",
            "[insert key]",
            "$AUTH_SECRET",
            "sk_live_xxxxxxxxxxxx",
            "sk-ant-...",
            "ghp_…",
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "todo",
            "TBD",
            "example",
            "null",
            "undefined",
            "  changeme\n",
        ];

        for text in placeholders {
            assert!(looks_placeholder(text), "{text}");
        }
    }

    #[test]
    fn what_somebody_chose_is_not() {
        let chosen = [
            "",
            "p",
            "pw",
            "hunter2",
            "s3cret",
            "correct-horse-battery-staple",
            "test-secret",
            "dev-token",
            "postgres",
            "postgres://app:password@db.example/app",
            "https://key@sentry.example/1",
            "tokenizer",
            "keyboard",
            "secretary",
            "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
            "d41d8cd98f00b204e9800998ecf8427e",
            "trustno1",
            "2718281828",
            "123456",
        ];

        for text in chosen {
            assert!(!looks_placeholder(text), "{text}");
        }
    }

    #[test]
    fn the_words_can_be_searched() {
        assert!(TELLING.is_sorted() && FILLING.is_sorted());
        let words = TELLING.iter().chain(&FILLING);
        assert!(words.copied().all(|word| begins_a_word(word.as_bytes())));
        assert!(!begins_a_word(b"a") && !begins_a_word(b"eyJ"));
        let mut marks = MARKS.iter().filter_map(|mark| mark.as_bytes().first_chunk());
        assert!(marks.all(|pair| begins_a_mark(*pair)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn random_values_never_look_like_placeholders(
            hex in "[0-9a-f]{16,64}",
            base64 in "[A-Za-z0-9+/]{16,62}={0,2}",
            url in "[A-Za-z0-9_-]{16,64}",
            letters in "[a-z]{16,64}",
            digits in "[0-9]{16,64}",
            printable in "[!-~]{16,64}",
            any in any::<[char; 16]>(),
        ) {
            for text in [hex, base64, url, letters, digits, printable, any.iter().collect()] {
                prop_assert!(!looks_placeholder(&text), "{}", text);
            }
        }

        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,80}") {
            _ = looks_placeholder(&text);
        }
    }
}
