//! Structs whose name is that of a secret.

use groundcrew_logging::Redactor;

fn shown(text: &str) -> String {
    Redactor::default().text(text).into_owned()
}

#[derive(Debug)]
#[expect(dead_code, reason = "its `Debug` reads it")]
struct ApiKey {
    id: u32,
    value: &'static str,
}

#[test]
fn the_value_in_a_struct_with_the_name_of_a_secret_is_hidden() {
    for (text, expected) in [
        ("Password { value: \"hunter2\" }", "Password { value: \"***\" }"),
        ("Secret { inner: \"hunter2\" }", "Secret { inner: \"***\" }"),
        ("Token { 0: \"hunter2\" }", "Token { 0: \"***\" }"),
        ("auth::Token { raw: [1, 2] }", "auth::Token { raw: *** }"),
        (
            "User { key: ApiKey { key: \"hunter2\" }, n: 1 }",
            "User { key: ApiKey { key: \"***\" }, n: 1 }",
        ),
        (
            "\"Password { value: \\\"hunter2\\\" }\"",
            "\"Password { value: \\\"***\\\" }\"",
        ),
    ] {
        assert_eq!(shown(text), expected);
    }
    let key = ApiKey {
        id: 7,
        value: "hunter2",
    };
    for text in [format!("{key:?}"), format!("{key:#?}")] {
        assert_eq!(shown(&text), text.replace("hunter2", "***"));
    }
    for text in [
        "Setting { value: \"x\" }",
        "Row { key: \"a\", value: 1 }",
        "Token { kind: Ident, span: 3 }",
        "TokenStream { data: 1 }",
        "password changed {value: 1}",
        "Password {} x { value: 1 }",
    ] {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn all_that_a_type_with_the_name_of_a_secret_holds_is_hidden() {
    for (text, expected) in [
        ("Credentials(\"x\", \"hunter2\") y", "Credentials(***) y"),
        ("UsernamePassword(\"bob\", \"hunter2\")", "UsernamePassword(***)"),
        ("set_password(\"bob\", \"hunter2\")", "set_password(***)"),
        (
            "Credentials(\n    \"bob\",\n    \"hunter2\",\n)",
            "Credentials(***)",
        ),
        ("Password(\n    \"hunter2\",\n)", "Password(\n    \"***\",\n)"),
        ("Credentials(\"x\", \"hunter2", "Credentials(***"),
        (
            "[\"Credentials(\\\"x\\\", \\\"hunter2\\\")\", 1]",
            "[\"Credentials(***)\", 1]",
        ),
        ("Password(\"x\"), Id(\"y\")", "Password(\"***\"), Id(\"y\")"),
        (
            "INSERT INTO passwords (\"id\", \"n\")",
            "INSERT INTO passwords (\"id\", \"n\")",
        ),
    ] {
        assert_eq!(shown(text), expected);
    }
}
