//! Secrets in headers of HTTP, in the user of a URL and in lists of arguments.

use groundcrew_logging::Redactor;

fn shown(text: &str) -> String {
    Redactor::default().text(text).into_owned()
}

#[test]
fn the_credentials_of_any_scheme_are_hidden() {
    for scheme in [
        "OAuth",
        "DPoP",
        "JWT",
        "Bot",
        "Key",
        "Api-Key",
        "SSWS",
        "Splunk",
        "GenieKey",
        "Client-ID",
        "SharedKey",
        "AWS",
        "Bearer:",
        "VAPID",
        "SCRAM-SHA-256",
        "Bearer",
        "Basic",
    ] {
        for (before, behind) in [
            ("", ""),
            ("", "\nHost: h"),
            ("curl -H \"", "\" https://h/"),
            ("curl -H '", "' https://h/"),
            ("sent ", " Host: h"),
            ("> ", "\r\n> Host: h"),
        ] {
            let text = format!("{before}Authorization: {scheme} acct:hunter2{behind}");

            let clean = shown(&text);

            assert!(!clean.contains("hunter2"), "{clean}");
            assert!(clean.starts_with(&format!("{before}Authorization: ")), "{clean}");
            assert!(clean.ends_with(behind), "{clean}");
        }
    }
}

#[test]
fn parameters_of_credentials_are_hidden() {
    for text in [
        "Authorization: Signature keyId=\"x\",signature=\"hunter2\"",
        "Authorization: VAPID t=hunter2, k=hunter2",
        "Authorization: SCRAM-SHA-256 data=hunter2",
        "Authorization: OAuth realm=\"x\", oauth_token=\"hunter2\", oauth_signature=\"hunter2\"",
    ] {
        assert!(!shown(text).contains("hunter2"), "{}", shown(text));
    }
    assert_eq!(
        shown("authorization: hunter2 Host: h"),
        "authorization: *** Host: h"
    );
}

#[test]
fn a_cookie_is_hidden_whatever_the_one_before_it_holds() {
    for (text, expected) in [
        ("Cookie: a=O'Neil; sid=hunter2", "Cookie: ***"),
        ("Cookie: data={\"a\":\"b\"}; sid=hunter2", "Cookie: ***"),
        ("Cookie: a=b c; sid=hunter2", "Cookie: ***"),
        (
            "Cookie: a=b c d; x=1; sid=hunter2; y=2\nHost: h",
            "Cookie: ***\nHost: h",
        ),
        (
            "curl -H 'Cookie: a=b c; sid=hunter2' https://h/",
            "curl -H 'Cookie: ***' https://h/",
        ),
        (
            "curl -H 'Cookie: a=b' https://h/;x",
            "curl -H 'Cookie: ***' https://h/;x",
        ),
        ("Cookie: a=b user-agent: x", "Cookie: *** user-agent: x"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn an_apostrophe_in_the_user_of_a_url_is_a_part_of_it() {
    for (text, expected) in [
        (
            "dial postgres://u:it's-hunter2@h/db failed",
            "dial postgres://u:***@h/db failed",
        ),
        ("https://bob:p`hunter2@h/x", "https://bob:***@h/x"),
        (
            "'postgres://u:hunter2@h/db' and 'x@y'",
            "'postgres://u:***@h/db' and 'x@y'",
        ),
        (
            "'redis://localhost:6379','bob@x'",
            "'redis://localhost:6379','bob@x'",
        ),
        ("'https://h/x' isn't bob@x", "'https://h/x' isn't bob@x"),
        ("see https://h/it's and bob@x", "see https://h/it's and bob@x"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn a_list_of_arguments_needs_no_space() {
    for (text, expected) in [
        ("[\"--password\",\"hunter2\"]", "[\"--password\",\"***\"]"),
        (
            "{\"args\":[\"--user\",\"bob\",\"--password\",\"hunter2\",\"-v\"]}",
            "{\"args\":[\"--user\",\"bob\",\"--password\",\"***\",\"-v\"]}",
        ),
        (
            "{\\\"args\\\":[\\\"--token\\\",\\\"hunter2\\\"]}",
            "{\\\"args\\\":[\\\"--token\\\",\\\"***\\\"]}",
        ),
        ("['--api-key','hunter2']", "['--api-key','***']"),
        (
            "[\"--password\",\"--user\",\"bob\"]",
            "[\"--password\",\"--user\",\"bob\"]",
        ),
        ("[\"--password-stdin\",\"bob\"]", "[\"--password-stdin\",\"bob\"]"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}
