//! Secrets of every kind, random ones, are gone wherever they stand: no six letters of them are left.

use groundcrew_logging::Redactor;

use crate::dice::Dice;

const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";

/// Where a secret may stand: `{}`.
const AROUND: [&str; 27] = [
    "{}",
    "{} is at the start",
    "at the end is {}",
    "in the middle {} of it",
    "({})",
    "[{}]",
    "\"{}\"",
    "'{}'",
    "`{}`",
    "a={}",
    "a={}&b=c",
    "a: {}, b: c",
    "a;{};b",
    "a|{}|b",
    "<{}>",
    "x\n{}\ny",
    "x\\n{}\\ny",
    "x\\\"{}\\\"y",
    "{\"a\":\"{}\",\"b\":1}",
    "{\\\"a\\\":\\\"{}\\\"}",
    "[\"{}\",\"b\"]",
    "Foo { a: \"{}\", b: Some(1) }",
    "Some(\"{}\")",
    "é{} ąę",
    "密码：{}。",
    "🂡{}🂡",
    "https://h/p?x=%20{}",
];

struct Sample {
    /// What is written.
    text: String,
    /// What must not be seen of it.
    secret: String,
}

impl Sample {
    fn whole(secret: String) -> Self {
        Self {
            text: secret.clone(),
            secret,
        }
    }
}

type Make = fn(&mut Dice) -> Sample;

const MAKES: &[(&str, Make)] = &[
    ("jwt", |dice| {
        let header = dice.one_of(&[
            "eyJhbGciOiJIUzI1NiJ9",
            "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9",
            "eyAiYWxnIjogIkVTMjU2IiB9",
        ]);
        let [payload, signature] = [60, 43].map(|length| dice.text(BASE64, length));
        Sample::whole(format!("{header}.eyJ{payload}.{signature}"))
    }),
    ("jwe", |dice| {
        let parts = [30, 16, 50, 22].map(|length| dice.text(BASE64, length));
        Sample::whole(format!(
            "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.{}",
            parts.join(".")
        ))
    }),
    ("jwt cut off", |dice| {
        Sample::whole(format!("eyJhbGciOiJIUzI1NiJ9.eyJ{}", dice.text(BASE64, 40)))
    }),
    ("bearer", |dice| {
        let secret = format!("{}{}", dice.text(WORD, 11), dice.text("0123456789", 3));
        let scheme = dice.one_of(&["Bearer", "bearer", "BEARER"]);
        Sample {
            text: format!("{scheme} {secret}"),
            secret,
        }
    }),
    ("basic", |dice| {
        let secret = dice.one_of(&["dXNlcjpwYXNzd29yZA==", "YWRtaW46aHVudGVyMg==", "YTpiY2RlZmdoaQ=="]);
        Sample {
            text: format!("Basic {secret}"),
            secret: secret.to_owned(),
        }
    }),
    ("private key", |dice| Sample::whole(pem(dice, "\n"))),
    ("private key in one line", |dice| Sample::whole(pem(dice, "\\n"))),
    ("private key twice escaped", |dice| {
        Sample::whole(pem(dice, "\\\\n"))
    }),
    ("private key of windows", |dice| Sample::whole(pem(dice, "\r\n"))),
    ("private key cut off", |dice| {
        let pem = pem(dice, "\n");
        Sample::whole(pem[..pem.len() * 2 / 3].to_owned())
    }),
    ("url password", |dice| {
        let secret = dice.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+!:~", 16);
        let scheme = dice.one_of(&["postgres", "redis", "amqps", "https", "mongodb+srv"]);
        Sample {
            text: format!("{scheme}://app:{secret}@db.internal:5432/app?x=1"),
            secret,
        }
    }),
    ("url password with signs", |dice| {
        let sign = dice.one_of(&["@", "/", "?", "#"]);
        let secret = format!(
            "{}{sign}{}{sign}{}",
            dice.text(WORD, 6),
            dice.text(WORD, 6),
            dice.text(WORD, 6)
        );
        Sample {
            text: format!("redis://:{secret}@cache:6379/0"),
            secret,
        }
    }),
    ("url token", |dice| {
        let secret = dice.text(WORD, 20);
        Sample {
            text: format!("https://{secret}@git.example.com/x.git"),
            secret,
        }
    }),
    ("card", |dice| Sample::whole(card(dice))),
    ("card in groups", |dice| {
        let digits = card(dice);
        let separator = dice.one_of(&[" ", "-", "."]);
        let groups: &[usize] = if digits.len() == 15 {
            &[4, 6, 5]
        } else {
            &[4, 4, 4, 4]
        };
        let mut rest = digits.as_str();
        let mut parts = Vec::new();
        for length in groups {
            let (part, tail) = rest.split_at(*length);
            parts.push(part);
            rest = tail;
        }
        Sample::whole(parts.join(separator))
    }),
    ("github", |dice| {
        let begin = dice.one_of(&["ghp_", "gho_", "ghu_", "ghs_", "ghr_"]);
        Sample::whole(format!("{begin}{}", dice.text(WORD, 36)))
    }),
    ("github fine-grained", |dice| {
        Sample::whole(format!(
            "github_pat_{}_{}",
            dice.text(WORD, 22),
            dice.text(WORD, 59)
        ))
    }),
    ("gitlab", |dice| {
        let begin = dice.one_of(&[
            "glpat-", "gldt-", "glrt-", "glptt-", "glagent-", "glcbt-", "glimt-", "glsoat-", "glft-",
        ]);
        Sample::whole(format!("{begin}{}", dice.text(BASE64, 20)))
    }),
    ("stripe", |dice| {
        let begin = dice.one_of(&["sk_live_", "sk_test_", "rk_live_", "rk_test_", "sk_prod_"]);
        Sample::whole(format!("{begin}{}", dice.text(WORD, 24)))
    }),
    ("stripe hook", |dice| {
        Sample::whole(format!("whsec_{}", dice.text(WORD, 32)))
    }),
    ("slack", |dice| {
        let begin = dice.one_of(&["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"]);
        let [a, b] = [(); 2].map(|()| dice.text("0123456789", 12));
        Sample::whole(format!("{begin}{a}-{b}-{}", dice.text(WORD, 24)))
    }),
    ("slack app", |dice| {
        Sample::whole(format!(
            "xapp-1-A{}-{}",
            dice.text("0123456789", 12),
            dice.text(LOWER, 40)
        ))
    }),
    ("aws", |dice| {
        let begin = dice.one_of(&["AKIA", "ASIA", "ABIA", "ACCA"]);
        Sample::whole(format!(
            "{begin}{}",
            dice.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
        ))
    }),
    ("google", |dice| {
        Sample::whole(format!("AIza{}", dice.text(BASE64, 35)))
    }),
    ("npm", |dice| {
        Sample::whole(format!("npm_{}", dice.text(WORD, 36)))
    }),
    ("docker", |dice| {
        Sample::whole(format!("dckr_pat_{}", dice.text(BASE64, 27)))
    }),
    ("shopify", |dice| {
        Sample::whole(format!("shpat_{}", dice.text(HEX, 32)))
    }),
    ("hugging face", |dice| {
        Sample::whole(format!("hf_{}", dice.text(WORD, 34)))
    }),
    ("vault", |dice| {
        Sample::whole(format!("hvs.{}", dice.text(BASE64, 90)))
    }),
    ("sendgrid", |dice| {
        Sample::whole(format!("SG.{}.{}", dice.text(BASE64, 22), dice.text(BASE64, 43)))
    }),
    ("anthropic", |dice| {
        Sample::whole(format!("sk-ant-api03-{}AA", dice.text(BASE64, 93)))
    }),
    ("openai", |dice| {
        Sample::whole(format!(
            "sk-{}T3BlbkFJ{}",
            dice.text(WORD, 20),
            dice.text(WORD, 20)
        ))
    }),
    ("openai project", |dice| {
        Sample::whole(format!("sk-proj-{}", dice.text(BASE64, 74)))
    }),
];

fn pem(dice: &mut Dice, line: &str) -> String {
    let label = dice.one_of(&["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "]);
    let mut text = format!("-----BEGIN {label}PRIVATE KEY-----{line}");
    for length in [64, 64, 64, 31] {
        text.push_str(&dice.text(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            length,
        ));
        text.push_str(line);
    }
    format!("{text}-----END {label}PRIVATE KEY-----")
}

/// A number with the right check digit.
fn card(dice: &mut Dice) -> String {
    let (begin, length) = *dice.one_of(&[
        &("4", 16),
        &("51", 16),
        &("55", 16),
        &("2221", 16),
        &("2720", 16),
        &("34", 15),
        &("37", 15),
        &("6011", 16),
        &("65", 16),
        &("3530", 16),
        &("62", 16),
        &("2200", 16),
        &("6759", 16),
    ]);
    let digits = format!("{begin}{}", dice.text("0123456789", length - 1 - begin.len()));
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(n, byte)| {
            let digit = u32::from(byte - b'0') * if n % 2 == 0 { 2 } else { 1 };
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// The first six letters in a row of `secret` that are in `shown` too.
fn left_over<'a>(shown: &str, secret: &'a str) -> Option<&'a str> {
    let places = secret.char_indices().map(|(place, _)| place);
    let mut parts = places.filter_map(|place| {
        secret
            .get(place..)?
            .char_indices()
            .nth(6)
            .map(|(end, _)| &secret[place..place + end])
    });
    parts.find(|part| shown.contains(part) && !part.contains("PRIVATE") && !part.contains("---"))
}

#[test]
fn nothing_of_a_secret_is_left_and_all_around_it_is() {
    let redactor = Redactor::default();
    let mut dice = Dice::new(3);
    let mut wrong = Vec::new();
    for (kind, make) in MAKES {
        for around in AROUND {
            for _ in 0..8 {
                let sample = make(&mut dice);
                let text = around.replace("{}", &sample.text);
                let expected = around.replace("{}", &sample.text.replace(&sample.secret, "***"));

                let shown = redactor.text(&text);

                // Nobody knows where a key ends that was cut off.
                let is_cut = *kind == "private key cut off";
                if left_over(&shown, &sample.secret).is_some() || (shown != expected && !is_cut) {
                    wrong.push(format!("{kind}: {text}\n  is shown as {shown}"));
                }
            }
        }
    }
    let (count, some) = (wrong.len(), wrong.iter().step_by(wrong.len() / 12 + 1));
    assert!(
        wrong.is_empty(),
        "{count}:\n{}",
        some.cloned().collect::<Vec<_>>().join("\n")
    );
}

const NAMES: [&str; 14] = [
    "password",
    "PASSWORD",
    "db_password",
    "dbPassword",
    "user.password",
    "access-token",
    "refreshToken",
    "client_secret",
    "x-api-key",
    "apiKey",
    "private_key",
    "AWS_SECRET_ACCESS_KEY",
    "api_key_2",
    "sessionToken",
];

/// `{n}` is a name, `{v}` a value without signs, `{q}` one in quotes with any signs.
const PAIRS: [&str; 24] = [
    "{n}={v}",
    "{n}={v}&a=b",
    "a {n}: {v} b",
    "{n} = {v};",
    "{n}:{v},a:b",
    "\"{n}\":\"{v}\"",
    "'{n}': '{v}'",
    "{n}={q}",
    "{n}: {q}, a: 1",
    "{\"{n}\":{q},\"a\":1}",
    "{\"a\":{\"{n}\" : {q}}}",
    "Foo { {n}: {q}, a: 1 }",
    "Foo {\n    {n}: Some(\n        {q},\n    ),\n}",
    "[({q2}, 1), (\"{n}\", {q})]",
    "{\"{n}\": Some({q})}",
    "{n}: [{q}, {q}]",
    "{n}: Foo { a: {q} }",
    "--{n} {v} --x",
    "--{n}={v} --x",
    "<{n}>{v}</{n}>",
    "?{n}={v}#x",
    "{n} => {q}",
    "{n}({q})",
    "x\\n{n}={v}\\ny",
];

#[test]
fn nothing_of_a_value_behind_a_name_is_left() {
    let redactor = Redactor::default();
    let mut dice = Dice::new(5);
    let mut wrong = Vec::new();
    for name in NAMES {
        for pair in PAIRS {
            for _ in 0..6 {
                let plain = dice.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$%*+./?^_|~-", 20);
                let any = dice.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \"'\\{}[]()<>,;:=&@#é\n", 24);
                let other = dice.text("abcdef", 8);
                let text = pair
                    .replace("{n}", name)
                    .replace("{v}", &plain)
                    .replace("{q}", &format!("{any:?}"))
                    .replace("{q2}", &format!("{other:?}"));
                for text in [
                    text.clone(),
                    format!("ż {text} ż"),
                    format!("{text:?}"),
                    format!("{:?}", format!("{text:?}")),
                ] {
                    let shown = redactor.text(&text);

                    let plain_part = left_over(&shown, &plain);
                    if plain_part.or_else(|| left_over(&shown, &any)).is_some() {
                        wrong.push(format!("{text}\n  is shown as {shown}"));
                    }
                }
            }
        }
    }
    let (count, some) = (wrong.len(), wrong.iter().step_by(wrong.len() / 12 + 1));
    assert!(
        wrong.is_empty(),
        "{count}:\n{}",
        some.cloned().collect::<Vec<_>>().join("\n")
    );
}
