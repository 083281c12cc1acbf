//! Secrets in what programs write for a terminal, with colours around names, signs and values.

use groundcrew_logging::Redactor;

fn shown(text: &str) -> String {
    Redactor::default().text(text).into_owned()
}

#[test]
fn a_colour_is_no_part_of_a_name_nor_of_a_secret() {
    for (text, expected) in [
        (
            "\x1b[32mpassword\x1b[0m=hunter2 port=1",
            "\x1b[32mpassword\x1b[0m=*** port=1",
        ),
        (
            "\x1b[32mpassword\x1b[0m: hunter2\nport: 1",
            "\x1b[32mpassword\x1b[0m: ***\nport: 1",
        ),
        ("\x1b[1;31mssn\x1b[m=078-05-1120", "\x1b[1;31mssn\x1b[m=***"),
        // As tracing-subscriber writes fields.
        (
            "\x1b[3mpassword\x1b[0m\x1b[2m=\x1b[0mhunter2 \x1b[3mseat\x1b[0m\x1b[2m=\x1b[0m1",
            "\x1b[3mpassword\x1b[0m\x1b[2m=\x1b[0m*** \x1b[3mseat\x1b[0m\x1b[2m=\x1b[0m1",
        ),
        ("password=\x1b[1;31mhunter2", "password=\x1b[1;31m***"),
        // As jq writes JSON.
        (
            "{\x1b[0m\x1b[34;1m\"password\"\x1b[0m\x1b[1;39m:\x1b[0m \x1b[0;32m\"hunter 2\"\x1b[0m\x1b[1;39m,",
            "{\x1b[0m\x1b[34;1m\"password\"\x1b[0m\x1b[1;39m:\x1b[0m \x1b[0;32m\"***\"\x1b[0m\x1b[1;39m,",
        ),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
        let escaped = serde_json::to_string(text).unwrap();
        assert!(!shown(&escaped).contains("hunter"), "{escaped}");
    }
}

#[test]
fn what_only_looks_like_a_colour_is_a_name() {
    for text in [
        "[0m=1 seats[4m: 6",
        "\x1b[32mroom\x1b[0m=river",
        "\x1b[m",
        "\x1b[0m=",
        "m=1",
        "warm: 12",
    ] {
        assert_eq!(shown(text), text);
    }
}
