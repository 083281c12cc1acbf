//! The rules of `#[config(...)]`, which need no feature.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    time::Duration,
};

use groundcrew_envcfg::{ByteSize, Config, Report, RuleKind, Secret, Vars};
use url::Url;

const SOON: Duration = Duration::from_secs(5);
const ROOM: ByteSize = ByteSize::kib(4);
const LEAST: u16 = 1000;

type Password = Secret;
type Port = u16;

fn lines(report: &Report) -> Vec<String> {
    report
        .iter()
        .map(|problem| format!("{problem} [{}]", problem.code()))
        .collect()
}

#[derive(Debug, Config)]
struct Bounds {
    #[config(range(min = SOON, exclusive_max = "1m"))]
    wait: Duration,
    #[config(range(min = ROOM, max = "1MiB"))]
    room: Option<ByteSize>,
    #[config(unit = "ms", range(min = 500, max = 1500))]
    pause: Duration,
    #[config(each(range(min = SOON)))]
    waits: Vec<Duration>,
    #[config(range(min = LEAST))]
    port: Port,
    #[config(range(exclusive_min = 0.0, max = 1.0))]
    ratio: f64,
    #[config(length(min = 2, max = 3))]
    name: String,
    #[config(length(equal = 4))]
    pin: Option<Secret>,
    #[config(length(min = 8))]
    password: Password,
    #[config(length(max = 2))]
    list: Vec<u8>,
    #[config(length(max = 2))]
    queue: VecDeque<u8>,
    #[config(length(max = 2))]
    sorted: BTreeSet<u8>,
    #[config(length(min = 2))]
    hashed: HashSet<u8>,
    #[config(length(min = 2))]
    cow: std::borrow::Cow<'static, str>,
    #[config(length(min = 2))]
    boxed: Box<str>,
}

fn bounds() -> Vars {
    Vars::from([
        ("WAIT", "5s"),
        ("ROOM", "4096"),
        ("PAUSE", "1500"),
        ("WAITS", "5s,1h"),
        ("PORT", "1000"),
        ("RATIO", "1"),
        ("NAME", "äöü"),
        ("PIN", "🦀🦢🦀🦢"),
        ("PASSWORD", "12345678"),
        ("LIST", "1,2"),
        ("QUEUE", "1,2"),
        ("SORTED", "1,2,2,1"),
        ("HASHED", "1,2"),
        ("COW", "日本"),
        ("BOXED", "日本"),
    ])
}

#[test]
fn bounds_are_inclusive_and_count_characters_and_elements() {
    let read = Bounds::from_source(&bounds()).unwrap();

    assert_eq!((read.wait, read.room), (SOON, Some(ROOM)));
    assert_eq!(read.sorted.len(), 2);
}

#[test]
fn one_beyond_each_bound_is_refused() {
    let wrong = Vars::from([
        ("WAIT", "60s"),
        ("ROOM", "4095"),
        ("PAUSE", "499"),
        ("WAITS", "5s,4999ms"),
        ("PORT", "999"),
        ("RATIO", "0"),
        ("NAME", "äöüß"),
        ("PIN", "🦀🦢🦀"),
        ("PASSWORD", "1234567"),
        ("LIST", "1,2,3"),
        ("QUEUE", "1,2,3"),
        ("SORTED", "1,2,3"),
        ("HASHED", "1,1"),
        ("COW", "日"),
        ("BOXED", "日"),
    ]);

    let report = Bounds::from_source(&wrong).unwrap_err();

    assert_eq!(
        lines(&report),
        [
            "WAIT = \"60s\": must be at least 5s and less than 1m (from given) [rule.range]",
            "ROOM = \"4095\": must be between 4 KiB and 1 MiB (from given) [rule.range]",
            "PAUSE = \"499\": must be between 500ms and 1s500ms (from given) [rule.range]",
            "WAITS element 2 = \"4999ms\": must be at least 5s (from given) [rule.range]",
            "PORT = \"999\": must be at least 1000 (from given) [rule.range]",
            "RATIO = \"0\": must be at most 1.0 and greater than 0.0 (from given) [rule.range]",
            "NAME = \"äöüß\": must have between 2 and 3 characters (from given) [rule.length]",
            "PIN = <secret: 3 chars>: must have exactly 4 characters (from given) [rule.length]",
            "PASSWORD = <secret: 7 chars>: must have at least 8 characters (from given) [rule.length]",
            "LIST = \"1,2,3\": must have at most 2 elements (from given) [rule.length]",
            "QUEUE = \"1,2,3\": must have at most 2 elements (from given) [rule.length]",
            "SORTED = \"1,2,3\": must have at most 2 elements (from given) [rule.length]",
            "HASHED = \"1,1\": must have at least 2 elements (from given) [rule.length]",
            "COW = \"日\": must have at least 2 characters (from given) [rule.length]",
            "BOXED = \"日\": must have at least 2 characters (from given) [rule.length]",
        ]
    );
}

#[test]
fn what_is_not_a_number_is_unreadable_rather_than_within_its_bounds() {
    for text in ["NaN", "inf", "-inf", "infinity"] {
        let report = Bounds::from_source(&bounds().with("RATIO", text)).unwrap_err();

        assert_eq!(
            lines(&report),
            [format!(
                "RATIO = \"{text}\": expected a number (from given) [unreadable]"
            )]
        );
    }
}

#[derive(Debug, Config)]
struct Schemes {
    #[config(scheme("postgres", "postgresql"))]
    database_url: Secret,
    #[config(scheme("https"))]
    app: Url,
    #[config(scheme("redis", "rediss"))]
    cache: Option<String>,
    #[config(each(scheme("https", "http")))]
    origins: Vec<Url>,
    #[config(each(scheme("https")))]
    hooks: Option<Vec<String>>,
    #[config(scheme("https"))]
    boxed: Box<str>,
    #[config(scheme("https"), allow_placeholder)]
    hidden: Password,
}

#[test]
fn a_scheme_wants_itself_and_a_host() {
    let right = Vars::from([
        ("DATABASE_URL", "postgresql://app:pw@h1:5432,h2/app"),
        ("APP", "https://a.example"),
        ("CACHE", "REDISS://cache"),
        ("ORIGINS", "https://a,http://b:8080"),
        ("HOOKS", "https://[::1]:80/x"),
        ("BOXED", "https://a"),
        ("HIDDEN", "https://a"),
    ]);
    let wrong = Vars::from([
        ("DATABASE_URL", "postgres://:5432/app"),
        ("APP", "http://a.example"),
        ("CACHE", "redis://"),
        ("ORIGINS", "https://a,ftp://b"),
        ("HOOKS", "https://a,https://:80,https:a"),
        ("BOXED", "a"),
        ("HIDDEN", "https:///a"),
    ]);

    assert_eq!(Schemes::from_source(&right).unwrap().origins.len(), 2);
    let report = Schemes::from_source(&wrong).unwrap_err();
    let found: Vec<(Option<&str>, Option<usize>, String)> = report
        .iter()
        .map(|problem| (problem.variable(), problem.element(), problem.code()))
        .collect();
    let code = || String::from("rule.scheme");
    assert_eq!(
        found,
        [
            (Some("DATABASE_URL"), None, code()),
            (Some("APP"), None, code()),
            (Some("CACHE"), None, code()),
            (Some("ORIGINS"), Some(2), code()),
            (Some("HOOKS"), Some(2), code()),
            (Some("HOOKS"), Some(3), code()),
            (Some("BOXED"), None, code()),
            (Some("HIDDEN"), None, code()),
        ]
    );
}

#[derive(Debug, Config)]
struct Placeholders {
    by_type: Secret,
    by_alias: Option<Password>,
    #[config(secret)]
    by_attribute: String,
    api_token: String,
    tokens: Vec<String>,
    /// Its name looks secret, but it is none.
    #[config(public)]
    page_token: String,
    #[config(allow_placeholder)]
    allowed_secret: Secret,
    plain: String,
    number_key: u16,
}

#[test]
fn a_secret_that_is_still_to_be_filled_in_is_refused() {
    let vars = Vars::from([
        ("BY_TYPE", "changeme"),
        ("BY_ALIAS", "your-secret-here"),
        ("BY_ATTRIBUTE", "<insert>"),
        ("API_TOKEN", "xxx"),
        ("TOKENS", "tk-91,todo,password"),
        ("PAGE_TOKEN", "token"),
        ("ALLOWED_SECRET", "changeme"),
        ("PLAIN", "changeme"),
        ("NUMBER_KEY", "111"),
    ]);

    let report = Placeholders::from_source(&vars).unwrap_err();

    let text = "is only a placeholder: fill in a value of its own (from given) [rule.placeholder]";
    assert_eq!(
        lines(&report),
        [
            format!("BY_TYPE = <secret: 8 chars>: {text}"),
            format!("BY_ALIAS = <secret: 16 chars>: {text}"),
            format!("BY_ATTRIBUTE = <secret: 8 chars>: {text}"),
            format!("API_TOKEN = <secret: 3 chars>: {text}"),
            format!("TOKENS element 2 = <secret: 4 chars>: {text}"),
            format!("TOKENS element 3 = <secret: 8 chars>: {text}"),
        ]
    );
}

#[derive(Debug, Config)]
struct Strong {
    #[config(min_entropy = 128)]
    secret: Secret,
    #[config(min_entropy = 64)]
    nonce: Option<String>,
    #[config(each(min_entropy = 64))]
    keys: Vec<Password>,
}

#[test]
fn a_secret_must_be_as_hard_to_guess_as_its_field_asks() {
    let right = Vars::from([
        ("SECRET", "9f86d081884c7d659a2feaa0c55ad015"),
        ("NONCE", "Zk3v9QpL0xT"),
        ("KEYS", "Zk3v9QpL0xT,9f86d081884c7d65"),
    ]);
    let wrong = Vars::from([
        ("SECRET", "abcabcabcabcabcabcabcabcabcabcabcabcabcabc"),
        ("NONCE", "aaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("KEYS", "Zk3v9QpL0xT,hunter2"),
    ]);

    assert_eq!(Strong::from_source(&right).unwrap().keys.len(), 2);
    let report = Strong::from_source(&wrong).unwrap_err();

    let bits = |bits: u32, digits: u32| {
        format!(
            "must be harder to guess: {bits} bits of randomness, such as {digits} random hexadecimal digits"
        )
    };
    assert_eq!(
        lines(&report),
        [
            format!(
                "SECRET = <secret: 42 chars>: {} (from given) [rule.min_entropy]",
                bits(128, 32)
            ),
            format!(
                "NONCE = \"aaaaaaaaaaaaaaaaaaaaaaaaaaa\": {} (from given) [rule.min_entropy]",
                bits(64, 16)
            ),
            format!(
                "KEYS element 2 = <secret: 7 chars>: {} (from given) [rule.min_entropy]",
                bits(64, 16)
            ),
        ]
    );
    assert_eq!(Strong::fields()[0].rules[0].kind(), &RuleKind::MinEntropy(128));
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Info,
    Debug,
}

#[derive(Debug, Config)]
struct Group {
    #[config(default = "verbose")]
    level: Level,
    name: String,
}

#[derive(Debug, Config)]
struct Undecided {
    needed: u16,
    #[config(default = String::from("ab"), length(min = 3))]
    name: String,
    #[config(default = LEAST.min(500), range(min = LEAST))]
    port: u16,
    #[config(nested, prefix = "GROUP_")]
    group: Option<Group>,
    #[config(default = "info")]
    level: Level,
}

#[test]
fn check_defaults_tells_what_the_compiler_could_not() {
    let report = Undecided::check_defaults().unwrap_err();

    let found: Vec<(Option<&str>, String)> = report
        .iter()
        .map(|problem| (problem.variable(), problem.code()))
        .collect();
    assert_eq!(
        found,
        [
            (Some("NAME"), String::from("rule.length")),
            (Some("PORT"), String::from("rule.range")),
            (Some("GROUP_LEVEL"), String::from("unreadable")),
        ]
    );
    assert_eq!(Bounds::check_defaults(), Ok(()));
}
