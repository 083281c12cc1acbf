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
fn what_an_xml_element_holds_is_masked() {
    assert_shown(&[
        (
            "<wsse:Password Type=\"http://x/y#PasswordText\">hunter2</wsse:Password><a>b</a>",
            "<wsse:Password Type=\"http://x/y#PasswordText\">***</wsse:Password><a>b</a>",
        ),
        (
            "<password type='text'\n  id=\"1\" >\n hunter 2</password>",
            "<password type='text'\n  id=\"1\" >\n ***</password>",
        ),
        (
            "{\"x\":\"<password type=\\\"text\\\">hunter2<\\/password>\",\"n\":1}",
            "{\"x\":\"<password type=\\\"text\\\">***<\\/password>\",\"n\":1}",
        ),
        (
            "<password><![CDATA[hunter2]]></password>",
            "<password>***</password>",
        ),
        (
            "<password>a<![CDATA[b<c>]]><!-- d<e -->f</password> <g/>",
            "<password>***</password> <g/>",
        ),
        ("<password><![CDATA[hunt", "<password>***"),
        ("<password a=\"b\">hunt", "<password a=\"b\">***"),
        ("a<api-key>k</api-key>b", "a<api-key>***</api-key>b"),
    ]);
    for text in [
        "<password type=\"text\"/><user>bob</user>",
        "<password></password>",
        "<user name=\"password\">bob</user>",
        "</password>bob<a>",
        "parsing Vec<Token> failed at line 3",
        "usage: login <user> <password> [--host <host>]",
        "if password > 3 and a < 4",
        "<T as x::Token> has <b>",
    ] {
        assert_eq!(shown(text), text);
    }
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

#[test]
fn what_follows_bearer_is_masked_unless_it_is_a_word_about_tokens() {
    assert_shown(&[
        ("Bearer my-secret-token", "Bearer ***"),
        (
            "auth header was Bearer supersecrettoken, sent twice",
            "auth header was Bearer ***, sent twice",
        ),
        (
            "{\"h\":\"Bearer secret\",\"n\":1}",
            "{\"h\":\"Bearer ***\",\"n\":1}",
        ),
        ("Bearer abcdef", "Bearer ***"),
        ("bearer Hunter", "bearer ***"),
        ("h=Bearer%20abcdef&a=b", "h=Bearer%20***&a=b"),
        ("h: 'BEARER letmein'.", "h: 'BEARER ***'."),
    ]);
    for text in [
        "bearer token expired",
        "Bearer tokens/cookies are refused.",
        "Bearer authentication is required",
        "invalid bearer auth: bearer access-token missing",
        "expected a bearer header, got none",
        "the scheme must be Bearer or Basic",
        "Bearer is the only scheme; bearer and basic are known",
        "missing Bearer prefix, Bearer scheme expected",
        "WWW-Authenticate: Bearer realm=\"api\", error=\"invalid_request\"",
        "WWW-Authenticate: Bearer error=invalid_request",
        "Bearer <token>",
        "Bearer",
    ] {
        assert_eq!(shown(text), text);
    }
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
fn headers_without_a_string_leave_json_and_its_other_fields() {
    for name in ["cookie", "authorization", "Set-Cookie", "proxy_authorization"] {
        for (value, expected) in [
            ("null", serde_json::Value::Null),
            ("5", "***".into()),
            ("-1.5e3", "***".into()),
            ("true", "***".into()),
            ("[]", "***".into()),
            ("[\"a=1\",\"b; c\"]", "***".into()),
            ("{\"a\":[\"x\",{\"b\":\"}\"}]}", "***".into()),
            ("\"a=1; b=2\"", "***".into()),
            ("\"Digest a=\\\"b\\\", c\"", "***".into()),
        ] {
            for (before, between, after) in [
                ("{", ",", "\"user\":\"bob\"}"),
                ("{ ", " , ", "\"user\" : \"bob\" }"),
                ("{\n  ", ",\n  ", "\"user\": \"bob\"\n}"),
                ("{\"user\":\"bob\",", "", "}"),
                ("{\n\t\"user\": \"bob\",\n\t", "", "\n}"),
            ] {
                for colon in [":", ": "] {
                    let text = format!("{before}\"{name}\"{colon}{value}{between}{after}");
                    let texts = format!("[{text},[1,{{\"n\":[2]}}]]");
                    let nested = serde_json::json!({ "body": texts, "n": 1 }).to_string();

                    let shown = [&text, &texts, &nested].map(|text| {
                        serde_json::from_str::<serde_json::Value>(&shown(text))
                            .unwrap_or_else(|error| panic!("{text} is shown as {}: {error}", shown(text)))
                    });

                    let object = serde_json::json!({ name: expected, "user": "bob" });
                    let list = serde_json::json!([object, [1, { "n": [2] }]]);
                    let inner = shown[2]["body"].as_str().unwrap();
                    assert_eq!(shown[0], object, "{text}");
                    assert_eq!(shown[1], list, "{text}");
                    assert_eq!(
                        serde_json::from_str::<serde_json::Value>(inner).unwrap(),
                        list,
                        "{text}"
                    );
                    assert_eq!(shown[2]["n"], 1);
                }
            }
        }
    }
}

#[test]
fn headers_without_a_string_leave_the_other_fields_of_debug_output() {
    assert_shown(&[
        (
            "Req { authorization: None, path: \"/x\" }",
            "Req { authorization: None, path: \"/x\" }",
        ),
        ("Ctx { cookie: 5, user: 7 }", "Ctx { cookie: ***, user: 7 }"),
        ("Ctx { user: 7, cookie: 5 }", "Ctx { user: 7, cookie: *** }"),
        (
            "Ctx { cookie: Some(5), user: 7 }",
            "Ctx { cookie: Some(***), user: 7 }",
        ),
        (
            "Ctx { cookie: Some(Lax), path: \"/x\" }",
            "Ctx { cookie: Some(***), path: \"/x\" }",
        ),
        (
            "Ctx { cookie: Lax, r: [1], n: 2 }",
            "Ctx { cookie: ***, r: [1], n: 2 }",
        ),
        (
            "Ctx { cookie: Jar { a: \"x, y: 1\" }, user: 7 }",
            "Ctx { cookie: ***, user: 7 }",
        ),
        (
            "Ctx { cookie: Jar(1, 2), user: 7 }",
            "Ctx { cookie: ***, user: 7 }",
        ),
        (
            "Ctx { cookies: [\"a=1\"], user: 7 }",
            "Ctx { cookies: ***, user: 7 }",
        ),
        (
            "Ctx { cookie: [\"a=1\"], user: 7 }",
            "Ctx { cookie: ***, user: 7 }",
        ),
        (
            "Ctx {\n    cookie: Lax,\n    user: 7,\n}",
            "Ctx {\n    cookie: ***,\n    user: 7,\n}",
        ),
        (
            "Ctx {\n    cookie: None,\n    user: 7,\n}",
            "Ctx {\n    cookie: None,\n    user: 7,\n}",
        ),
        (
            "{\"cookie\": Sensitive, \"host\": \"h\"}",
            "{\"cookie\": \"***\", \"host\": \"h\"}",
        ),
        (
            "{'cookie': None, 'authorization': True, 'host': 'h'}",
            "{'cookie': None, 'authorization': '***', 'host': 'h'}",
        ),
        ("Cookie: 5; sid=abc\r\nHost: h", "Cookie: ***\r\nHost: h"),
        (
            "Authorization: hawk id=\"a\", mac=\"b\" end",
            "Authorization: *** end",
        ),
    ]);
}

#[test]
fn values_with_a_prefix_or_a_tag_are_masked() {
    assert_shown(&[
        (
            "{'password': u'hunter2', 'user': u'bob'}",
            "{'password': u'***', 'user': u'bob'}",
        ),
        ("PASSWORD = E'hunt er', x", "PASSWORD = E'***', x"),
        ("{'token': rb'abc'}", "{'token': rb'***'}"),
        ("password: !!str hunter2", "password: ***"),
        (
            "password: !!str \"hunter 2\"\nuser: bob",
            "password: ***\nuser: bob",
        ),
        ("password: &a hunter2\nuser: bob", "password: ***\nuser: bob"),
        (
            "password: &a !!str hunter2\nuser: bob",
            "password: ***\nuser: bob",
        ),
    ]);
}

#[test]
fn a_value_whose_name_is_a_value_too_is_masked() {
    assert_shown(&[
        (
            "{\"name\":\"DB_PASSWORD\",\"value\":\"hunter2\"},{\"name\":\"DB_USER\",\"value\":\"bob\"}",
            "{\"name\":\"DB_PASSWORD\",\"value\":\"***\"},{\"name\":\"DB_USER\",\"value\":\"bob\"}",
        ),
        (
            "{\\\"Key\\\" : \\\"api_key\\\", \\\"Value\\\" : 17}",
            "{\\\"Key\\\" : \\\"api_key\\\", \\\"Value\\\" : \\\"***\\\"}",
        ),
        (
            "EnvVar { name: \"DB_PASSWORD\", value: Some(\"hunter2\"), n: 1 }",
            "EnvVar { name: \"DB_PASSWORD\", value: Some(\"***\"), n: 1 }",
        ),
        (
            "- name: DB_PASSWORD\n  value: hunter2\n- name: DB_USER\n  value: bob",
            "- name: DB_PASSWORD\n  value: ***\n- name: DB_USER\n  value: bob",
        ),
        (
            "<input name=\"password\" value=\"hunter2\"><input name=\"user\" value=\"bob\">",
            "<input name=\"password\" value=\"***\"><input name=\"user\" value=\"bob\">",
        ),
    ]);
    for text in [
        "{\"name\":\"token_count\",\"value\":\"5\"}",
        "{\"title\":\"password\",\"value\":\"5\"}",
        "{\"name\":\"password\",\"other\":\"5\",\"value\":\"6\"}",
        "{\"name\":\"password\",\"value\":null}",
    ] {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn the_path_of_a_webhook_is_masked() {
    assert_shown(&[
        (
            "POST https://hooks.slack.com/services/T01234567/B01234567/abcDEFghi 404",
            "POST https://hooks.slack.com/services/*** 404",
        ),
        (
            "\"https:\\/\\/hooks.slack.com\\/services\\/T0\\/B0\\/abc\",1",
            "\"https:\\/\\/hooks.slack.com\\/services\\/***\",1",
        ),
    ]);
    let other = "https://slack.com/services/T0/B0/abc and https://hooks.slack.com/services/";
    assert_eq!(shown(other), other);
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
