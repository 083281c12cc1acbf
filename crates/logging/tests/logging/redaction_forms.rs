//! Secrets in the bodies of forms, where `+` is a space, and in what typesetters make of a card number.

use groundcrew_logging::{Action, Redactor, SecretKind};

use crate::dice::Dice;

fn shown(text: &str) -> String {
    Redactor::default().text(text).into_owned()
}

#[test]
fn the_space_of_a_form_is_one() {
    for (text, expected) in [
        ("card=4111+1111+1111+1111&exp=12", "card=***&exp=12"),
        (
            "card%5Bnumber%5D=4111+1111+1111+1111&exp=12",
            "card%5Bnumber%5D=***&exp=12",
        ),
        ("note=pay+3782+822463+10005+now", "note=pay+***+now"),
        ("argv=app+--password+hunter2&x=1", "argv=app+--password+***&x=1"),
        ("line=password+=+hunter2&x=1", "line=password+=***&x=1"),
        (
            "q=ALTER+USER+bob+PASSWORD+%27hunter2%27&x=1",
            "q=ALTER+USER+bob+PASSWORD+%27***%27&x=1",
        ),
        (
            "key=-----BEGIN+PRIVATE+KEY-----%0D%0AMIIEvQ%2BIBADAN%0D%0A-----END+PRIVATE+KEY-----%0D%0A&x=1",
            "key=***%0D%0A&x=1",
        ),
        ("key=-----BEGIN+RSA+PRIVATE+KEY-----%0AMIIEvQIBADAN", "key=***"),
        (
            "redis&colon;//u&colon;+abc@host",
            "redis&colon;//u&colon;***@host",
        ),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn what_is_escaped_in_a_value_is_a_part_of_it_however_its_name_is_written() {
    for name in [
        "user%5Bpassword%5D",
        "user%5bpassword%5d",
        "user%255Bpassword%255D",
        "user[password]",
        "password%5B%5D",
        "user%5Bpassword%5D%5B0%5D",
        "card%5Bcvc%5D",
        "x%2Dapi%2Dkey",
        "%70assword",
        "user%5Bpassword_confirmation%5D",
    ] {
        for sign in [
            "%26", "%20", "%2C", "%22", "%3B", "%29", "%27", "%0A", "+", "%2526", "%7D",
        ] {
            let text = format!("id=7&{name}=ab{sign}hunter2{sign}&x=1");

            assert_eq!(shown(&text), format!("id=7&{name}=***&x=1"), "{text}");
        }
    }
}

#[test]
fn a_plus_in_a_url_is_no_space() {
    for text in [
        format!("redis&colon;//{}&colon;+hunter2@host", "u".repeat(70)),
        "redis&colon;//użytkownik&colon;+hunter2@host".to_owned(),
        "redis%3A//u%3Apa,+hunter2@host".to_owned(),
        "redis%3A//u%3Apa[+hunter2@host".to_owned(),
        "redis%3A//u%3Apa%2C+hunter2@host".to_owned(),
    ] {
        let shown = shown(&text);

        assert!(
            !shown.contains("hunter2") && shown.ends_with("@host"),
            "{text} is shown as {shown}"
        );
    }
}

#[test]
fn what_only_looks_like_a_form_stays() {
    for text in [
        "1+1111+1111+1111+1111",
        "+4111+1111+1111",
        "token+count=5",
        "sum 4242+4242+4242+4242=16968",
        "url = base + token+\"/path\"",
        "token+=1",
        "C++ --verbose+debug",
        "a+b=c+d",
        "2024+2025+2026+2027",
    ] {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn a_card_number_is_one_however_it_is_set() {
    for separator in [
        "\u{2002}", "\u{2003}", "\u{2012}", "\u{2014}", "\u{2212}", " ", "-", ".", "+", "\u{a0}", "\u{2007}",
        "\u{2009}", "\u{202f}", "\u{2010}", "\u{2011}", "\u{2013}",
    ] {
        for number in ["4111 1111 1111 1111", "3782 822463 10005"] {
            let number = number.replace(' ', separator);

            assert_eq!(shown(&format!("pay {number}, é")), "pay ***, é", "{number}");
        }
        let wrong = "4111 1111 1111 1112".replace(' ', separator);
        assert_eq!(shown(&wrong), wrong);
    }
    for encoded in [
        "%C2%A0",
        "%c2%a0",
        "%E2%80%AF",
        "\\u00a0",
        "\\u202f",
        "&#160;",
        "&#8239;",
        "&nbsp;",
        "&numsp;",
        "&ndash;",
        "%E2%80%93",
    ] {
        let number = "4111 1111 1111 1111".replace(' ', encoded);

        assert_eq!(shown(&format!("a {number} b")), "a *** b", "{number}");
    }
}

/// As browsers send it.
fn as_form(text: &str) -> String {
    let written = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(written).collect()
}

const TEXTS: [&str; 14] = [
    "the password = §",
    "{\"user\": \"bob\", \"password\": \"§\", \"n\": 1}",
    "{\"a\": {\"api_key\" : \"§\"}, \"b\": [1, 2]}",
    "{'secret': '§', 'n': 1}",
    "Foo { token: Some(\"§\"), n: 1 }",
    "password:\r\n  §\r\nuser: bob",
    "<password>§</password> <a>b</a>",
    "app --password § --host h",
    "app --password=§ --host h",
    "ALTER USER bob WITH PASSWORD '§' next",
    "authorization: Bearer §\r\nHost: h",
    "Authorization: Basic §",
    "postgres://u:§@h:5432/db?sslmode=require and more",
    "-----BEGIN EC PRIVATE KEY-----\r\n§\r\n-----END EC PRIVATE KEY-----",
];

#[test]
fn a_text_that_a_form_sends_is_hidden_as_its_plain_one_is() {
    let mut dice = Dice::new(41);
    for text in TEXTS {
        for _ in 0..50 {
            let secret = dice.letter_first("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+=", 16);
            let plain = text.replace('§', &secret);
            let form = format!("id=7&text={}&done=yes", as_form(&plain));

            for (text, secret) in [(plain, secret.clone()), (form, as_form(&secret))] {
                let shown = shown(&text);

                assert!(!shown.contains(&secret), "{text} is shown as {shown}");
                assert!(shown.contains("***"), "{text} is shown as {shown}");
                assert_eq!(self::shown(&shown), shown, "{text}");
                assert_eq!(
                    shown.starts_with("id=7&text="),
                    text.starts_with("id=7&text="),
                    "{shown}"
                );
            }
        }
    }
}

#[test]
fn the_tracks_of_a_magnetic_stripe_and_a_word_before_show_no_card() {
    let redactor = Redactor::default();
    for (text, expected) in [
        ("%B4111111111111111^DOE/JOHN^2512101?", "%B***^DOE/JOHN^2512101?"),
        ("read B5555555555554444^DOE", "read B***^DOE"),
        (";4111111111111111=2512101?", ";***=2512101?"),
        ("card4111111111111111", "card***"),
        ("PAN4111111111111111, x", "PAN***, x"),
        ("visa4111-1111-1111-1111", "visa***"),
    ] {
        assert_eq!(redactor.text(text), expected);
    }
    for text in [
        "x4111111111111111",
        "discard4111111111111111",
        "A4111111111111111^x",
        "xB4111111111111111^x",
        "B4111111111111111",
        "card4111111111111112",
        "card41111111111111111111",
    ] {
        assert_eq!(redactor.text(text), text);
    }
}

#[test]
fn an_apostrophe_in_an_address_is_hidden_and_a_file_with_an_at_is_none() {
    let redactor = Redactor::default().kind(SecretKind::Email, Action::Mask);
    for (text, expected) in [
        ("to bob.o'neil@x.com.", "to ***."),
        ("to='bob@x.com'", "to='***'"),
        ("['a','bob@x.com']", "['a','***']"),
        ("/img@2x.png logo@3x.svg", "/img@2x.png logo@3x.svg"),
        ("npm i left-pad@latest.js", "npm i left-pad@latest.js"),
        ("bob@x.pn", "***"),
    ] {
        assert_eq!(redactor.text(text), expected);
    }
}
