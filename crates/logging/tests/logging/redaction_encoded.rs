//! Percent-encoded texts, signs written as numbers, and the lines of YAML show as little as their plain forms.

use std::sync::LazyLock;

use groundcrew_base::Secret;
use groundcrew_logging::{Action, Redactor, SecretKind};

use crate::dice::Dice;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);

fn shown(text: &str) -> String {
    REDACTOR.text(text).into_owned()
}

fn assert_shown(cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|&(text, expected)| (text, shown(text), expected))
        .filter(|(_, shown, expected)| shown != expected)
        .map(|(text, shown, expected)| format!("{text}\n  is shown as {shown}\n  and not as  {expected}"))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} are wrong:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn encoded_pairs_are_masked() {
    assert_shown(&[
        ("password%3Dhunter2", "password%3D***"),
        ("password%3dhunter2%26a%3Db", "password%3d***%26a%3Db"),
        (
            "%22token%22%3A%22abcdef%22%2C%22a%22%3A1",
            "%22token%22%3A%22***%22%2C%22a%22%3A1",
        ),
        (
            "GET /q?body=%7B%22user%22%3A%22bob%22%2C%22pin_code%22%3A1234%7D 200",
            "GET /q?body=%7B%22user%22%3A%22bob%22%2C%22pin_code%22%3A%22***%22%7D 200",
        ),
        (
            "/cb?data={%22token%22:%22abc%20d%22,%22a%22:%22b%22}",
            "/cb?data={%22token%22:%22***%22,%22a%22:%22b%22}",
        ),
        (
            "user%5Bpassword%5D=hunter2&user%5Bname%5D=bob",
            "user%5Bpassword%5D=***&user%5Bname%5D=bob",
        ),
        (
            "data=%7B%22token%22%3A+%22abc+def%22%2C+%22a%22%3A+1%7D",
            "data=%7B%22token%22%3A+%22***%22%2C+%22a%22%3A+1%7D",
        ),
        ("%22pass%22%3A%22hunter2%22", "%22pass%22%3A%22***%22"),
        ("ssn%3D078-05-1120%3Bx", "ssn%3D***%3Bx"),
        ("api%20key%3A%20abc%2C%20x", "api%20key%3A%20***%2C%20x"),
        (
            "\"uri\":\"/login?next=%2Fhome%3Fotp%3D123456\",\"n\":1",
            "\"uri\":\"/login?next=%2Fhome%3Fotp%3D***\",\"n\":1",
        ),
    ]);
}

#[test]
fn what_was_encoded_more_than_once_is_masked_at_its_own_level() {
    assert_shown(&[
        ("password%253Dhunter2%2526a", "password%253D***%2526a"),
        ("token%25253Dabc%252526a", "token%25253D***%252526a"),
        (
            "%2522cvv%2522%253A123%257D",
            "%2522cvv%2522%253A%2522***%2522%257D",
        ),
        // The value of the outer pair has the signs of the inner ones in it.
        ("password=a%26b%3Dc&d=e", "password=***&d=e"),
        ("password%3Da%2526b%2526c%26d%3De", "password%3D***%26d%3De"),
        ("a%3Db&password=x%26y", "a%3Db&password=***"),
    ]);
}

#[test]
fn encoded_secrets_of_a_known_form_are_masked() {
    assert_shown(&[
        (
            "?to=https%3A%2F%2Fbob%3Ahunter2%40h%2Fp&x=1",
            "?to=https%3A%2F%2Fbob%3A***%40h%2Fp&x=1",
        ),
        ("c=4111%201111%201111%201111&e=12", "c=***&e=12"),
        ("h=Bearer%20abc.def1%22%2C%22a", "h=Bearer%20***%22%2C%22a"),
        ("h=Bearer+abc.def1%3D%3D%26a", "h=Bearer+***%26a"),
        (
            "k=-----BEGIN%20PRIVATE%20KEY-----%0AMIIEvQ%0A-----END%20PRIVATE%20KEY-----%0A",
            "k=***%0A",
        ),
    ]);
}

#[test]
fn what_has_its_signs_written_as_numbers_or_names_is_masked() {
    assert_shown(&[
        (r"password\u003dhunter2", r"password\u003d***"),
        (r"password\x3Dhunter2", r"password\x3D***"),
        (
            r"{\u0022password\u0022:\u0022hunter2\u0022}",
            r"{\u0022password\u0022:\u0022***\u0022}",
        ),
        (r"password\u0022:\u0022hunter2", r"password\u0022:\u0022***"),
        (
            r"a \u0027token\u0027 : \u0027abc d\u0027, b",
            r"a \u0027token\u0027 : \u0027***\u0027, b",
        ),
        (
            r"{\\u0022token\\u0022:\\u0022abc\\u0022}",
            r"{\\u0022token\\u0022:\\u0022***\\u0022}",
        ),
        (
            r"{\u0022pin_code\u0022:1234}",
            r"{\u0022pin_code\u0022:\u0022***\u0022}",
        ),
        ("password&#61;hunter2", "password&#61;***"),
        ("password&#x3d;hunter2 a&#061;b", "password&#x3d;*** a&#061;b"),
        ("password&equals;hunter2", "password&equals;***"),
        (
            "{&quot;password&quot;:&quot;hunter2&quot;,&quot;a&quot;:1}",
            "{&quot;password&quot;:&quot;***&quot;,&quot;a&quot;:1}",
        ),
        (
            "{&#34;token&#34;&colon;&#34;abc&#34;}",
            "{&#34;token&#34;&colon;&#34;***&#34;}",
        ),
        ("{&quot;cvv&quot;:123}", "{&quot;cvv&quot;:&quot;***&quot;}"),
        (
            "{&amp;quot;token&amp;quot;:&amp;quot;abc&amp;quot;}",
            "{&amp;quot;token&amp;quot;:&amp;quot;***&amp;quot;}",
        ),
        (
            "&lt;password&gt;hunter2&lt;/password&gt;",
            "&lt;password&gt;***&lt;/password&gt;",
        ),
        ("token=abc&#61;def rest", "token=*** rest"),
        ("redis&colon;//:hunter2@cache", "redis&colon;//:***@cache"),
        ("card 4111&#32;1111&#32;1111&#32;1111", "card ***"),
        // Both ways at once.
        (
            "password%3Dhunter2 {&quot;token&quot;:&quot;abc&quot;}",
            "password%3D*** {&quot;token&quot;:&quot;***&quot;}",
        ),
    ]);
}

#[test]
fn numbers_and_names_of_signs_without_a_secret_stay() {
    for text in [
        r"C:\users\xavier\u and \u00 \u00zz \x \xg1",
        "Tom &amp; Jerry &lt;3, a &#8364; sign, &nbsp; &#; &#x; &#99999999999; &quot",
        "/search?query=a&lang=de&apos=1&colour=red&gt=3&page=2",
        r"{\u0022user\u0022:\u0022bob\u0022}",
        "&quot;password&quot;:&quot;&quot;",
        r"\u00e9t\u00e9 \u2028 \ud83c\udca1",
    ] {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn escapes_that_are_none_and_texts_without_secrets_stay() {
    for text in [
        "100% of 7%3 and %zz, %2, %",
        "GET /a%20b/%C5%BC%C3%B3%C5%82w?q=z%C3%A9&x=%25 200",
        "redirect=https%3A%2F%2Fexample.com%3A8443%2Fa%3Fb%3Dc%26d%3De%40f",
        "q=%22exact%20words%22+%2Bone&filter%5Bname%5D=bob&sort%5B%5D=-id",
        "password%3D&password%3A%20&%22password%22%3A%22%22",
        "password_length%3D12%26token_count%3A7",
        "%2525252525252525",
    ] {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn every_action_is_taken_on_encoded_values() {
    let redactor = Redactor::default()
        .key_with("card", Action::KeepLast(4))
        .key_with("ssn", Action::Hash)
        .key_with("note", Action::Remove)
        .kind(SecretKind::Email, Action::Mask)
        .hash_key(&Secret::from("0123456789abcdef"));

    let text = "card%3D%224000%3B0000%22 ssn%3D%220%7C8%22 note%3A%22x%20y%22 m=bob%40mail.example.com";

    assert_eq!(
        redactor.text(text),
        format!(
            "card%3D%22***0000%22 ssn%3D%22{}%22 note%3A%22%22 m=***",
            redactor.text("ssn=0|8").trim_start_matches("ssn=")
        )
    );
}

/// As `encodeURIComponent` does it, and as forms do it.
fn encoded(text: &str, is_form: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' if is_form => out.push('+'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => out.push(char::from(byte)),
            b'!' | b'~' | b'\'' | b'(' | b')' if !is_form => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[test]
fn an_encoded_text_is_masked_as_its_plain_form_is() {
    let mut dice = Dice::new(21);
    let mut wrong = Vec::new();
    for form in [
        "password=V&a=b",
        "a=b&user[password]=V&c=d",
        "{\"user\":\"bob\",\"password\":\"V\",\"n\":1}",
        "{\"user\":\"bob\",\"password\":\"V W\",\"n\":1}",
        "{\"user\": \"bob\", \"password\": \"V\\\"W\", \"n\": 1}",
        "{\"a\":{\"tokens\":[],\"api_key\" : \"V\"},\"b\":[1,2]}",
        "{\"body\":\"{\\\"token\\\":\\\"V\\\",\\\"n\\\":1}\",\"z\":1}",
        "{'secret': 'V', 'n': 1}",
        "grant_type=password&client_secret=V&scope=a b",
        "https://u:V@h:5432/db?sslmode=require",
        "Foo { token: Some(\"V\"), n: 1 }",
        "password:\n  V\nuser: bob",
        "password: |\n  V\n  W\nuser: bob\n",
        "<password>V</password><a>b</a>",
        "--password V --host h",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxV.W next",
        "ghp_VVW next",
        "authorization: Bearer V1\r\nHost: h",
    ] {
        for _ in 0..40 {
            let [first, second] = [(); 2].map(|()| dice.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 12));
            let text = form.replace('V', &first).replace('W', &second);
            let expected = shown(&text);
            assert!(expected.contains("***"), "{expected}");
            // Nobody knows whether a `+` between two words is a space.
            let forms = if form.starts_with("--") { 1 } else { 2 };
            for is_form in [false, true].into_iter().take(forms) {
                let (mut text, mut expected) = (text.clone(), expected.clone());
                for level in 1..=3 {
                    (text, expected) = (encoded(&text, is_form), encoded(&expected, is_form));
                    let shown = shown(&text);
                    let is_left = [&first, &second]
                        .into_iter()
                        .any(|secret| shown.contains(&**secret));
                    if is_left || (shown != expected && !is_form) {
                        wrong.push(format!(
                            "{level}: {text}\n  is shown as {shown}\n  and not as  {expected}"
                        ));
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

#[test]
fn values_on_the_lines_behind_a_name_are_masked() {
    assert_shown(&[
        ("password:\n  hunter2", "password:\n  ***"),
        (
            "password:\n  correct horse battery\nuser: bob",
            "password:\n  ***\nuser: bob",
        ),
        (
            "config read: db:\r\n  password: |\r\n    hunter2\r\n    more\r\n  user: bob\r\n",
            "config read: db:\r\n  password: |\r\n    ***\r\n  user: bob\r\n",
        ),
        (
            "private_key: >-\n\n  a b\n\n  c d\n\nuser: bob",
            "private_key: >-\n\n  ***\n\nuser: bob",
        ),
        (
            "token: |+2 # of the client\n    abc\nuser: bob",
            "token: |+2 # of the client\n    ***\nuser: bob",
        ),
        (
            "- name: a\n  secret: |-\n    abc\n    def\n  kind: b\n- name: c",
            "- name: a\n  secret: |-\n    ***\n  kind: b\n- name: c",
        ),
        (
            "passwords:\n- hunter2\n- hunter3\nuser: bob",
            "passwords:\n***\nuser: bob",
        ),
        (
            "credentials:\n  user: bob\n  pass: x\nhost: h",
            "credentials:\n  ***\nhost: h",
        ),
        (
            "password:\n  \"hunter 2\"\n  # a comment\nuser: bob",
            "password:\n  \"***\"\n  # a comment\nuser: bob",
        ),
        ("\"password\":\n  'hunter 2'\n", "\"password\":\n  '***'\n"),
        (
            "  \"password\":\n    hunter2\n  \"user\": bob",
            "  \"password\":\n    ***\n  \"user\": bob",
        ),
        (
            "password: !!binary |\n  aGk=\nuser: bob",
            "password: ***\nuser: bob",
        ),
        ("Authorization:\n  Bearer abc def", "Authorization:\n  ***"),
    ]);
}

#[test]
fn lines_inside_of_a_quoted_text_are_masked_at_every_depth() {
    let mut text = "a: 1\npassword: |\n  hunter2\n  \"more\" of it\nuser: bob\nsecret:\n  hunter3".to_owned();
    let mut expected = "a: 1\npassword: |\n  ***\nuser: bob\nsecret:\n  ***".to_owned();

    for depth in 0..4 {
        assert_eq!(shown(&text), expected, "{depth}");
        text = serde_json::json!({ "yaml": text, "z": "1" }).to_string();
        expected = serde_json::json!({ "yaml": expected, "z": "1" }).to_string();
    }
}

#[test]
fn lines_that_are_no_value_stay() {
    for text in [
        "password:\nuser: bob",
        "  password:\n  user: bob",
        "password: |\nuser: bob",
        "password:\n\n\nuser: bob",
        "password:\n  null\nuser: bob",
        "password:",
        "password: |",
        "password:\n",
        "password:\n   \n",
        "invalid tokens\n  at line 3",
        "tables:\n  - id: 7\n    seats: 9\n  - id: 8",
        "auth::password::\n  verify",
    ] {
        let shown = shown(text);
        // The sign of a block that has no lines may be a value.
        assert_eq!(shown.replace("***", "|"), text);
    }
}

#[test]
fn card_numbers_in_groups_with_dots_are_masked() {
    assert_shown(&[
        ("4111.1111.1111.1111", "***"),
        ("card 4111.1111.1111.1111. Next", "card ***. Next"),
        ("3782.822463.10005 and 5500.0000.0000.0004", "*** and ***"),
        ("{\"pan\":\"4111.1111.1111.1111\"}", "{\"pan\":\"***\"}"),
    ]);
    for text in [
        "4111.1111.1111.1112",
        "1.4111.1111.1111.1111",
        "4111.1111.1111.1111.1",
        "v4111.1111.1111.1111",
        "4111.1111-1111.1111",
        "4111 1111.1111 1111",
        "4111.1111.1111",
        "4111111111111111.1111",
        "ratio 4111.1111 of 1111.1111",
        "192.168.100.200 10.0.0.1:8080 2026.11.22 1.22.333-4444 1.3.6.1.4.1.4111.1111",
        "1234.5678 4111.11 0.4111111111111111",
    ] {
        assert_eq!(shown(text), text);
    }
}
