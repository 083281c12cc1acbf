//! Names and values as lists, as types of Rust and of other languages, and what was hidden before.

use groundcrew_base::Secret;
use groundcrew_logging::{Action, Redactor, SecretKind};

fn shown(text: &str) -> String {
    Redactor::default().text(text).into_owned()
}

#[derive(Debug)]
struct ApiKey(#[expect(dead_code, reason = "its `Debug` reads it")] &'static str);

#[derive(Debug)]
struct Password(#[expect(dead_code, reason = "its `Debug` reads it")] Option<&'static str>);

#[test]
fn a_debug_over_several_lines_is_hidden_as_one_in_a_line_is() {
    let pairs = vec![("password", "hunter2"), ("user", "bob")];
    assert_eq!(
        shown(&format!("{pairs:?}")),
        r#"[("password", "***"), ("user", "bob")]"#
    );
    assert_eq!(
        shown(&format!("{pairs:#?}")),
        format!("{pairs:#?}").replace("hunter2", "***")
    );
    let keys = [ApiKey("hunter2"), ApiKey("hunter3")];
    for text in [format!("{keys:?}"), format!("{keys:#?}")] {
        assert_eq!(
            shown(&text),
            text.replace("hunter2", "***").replace("hunter3", "***")
        );
    }
    let password = Some(Password(Some("hunter2")));
    for text in [format!("{password:?}"), format!("{password:#?}")] {
        assert_eq!(shown(&text), text.replace("hunter2", "***"));
    }
}

#[test]
fn a_pair_in_a_list_of_pairs_is_one() {
    for (text, expected) in [
        (
            r#"[["x-api-key","hunter2"],["accept","text/html"]]"#,
            r#"[["x-api-key","***"],["accept","text/html"]]"#,
        ),
        (
            r#"{"headers": [ ["authorization", "Bearer abc1"], ["cookie", "sid=1"] ]}"#,
            r#"{"headers": [ ["authorization", "***"], ["cookie", "***"] ]}"#,
        ),
        (
            r#"{"missing":["password","username"]}"#,
            r#"{"missing":["password","username"]}"#,
        ),
        (
            r#"[["password","username","age"]]"#,
            r#"[["password","username","age"]]"#,
        ),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn the_key_of_a_list_or_a_map_is_no_part_of_the_name() {
    for (text, expected) in [
        ("password[]=hunter2&a=b", "password[]=***&a=b"),
        ("password[0]=hunter2&a=b", "password[0]=***&a=b"),
        ("user[password][]=hunter2", "user[password][]=***"),
        (r#"password["a"]=hunter2"#, r#"password["a"]=***"#),
        ("tokens[1]=5", "tokens[1]=5"),
        ("items[0]=hunter2", "items[0]=hunter2"),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn a_value_in_code_is_hidden_whole() {
    for (text, expected) in [
        (r#"password: std::string::String("hunter2")"#, "password: ***"),
        (r#"password = String::from("hunter2");"#, "password = ***;"),
        (
            r#"password: foo::Bar { x: "hunter2" }, n: 1"#,
            "password: ***, n: 1",
        ),
        (r##"password: r#"hunter2"#, n"##, r##"password: r#"***"#, n"##),
        (r#"password: c"hunter2""#, r#"password: c"***""#),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn names_of_sign_ups_cards_and_sessions_are_secrets() {
    for name in [
        "password_confirmation",
        "passwordConfirm",
        "user.password_hash",
        "card_cvc",
        "cardCvv",
        "private_key_pem",
        "totp",
        "otp_code",
        "JSESSIONID",
        "PHPSESSID",
    ] {
        assert_eq!(shown(&format!("{name}=hunter2&a=b")), format!("{name}=***&a=b"));
    }
    for name in ["session_id", "password_length", "signature", "pinned"] {
        assert_eq!(shown(&format!("{name}=hunter2")), format!("{name}=hunter2"));
    }
}

#[test]
fn what_was_hidden_stays_as_it_is() {
    let key = Secret::from("a key of at least 16 bytes");
    for action in [Action::Hash, Action::Mask, Action::KeepLast(4)] {
        let redactor = KINDS
            .into_iter()
            .fold(Redactor::default().hash_key(&key), |redactor, kind| {
                redactor.kind(kind, action)
            });
        for text in [
            "Bearer abcdefgh1",
            "redis://hunter2@h:6379",
            "redis://u:hunter2@h:6379",
            "https://hooks.slack.com/services/T0/B0/xyz",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "ghp_0123456789abcdefghij",
            "4111 1111 1111 1111",
            "a bob@example.com b",
        ] {
            let once = redactor.text(text).into_owned();

            assert_ne!(once, text);
            assert_eq!(redactor.text(&once), once, "{text} with {action:?}");
        }
    }
}

const KINDS: [SecretKind; 7] = [
    SecretKind::Jwt,
    SecretKind::Authorization,
    SecretKind::PrivateKey,
    SecretKind::UrlPassword,
    SecretKind::CardNumber,
    SecretKind::Token,
    SecretKind::Email,
];
