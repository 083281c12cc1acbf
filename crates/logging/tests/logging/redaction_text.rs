//! What is hidden inside of texts, and what stays around it.

use std::collections::BTreeMap;

use groundcrew_base::Secret;
use groundcrew_logging::{Action, Redactor, SecretKind};

fn shown(text: &str) -> String {
    Redactor::default().text(text).into_owned()
}

fn assert_shown(cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|&(text, expected)| (text, shown(text), expected))
        .filter(|(_, shown, expected)| shown != expected)
        .collect();
    for (text, shown, expected) in &wrong {
        eprintln!("{text}\n  is shown as {shown}\n  and not as  {expected}");
    }
    assert!(wrong.is_empty(), "{} of {} are wrong", wrong.len(), cases.len());
}

#[test]
fn values_behind_a_name_are_masked_in_every_way_to_write_them() {
    assert_shown(&[
        ("password=hunter2", "password=***"),
        ("password = hunter2 user", "password = *** user"),
        ("password: hunter2, user: bob", "password: ***, user: bob"),
        ("password : hunter2", "password : ***"),
        ("password:hunter2", "password:***"),
        ("PASSWORD='it is' x", "PASSWORD='***' x"),
        ("password='it''s' x", "password='***' x"),
        ("password=\"a \\\"b\\\" c\" x", "password=\"***\" x"),
        ("password := hunter2", "password := ***"),
        ("password == hunter2", "password == ***"),
        (
            ":password => \"hunter2\", :a => 1",
            ":password => \"***\", :a => 1",
        ),
        ("'password' => 'hunter2'", "'password' => '***'"),
        ("user[password]=hunter2&x=1", "user[password]=***&x=1"),
        ("?access_token=abc&user=b", "?access_token=***&user=b"),
        ("https://h/p?api_key=abc#top", "https://h/p?api_key=***"),
        ("[token=abc] next", "[token=***] next"),
        ("(token=abc) next", "(token=***) next"),
        ("{token=abc} next", "{token=***} next"),
        (
            "host=db password=hunter2 user=app",
            "host=db password=*** user=app",
        ),
        (
            "Server=db;Password=hunter2;User=app",
            "Server=db;Password=***;User=app",
        ),
    ]);
}

#[test]
fn values_behind_a_name_are_masked_in_every_surrounding() {
    assert_shown(&[
        ("api key: abc, x", "api key: ***, x"),
        ("the Access Token = abc", "the Access Token = ***"),
        ("user.password: hunter2", "user.password: ***"),
        ("DB_PASSWORD_2=hunter2 X=1", "DB_PASSWORD_2=*** X=1"),
        ("a\\npassword=hunter2\\nuser=bob", "a\\npassword=***\\nuser=bob"),
        ("a\\nssn: 078-05-1120\\nuser: bob", "a\\nssn: ***\\nuser: bob"),
        ("a\npassword: hunter2\nuser: bob", "a\npassword: ***\nuser: bob"),
        (
            "ALTER USER bob PASSWORD 'hunter2' VALID",
            "ALTER USER bob PASSWORD '***' VALID",
        ),
        ("<password>hunter2</password>", "<password>***</password>"),
        (
            "<ns:Password>hunter 2</ns:Password><a>b</a>",
            "<ns:Password>***</ns:Password><a>b</a>",
        ),
        (
            "login --password hunter2 --host db",
            "login --password *** --host db",
        ),
        (
            "login --password=hunter2 --host db",
            "login --password=*** --host db",
        ),
        (
            "\"login\" \"--api-key\" \"hunter2\" \"-v\"",
            "\"login\" \"--api-key\" \"***\" \"-v\"",
        ),
        (
            "[\"--api-key\", \"hunter2\", \"-v\"]",
            "[\"--api-key\", \"***\", \"-v\"]",
        ),
        ("password=pässwörd x", "password=*** x"),
        ("ключ password=секрет дальше", "ключ password=*** дальше"),
    ]);
}

#[test]
fn what_is_no_value_stays() {
    assert_shown(&[
        ("password=", "password="),
        ("password= user=bob", "password= user=bob"),
        ("password: ", "password: "),
        ("password: None, user: 1", "password: None, user: 1"),
        ("{\"password\":null,\"a\":1}", "{\"password\":null,\"a\":1}"),
        ("{\"password\":\"\",\"a\":1}", "{\"password\":\"\",\"a\":1}"),
        ("password authentication failed", "password authentication failed"),
        ("auth::password::verify", "auth::password::verify"),
        (
            "password_length=12 token_count: 7",
            "password_length=12 token_count: 7",
        ),
        (
            "[\"id\", \"password\", \"email\"]",
            "[\"id\", \"password\", \"email\"]",
        ),
        ("bearer token expired", "bearer token expired"),
        (
            "Basic understanding of basic auth",
            "Basic understanding of basic auth",
        ),
        ("secret_name=db tokens=12", "secret_name=db tokens=12"),
    ]);
}

#[derive(Debug)]
#[expect(dead_code, reason = "read by Debug")]
struct User {
    name: &'static str,
    password: &'static str,
    api_key: Option<&'static str>,
    credentials: Credentials,
    pin: u16,
}

#[derive(Debug)]
#[expect(dead_code, reason = "read by Debug")]
struct Credentials {
    user: &'static str,
    pass: Vec<&'static str>,
}

#[derive(Debug)]
struct Token(#[expect(dead_code, reason = "read by Debug")] &'static str);

fn user() -> User {
    User {
        name: "bob",
        password: "hunter \"2\", { [",
        api_key: Some("k-1"),
        credentials: Credentials {
            user: "u",
            pass: vec!["}", "x\\"],
        },
        pin: 17,
    }
}

#[test]
fn names_inside_of_debug_output_are_masked() {
    let map = BTreeMap::from([("password", "hunter2"), ("user", "bob")]);
    let headers = vec![("authorization", "Bearer x"), ("accept", "json")];

    assert_eq!(
        shown(&format!("{:?}", user())),
        "User { name: \"bob\", password: \"***\", api_key: Some(\"***\"), credentials: ***, pin: 17 }"
    );
    assert_eq!(
        shown(&format!("{:#?}", user())),
        "User {\n    name: \"bob\",\n    password: \"***\",\n    api_key: Some(\n        \"***\",\n    ),\n    \
         credentials: ***,\n    pin: 17,\n}"
    );
    assert_eq!(
        shown(&format!("{map:?}")),
        "{\"password\": \"***\", \"user\": \"bob\"}"
    );
    assert_eq!(
        shown(&format!("{headers:?}")),
        "[(\"authorization\", \"***\"), (\"accept\", \"json\")]"
    );
    assert_eq!(shown(&format!("{:?}", Token("abc"))), "Token(\"***\")");
    assert_eq!(
        shown(&format!("{:?} {:?}", user(), Some(1))),
        "User { name: \"bob\", password: \"***\", api_key: Some(\"***\"), credentials: ***, pin: 17 } Some(1)"
    );
}

#[test]
fn names_inside_of_json_are_masked_at_every_depth_of_quotes() {
    let mut text =
        r#"{"user":"bob","password":"hun\"ter\\2","n":{"pin_code":1234,"cvv":[1,2],"x":true}}"#.to_owned();
    let mut expected =
        r#"{"user":"bob","password":"***","n":{"pin_code":"***","cvv":"***","x":true}}"#.to_owned();

    for depth in 0..4 {
        assert_eq!(shown(&text), expected, "{depth}");
        text = serde_json::json!({ "body": text, "token": "abc", "z": 1 }).to_string();
        expected = serde_json::json!({ "body": expected, "token": "***", "z": 1 }).to_string();
    }
}

#[test]
fn json_that_is_shown_is_json() {
    let text =
        r#"{"secret":{"a":["x",{"b":"}"}]},"token":17,"password":true,"otp":-1.5e3,"cookies":[],"a":"b"}"#;

    let value: serde_json::Value = serde_json::from_str(&shown(text)).unwrap();

    assert_eq!(
        value,
        serde_json::json!({
            "secret": "***", "token": "***", "password": "***", "otp": "***", "cookies": "***", "a": "b",
        })
    );
}

#[test]
fn a_value_that_is_cut_off_is_masked_to_its_end() {
    assert_shown(&[
        ("{\"password\":\"hunt", "{\"password\":\"***"),
        ("User { password: Some(\"hunt", "User { password: Some(\"***"),
        ("credentials: Credentials { user: \"x", "credentials: ***"),
        (
            "dial pg://u:p@h with Bearer abc1",
            "dial pg://u:***@h with Bearer ***",
        ),
    ]);
}

#[test]
fn a_value_of_several_words_whose_form_is_known_is_masked_whole() {
    assert_shown(&[
        (
            "card_number: 4111 1111 1111 1111 exp 12/27",
            "card_number: *** exp 12/27",
        ),
        ("card_number=4111 1111 1111 1111", "card_number=***"),
        (
            "private_key: -----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\nuser: bob",
            "private_key: ***\nuser: bob",
        ),
        (
            "token: bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln.",
            "token: bearer ***",
        ),
        ("dsn=postgres://u:p,w;d@h/db x", "dsn=*** x"),
    ]);
}

#[test]
fn headers_are_masked_with_all_their_words() {
    assert_shown(&[
        ("Authorization: Bearer abc", "Authorization: ***"),
        (
            "authorization: Basic dXNlcjpwYXNz to h",
            "authorization: *** to h",
        ),
        ("Cookie: sid=abc; theme=dark\r\nHost: h", "Cookie: ***\r\nHost: h"),
        (
            "Cookie: sid=abc; theme=dark\\r\\nHost: h",
            "Cookie: ***\\r\\nHost: h",
        ),
        (
            "curl -H 'Authorization: Bearer abc' https://h",
            "curl -H 'Authorization: ***' https://h",
        ),
        (
            "Authorization: Digest username=\"Mu fasa\", realm=\"x y\", response=\"662\" end",
            "Authorization: *** end",
        ),
        ("authorization=Bearer abc x", "authorization=Bearer *** x"),
        ("\"authorization\": \"Bearer abc\"", "\"authorization\": \"***\""),
        ("X-Api-Key: abc", "X-Api-Key: ***"),
    ]);
}

#[test]
fn an_action_is_taken_inside_of_texts_too() {
    let redactor = Redactor::default()
        .key_with("card", Action::KeepLast(4))
        .key_with("ssn", Action::Hash)
        .key_with("note", Action::Remove)
        .allow("csrf_token")
        .kind(SecretKind::CardNumber, Action::KeepLast(4))
        .kind(SecretKind::Email, Action::Mask)
        .without_kind(SecretKind::UrlPassword)
        .hash_key(&Secret::from("0123456789abcdef"));

    let text = "card=\"4000-0000\" ssn: \"078\" note: \"x y\" csrf_token=abc token=abc 4111 1111 1111 1111 \
                bob.x+1@mail.example.com. redis://:pw@h";

    assert_eq!(
        redactor.text(text),
        "card=\"***0000\" ssn: \"hash:295aaa29651280ec\" note: \"\" csrf_token=abc token=*** ***1111 ***. \
         redis://:pw@h"
    );
}

#[test]
fn a_kind_that_is_off_is_shown() {
    let text = "a://u:pw@h eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln Bearer abc1 4111111111111111 password=x \
                AKIAIOSFODNN7EXAMPLE";
    let kinds = [
        SecretKind::Named,
        SecretKind::UrlPassword,
        SecretKind::Jwt,
        SecretKind::Authorization,
        SecretKind::CardNumber,
        SecretKind::Token,
    ];

    let redactor = kinds
        .into_iter()
        .fold(Redactor::default(), Redactor::without_kind);

    assert_eq!(redactor.text(text), text);
    assert_eq!(shown(text), "a://u:***@h *** Bearer *** *** password=*** ***");
}

#[test]
fn a_pattern_of_your_own_finds_more() {
    let redactor = Redactor::without_keys().pattern(
        |text: &str| {
            let start = text.find("seat-")?;
            let digits = text.get(start + 5..)?;
            let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            Some(start..start + 5 + length)
        },
        Action::KeepLast(2),
    );
    let broken = Redactor::default().pattern(|text: &str| Some(text.len()..3), Action::Mask);
    let outside = Redactor::default().pattern(|_: &str| Some(0..1), Action::Mask);

    assert_eq!(
        redactor.text("seat-1234 a://u:p@h seat-99"),
        "***34 a://u:***@h ***99"
    );
    assert_eq!(redactor.text("none"), "none");
    assert_eq!(broken.text("hand dealt"), "***");
    assert_eq!(outside.text("éé"), "***");
    let empty = Redactor::none().pattern(
        |text: &str| Some(if text.starts_with("é7") { 0..3 } else { 0..0 }),
        Action::Mask,
    );
    assert_eq!(empty.text("aéé7b"), "aé***b");
    assert_eq!(outside.text("ab"), "******");
}
