//! Keyed hashes of values: equal ones are found again, wherever they stand.

use groundcrew_logging::{Action, Logging, Redactor};
use proptest::{prop_assert_eq, proptest};
use tracing::{Level, info};

use crate::capture::{Kept, quiet, run};

fn redactor() -> Redactor {
    Redactor::default()
        .key_with("ssn", Action::Hash)
        .hash_key(&"a key for hashes".into())
}

/// The hash of a value by itself.
fn hash(value: &str) -> String {
    let mut hash = String::new();
    redactor().apply(Action::Hash, value, &mut hash);
    hash
}

/// The hashes that a field and a message with this text have.
fn logged(field: &str, text: &str) -> (String, String) {
    let kept = Kept::default();
    let builder =
        Logging::builder()
            .config(quiet())
            .redactor(redactor())
            .sink("kept", Level::TRACE, kept.clone());
    run(builder, |_| info!(ssn = field, "{text}"));
    let line = kept.lines().remove(0);
    let message = line.message();
    let at = message.find("hash:").unwrap_or_else(|| panic!("{message}"));
    (
        line.field("ssn").as_str().unwrap().to_owned(),
        message[at..at + 21].to_owned(),
    )
}

#[test]
fn a_value_without_escapes_has_one_hash_as_a_field_and_in_a_text() {
    for text in [
        "ssn=078-05-1120",
        "ssn: \"078-05-1120\"",
        "{\"ssn\":\"078-05-1120\"}",
    ] {
        let (field, message) = logged("078-05-1120", text);

        assert_eq!(field, hash("078-05-1120"));
        assert_eq!(message, field, "{text}");
    }
}

#[test]
fn a_value_in_a_text_is_hashed_with_its_escapes_undone_and_one_of_a_field_as_it_is_given() {
    for (escaped, plain) in [
        ("a%3Db", "a=b"),
        ("a\\u003db", "a=b"),
        ("a&#61;b", "a=b"),
        ("a%253Db", "a=b"),
    ] {
        let (field, message) = logged(escaped, &format!("ssn=\"{escaped}\""));

        assert_eq!(field, hash(escaped));
        assert_eq!(message, hash(plain), "{escaped}");
        assert_ne!(field, message, "{escaped}");
        assert_eq!(logged(plain, &format!("ssn=\"{plain}\"")).1, message, "{plain}");
    }
}

proptest! {
    #[test]
    fn any_plain_value_has_one_hash_as_a_field_and_in_a_text(value in "[a-zA-Z0-9_.-]{1,40}") {
        let (field, message) = logged(&value, &format!("ssn=\"{value}\""));

        prop_assert_eq!(&field, &hash(&value));
        prop_assert_eq!(message, field);
    }
}
