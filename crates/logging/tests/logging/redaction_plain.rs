//! What looks a little like a secret and is none stays as it is, to the byte.

use groundcrew_logging::Redactor;

use crate::dice::Dice;

const HEX: &str = "0123456789abcdef";
const DIGITS: &str = "0123456789";
const WORDS: &str = "abcdefghijklmnopqrstuvwxyz";

/// Where a value may stand.
const AROUND: [&str; 10] = [
    "{}",
    "hand {} dealt",
    "id={}",
    "id: {}, next: 1",
    "{\"id\":\"{}\",\"n\":1}",
    "Hand { id: \"{}\", n: 1 }",
    "[{}]",
    "/v1/hands/{}/seats?page=2",
    "żółw {}żółw",
    "\\n{}\\n",
];

type Make = fn(&mut Dice) -> String;

const MAKES: &[(&str, Make)] = &[
    ("uuid", uuid),
    ("upper uuid", |dice| uuid(dice).to_uppercase()),
    ("numeric uuid", |dice| {
        let group = |dice: &mut Dice, n| dice.text(DIGITS, n);
        let groups = [8, 4, 4, 4, 12].map(|n| group(dice, n));
        groups.join("-")
    }),
    ("trace id", |dice| dice.text(HEX, 32)),
    ("traceparent", |dice| {
        format!("00-{}-{}-01", dice.text(HEX, 32), dice.letter_first(HEX, 16))
    }),
    ("span id", |dice| dice.letter_first(HEX, 16)),
    ("sha-1", |dice| dice.text(HEX, 40)),
    ("sha-256", |dice| dice.text(HEX, 64)),
    ("sha-512", |dice| dice.text(HEX, 128)),
    ("digest", |dice| format!("sha256:{}", dice.text(HEX, 64))),
    ("short git id", |dice| dice.text(HEX, 7)),
    ("git range", |dice| {
        format!("{}..{}", dice.text(HEX, 12), dice.text(HEX, 12))
    }),
    ("object id", |dice| dice.letter_first(HEX, 24)),
    ("ulid", |dice| {
        format!("01J{}", dice.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 23))
    }),
    ("nano id", |dice| {
        dice.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 21)
    }),
    ("nanoseconds", |dice| format!("1{}", dice.text(DIGITS, 18))),
    ("microseconds", |dice| format!("1{}", dice.text(DIGITS, 15))),
    ("milliseconds", |dice| format!("1{}", dice.text(DIGITS, 12))),
    ("seconds", |dice| {
        format!("1{}.{}", dice.text(DIGITS, 9), dice.text(DIGITS, 9))
    }),
    ("float", |dice| format!("0.{}", dice.text(DIGITS, 16))),
    ("long float", |dice| {
        format!("{}.{}", dice.text("123456789", 3), dice.text(DIGITS, 17))
    }),
    ("hex address", |dice| format!("0x{}", dice.text(HEX, 16))),
    ("instant", |dice| {
        let two = |dice: &mut Dice, most: u64| format!("{:02}", dice.below(most));
        let [month, day] = [12, 28].map(|most| format!("{:02}", 1 + dice.below(most)));
        let [hour, minute, second] = [24, 60, 60].map(|most| two(dice, most));
        format!(
            "2026-{month}-{day}T{hour}:{minute}:{second}.{}Z",
            dice.text(DIGITS, 6)
        )
    }),
    ("day and time", |dice| {
        format!(
            "2026-11-{:02} {:02}:{:02}:07,{}",
            10 + dice.below(20),
            dice.below(24),
            dice.below(60),
            dice.text(DIGITS, 3)
        )
    }),
    ("ipv4", |dice| {
        let parts: Vec<String> = (0..4).map(|_| dice.below(256).to_string()).collect();
        format!("{}:{}", parts.join("."), 1024 + dice.below(60_000))
    }),
    ("ipv6", |dice| {
        let parts: Vec<String> = (0..8).map(|_| dice.text(HEX, 4)).collect();
        parts.join(":")
    }),
    ("short ipv6", |dice| {
        format!(
            "[2001:db8::{}:{}]:{}",
            dice.text(HEX, 3),
            dice.text(HEX, 4),
            dice.below(60_000)
        )
    }),
    ("mac", |dice| {
        let parts: Vec<String> = (0..6).map(|_| dice.text(HEX, 2)).collect();
        parts.join(":")
    }),
    ("version", |dice| {
        format!(
            "{}.{}.{}-rc.{}+build.{}",
            dice.below(30),
            dice.below(99),
            dice.below(999),
            dice.below(9),
            dice.text(DIGITS, 5)
        )
    }),
    ("long version", |dice| {
        let parts: Vec<String> = (0..4).map(|_| dice.below(10_000).to_string()).collect();
        format!("{}.{}", parts.join("."), dice.below(9))
    }),
    ("object identifier", |dice| {
        format!(
            "1.3.6.1.4.1.{}.{}.{}",
            dice.below(60_000),
            dice.below(9000),
            dice.below(9000)
        )
    }),
    ("decimal", |dice| {
        format!("{}.{}", dice.text(DIGITS, 4), dice.text(DIGITS, 4))
    }),
    ("date", |dice| {
        format!("2026.{:02}.{:02}", 1 + dice.below(12), 1 + dice.below(28))
    }),
    ("escaped path", |dice| {
        format!(
            "/{}%20{}%2F{}?q=%C5%BC{}%3F",
            dice.text(WORDS, 6),
            dice.text(WORDS, 6),
            dice.text(WORDS, 6),
            dice.text(WORDS, 6)
        )
    }),
    ("escaped url", |dice| {
        format!(
            "?to=https%3A%2F%2F{}.example.com%3A8443%2F{}%3Fpage%3D{}%26sort%3Dasc",
            dice.text(WORDS, 6),
            dice.text(WORDS, 6),
            dice.below(90)
        )
    }),
    ("phone", |dice| format!("+49{}", dice.text(DIGITS, 11))),
    ("phone with spaces", |dice| {
        format!(
            "+1 ({}) {}-{}",
            dice.text(DIGITS, 3),
            dice.text(DIGITS, 3),
            dice.text(DIGITS, 4)
        )
    }),
    ("phone in groups", |dice| {
        format!(
            "+44 {} {} {}",
            dice.text(DIGITS, 4),
            dice.text(DIGITS, 3),
            dice.text(DIGITS, 3)
        )
    }),
    ("iban", |dice| {
        let groups: Vec<String> = (0..5).map(|_| dice.text(DIGITS, 4)).collect();
        format!(
            "DE{} {} {}",
            dice.text(DIGITS, 2),
            groups[..4].join(" "),
            dice.text(DIGITS, 2)
        )
    }),
    ("british iban", |dice| {
        format!(
            "GB{} NWBK {} {} {} {}",
            dice.text(DIGITS, 2),
            dice.text(DIGITS, 4),
            dice.text(DIGITS, 4),
            dice.text(DIGITS, 4),
            dice.text(DIGITS, 2)
        )
    }),
    ("iban in one piece", |dice| format!("DE{}", dice.text(DIGITS, 20))),
    ("order", |dice| format!("ORD-2026-{}", dice.text(DIGITS, 8))),
    ("invoice", |dice| {
        format!("{}/{}", dice.text(DIGITS, 6), dice.text(DIGITS, 4))
    }),
    ("price", |dice| {
        format!(
            "{},{}.{} EUR",
            1 + dice.below(999),
            dice.text(DIGITS, 3),
            dice.text(DIGITS, 2)
        )
    }),
    ("counts", |dice| {
        (0..12)
            .map(|_| dice.below(1000).to_string())
            .collect::<Vec<_>>()
            .join(" ")
    }),
    ("ratio", |dice| {
        format!("{}/{} ({}%)", dice.below(5000), dice.below(5000), dice.below(100))
    }),
    ("path", |dice| {
        format!(
            "/var/lib/{}/{}.{}.log",
            dice.text(WORDS, 8),
            dice.text(WORDS, 6),
            dice.text(DIGITS, 6)
        )
    }),
    ("windows path", |dice| {
        format!("C:\\Users\\{}\\{}.txt", dice.text(WORDS, 6), dice.text(WORDS, 8))
    }),
    ("module", |dice| {
        format!(
            "{}::{}::{}",
            dice.text(WORDS, 6),
            dice.text(WORDS, 9),
            dice.text(WORDS, 5)
        )
    }),
    ("source line", |dice| {
        format!(
            "src/{}.rs:{}:{}",
            dice.text(WORDS, 8),
            dice.below(900),
            dice.below(80)
        )
    }),
    ("url", |dice| {
        format!(
            "https://{}.example.com:8443/{}/{}?page={}&sort=asc#top",
            dice.text(WORDS, 5),
            dice.text(WORDS, 8),
            dice.text(DIGITS, 9),
            dice.below(50)
        )
    }),
    ("url with an at", |dice| {
        format!(
            "https://cdn.example.com/npm/{}@{}.0.1/x.js",
            dice.text(WORDS, 8),
            dice.below(9)
        )
    }),
    ("scoped package", |dice| {
        format!(
            "@{}/{}@{}.2.3",
            dice.text(WORDS, 5),
            dice.text(WORDS, 7),
            dice.below(9)
        )
    }),
    ("ssh remote", |dice| {
        format!("ssh://git@git.example.com/{}.git", dice.text(WORDS, 8))
    }),
    ("e-mail", |dice| {
        format!("{}@{}.example.com", dice.text(WORDS, 8), dice.text(WORDS, 5))
    }),
    ("sql", |dice| {
        format!(
            "SELECT * FROM {0} WHERE {0}.id = $1 AND seats >= {1} AND kind='{2}'",
            dice.text(WORDS, 6),
            dice.below(9),
            dice.text(WORDS, 4)
        )
    }),
    ("png", |dice| {
        format!(
            "iVBORw0KGgoAAAANSUhEUgAA{}",
            dice.text(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                40
            )
        )
    }),
    ("jpeg", |dice| {
        format!(
            "/9j/4AAQSkZJRgABAQ{}",
            dice.text(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                40
            )
        )
    }),
    ("cursor", |dice| {
        format!(
            "eyJpZCI6{}",
            dice.text(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                30
            )
        )
    }),
    ("base64", |dice| {
        format!(
            "{}==",
            dice.text(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                62
            )
        )
    }),
    ("snake case", |dice| {
        format!(
            "{}_{}_{}",
            dice.text(WORDS, 4),
            dice.text(WORDS, 3),
            dice.text(WORDS, 5)
        )
    }),
    ("kebab case", |dice| {
        format!(
            "{}-{}-{}",
            dice.text(WORDS, 3),
            dice.text(WORDS, 4),
            dice.text(WORDS, 5)
        )
    }),
    ("region", |dice| {
        format!("eu-{}-{}", dice.text(WORDS, 7), dice.below(9))
    }),
    ("pod", |dice| {
        format!(
            "poker-app-{}-{}",
            dice.text("bcdfghjklmnpqrstvwxz2456789", 10),
            dice.text("bcdfghjklmnpqrstvwxz2456789", 5)
        )
    }),
    ("arn", |dice| {
        format!("arn:aws:s3:::{}/{}", dice.text(WORDS, 8), dice.text(WORDS, 8))
    }),
    ("etag", |dice| format!("W/\"{}\"", dice.text(HEX, 32))),
    ("user agent", |dice| {
        format!(
            "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
            dice.below(150)
        )
    }),
    ("cards", |dice| {
        format!(
            "[{}s {}h]",
            dice.text("23456789TJQKA", 1),
            dice.text("23456789TJQKA", 1)
        )
    }),
    ("duration", |dice| {
        format!("{}.{}ms", dice.below(900), dice.text(DIGITS, 6))
    }),
    ("redis key", |dice| {
        format!("cache:v2:player:{}:stats", dice.text(DIGITS, 9))
    }),
];

fn uuid(dice: &mut Dice) -> String {
    let version = 1 + dice.below(7);
    format!(
        "{}-{}-{version}{}-{}{}-{}",
        dice.text(HEX, 8),
        dice.text(HEX, 4),
        dice.text(HEX, 3),
        dice.text("89ab", 1),
        dice.text(HEX, 3),
        dice.text(HEX, 12)
    )
}

#[test]
fn values_that_are_no_secrets_stay_as_they_are() {
    let redactor = Redactor::default();
    let mut dice = Dice::new(7);
    let mut changed = Vec::new();
    for (kind, make) in MAKES {
        for round in 0..200 {
            let value = make(&mut dice);
            let text = AROUND[round % AROUND.len()].replace("{}", &value);

            let shown = redactor.text(&text);

            if shown != text {
                changed.push(format!("{kind}: {text} is shown as {shown}"));
            }
        }
    }
    assert!(
        changed.is_empty(),
        "{} are changed: {:#?}",
        changed.len(),
        &changed[..changed.len().min(12)]
    );
}

/// How often random digits are a card number by accident: an issuer's beginning and one check digit of ten.
#[test]
fn random_numbers_are_rarely_taken_for_cards() {
    const ROUNDS: usize = 20_000;

    let redactor = Redactor::default();
    let mut dice = Dice::new(11);
    for (length, most_per_thousand) in [
        (12, 0),
        (13, 14),
        (14, 8),
        (15, 4),
        (16, 30),
        (17, 3),
        (18, 3),
        (19, 22),
        (20, 0),
    ] {
        let hidden = (0..ROUNDS).filter(|_| {
            let number = dice.text(DIGITS, length);
            redactor.text(&number) != number
        });
        let hidden = hidden.count();
        assert!(
            hidden * 1000 <= most_per_thousand * ROUNDS,
            "{hidden} of {ROUNDS} numbers of {length} digits"
        );
    }
}

#[test]
fn ordinary_sentences_stay_as_they_are() {
    let redactor = Redactor::default();
    for text in [
        "hand 17 dealt to 9 players in 4.2 ms",
        "GET /api/v1/tables/17 200 12ms",
        "connection refused (os error 111) at redis://cache:6379/0",
        "pool exhausted: 20 of 20 connections in use, 14 waiting (longest 3.2s)",
        "thread 'main' panicked at src/main.rs:17:5: index out of bounds: the len is 3 but the index is 7",
        "called `Result::unwrap()` on an `Err` value: Os { code: 2, kind: NotFound, message: \"No such file\" }",
        "Bearer authentication is required; basic auth is not supported",
        "token bucket refilled: 100 tokens, 5 waiting",
        "rotating keys: primary_key=id, sort_key=created_at, cache key v2:user:17",
        "the password was wrong, the token has expired and no secret was given",
        "eyJ is how tokens begin, ghp_ and sk_live_ and AKIA and xoxb- too",
        "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYI\n-----END PUBLIC KEY-----",
        "Hand { id: 7, cards: [\"As\", \"Kd\"], pot: Some(120), board: None }",
        "{\"event\":\"hand_dealt\",\"players\":[1,2,3],\"pot\":120.5,\"rake\":null}",
        "SELECT id, name FROM users WHERE email = $1 AND created_at > '2026-11-22'",
        "a --page-size 20 --dry-run <file> -> b => c",
        "4111 1111 1111 1112 has the wrong check digit, 1234567812345670 no issuer",
        "x4111111111111111 and 4111111111111111y and 41111111111111111 are no cards",
        "ratio 0.4111111111111111 of 4111111111111111.5",
        "don't say \"it's fine\" (it isn't): 'twas",
        "key: 17, keys: 3, monkey=1 keyboard=us token_type=jwt max_tokens=200 password_hash_rounds=12",
        "tests pass=3 fail=1, pass: 12 of 14, {\"pass\":true,\"n\":1}",
        "summary pass=1532 fail=7 skip=0; Run { pass: 3, fail: 0 }",
        "npm_package_dependencies_typescript_version and npm_config_user_agent_of_the_client",
        "sk-learn-pipeline-v2-2024-final, sk-proj-management-dashboard, sk-ant-colony-optimizer",
        "hf_hub_download_timeout_seconds_v2, sk_test_configuration_value, rk_live_migration",
        "SG.com.example.project.module2.submodule.ClassName, ghp_is_the_prefix_of_github",
        "Content-Type: application/json; charset=utf-8\r\nAccept: */*\r\nHost: h:8080",
        "2026-11-22T04:56:15.000007Z INFO poker::hands{requestId=r-1}: dealt",
    ] {
        assert_eq!(redactor.text(text), text);
    }
}
