//! What holds of the redactor whatever the text.

use std::sync::LazyLock;

use groundcrew_base::Secret;
use groundcrew_logging::{Action, Redactor, SecretKind};
use proptest::prelude::*;

use crate::campaign;

static STRICT: LazyLock<Redactor> = LazyLock::new(|| {
    Redactor::default()
        .kind(SecretKind::Email, Action::Mask)
        .kind(SecretKind::CardNumber, Action::KeepLast(4))
        .key_with("card", Action::KeepLast(3))
        .key_with("ssn", Action::Hash)
        .hash_key(&Secret::from("a key of 16 bytes"))
});

/// Texts made of the pieces that scanners look for.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "password", "ssn", "card", "token", "=", ": ", ":", "\"", "\\\"", "'", "{", "}", "(", ")", "[", "]", ",", ";", "&", " ",
            "\n", "\\n", "://", "a://u:", "@", "h", "eyJhbGciOiJIUzI1NiJ9", ".", "eyJ", "Bearer ", "Basic ", "dTpw", "-----BEGIN ",
            "PRIVATE KEY-----", "-----END ", "4111111111111111", "4111 1111 1111 1111", "ghp_abcdefghijklmnopqrst", "<", ">", "--",
            "Some(", "authorization: ", "cookie: ", "***", "hash:0123456789abcdef", "a@b.cc", "é", "🂡", "\\", "=>",
            "%3D", "%22", "%3A", "%26", "%253D", "%2522", "%25", "%", "+", "&quot;", "&#61;", "&amp;", "&amp;quot;", "&colon;", "&#34",
            "\\u0022", "\\u003d", "\\u005c", "\\\\u0022", "\\x3a", "u0022", "%5Cu0022", "%26quot%3B", "\\u0025", "&percnt;22", ":\n  ", "|\n", ": |\n    ", "- ", "4111.1111.1111.1111",
        ]).prop_map(ToOwned::to_owned),
        1 => "[a-zA-Z0-9]{1,8}",
        1 => "(?s).",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(campaign::cases("redaction_secrets", 20_261_126, 100_000, 4_000))]

    /// It may hide more: what stands beside a mask may look like a part of the value then, which gets quotes.
    #[test]
    fn a_second_look_brings_nothing_back(text in pieces()) {
        let once = STRICT.text(&text).into_owned();

        let twice = STRICT.text(&once);

        for piece in twice.split("***") {
            let shown = piece.split("hash:").next().unwrap_or_default().trim_matches(['*', '"']);
            prop_assert!(once.contains(shown), "{shown:?} was not in {once:?}");
        }
    }

    #[test]
    fn any_text_is_taken_and_buffers_are_reused(texts in prop::collection::vec("(?s).{0,120}", 1..4)) {
        let mut buffer = String::from("what was there before");
        for text in &texts {
            let shown = STRICT.clean(text, &mut buffer).to_owned();

            prop_assert_eq!(shown, STRICT.text(text).into_owned());
        }
    }

    #[test]
    fn what_stands_around_stays(before in "[a-z ]{0,30}", after in "[a-z ]{0,30}") {
        let secret = "ghp_0123456789abcdefghijABCDEFGHIJ456789";
        let text = format!("{before} {secret} {after}");

        prop_assert_eq!(STRICT.text(&text), format!("{before} *** {after}"));
    }
}
