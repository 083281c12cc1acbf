//! Texts whose secrets are marked, `«x»`: nothing that is marked is shown, and what is shown stays as it is.

use groundcrew_logging::Redactor;

fn shown(text: &str) -> String {
    Redactor::default().text(text).into_owned()
}

fn assert_none_shown(marked: &[&str]) {
    for marked in marked {
        let text = marked.replace(['«', '»'], "");
        let secrets = marked
            .split('«')
            .skip(1)
            .filter_map(|part| part.split('»').next());

        let shown_once = shown(&text);

        for secret in secrets {
            assert!(!shown_once.contains(secret), "{text:?}: {shown_once:?}");
        }
        assert_eq!(shown(&shown_once), shown_once, "{text:?}");
    }
}

#[test]
fn values_of_json_in_a_debug_output_are_hidden() {
    assert_none_shown(&[
        "Object {\"token\": Array [String(\"«abcd1»\")]}",
        "{\"creds\": Array [String(\"«axx»\"), String(\"«hunter2»\")]}",
        "Object {\n    \"creds\": Array [\n        String(\"«axx»\"),\n        String(\"«hunter2»\"),\n    ],\n}",
        "password: Bytes [1, «22»]",
        "Object {\"name\": String(\"DB_PASSWORD\"), \"value\": String(\"«abcd1»\")}",
        "Object {\n    \"name\": String(\n        \"DB_PASSWORD\",\n    ),\n    \"value\": String(\n        \"«abcd1»\",\n    ),\n}",
        "Object {\"value\": String(\"«abcd1»\"), \"name\": String(\"DB_PASSWORD\")}",
        "EnvVar { name: Some(\"DB_PASSWORD\"), value: Some(\"«abcd1»\") }",
        "Object {\"name\": String(\"PIN_TOKEN\"), \"value\": Number(«1234»)}",
        "[Object {\"value\": Array [String(\"«abcd1»\")], \"name\": String(\"API_KEY\")}]",
        "\"Object {\\\"token\\\": Array [String(\\\"«abcd1»\\\")]}\"",
        "EnvVar { value: \"«abcd1»\", name: \"DB_PASSWORD\" }",
    ]);
}

#[test]
fn a_field_behind_others_of_a_struct_with_the_name_of_a_secret_is_hidden() {
    assert_none_shown(&[
        "ApiKey { name: \"ci\", value: \"«abcd1»\" }",
        "ApiKey {\n    name: \"ci\",\n    value: \"«abcd1»\",\n}",
        "Credentials { user: \"bob\", value: \"«hunter2»\" }",
        "Cookie { name: \"sid\", value: \"«abcd1»\" }",
        "ApiKey { id: 550e8400-e29b-41d4-a716-446655440000, value: \"«xyz»\" }",
        "ApiKey { scopes: [\"a\"], value: \"«xyz»\" }",
        "Authorization(Basic { decoded: \"«bob:hunter2»\", colon_pos: 3 })",
        "Password(value=«hunter2»)",
        "ApiKey(name='ci', value='«abcd1»')",
        "ApiKey(id=3, scopes=[\"a\", \"b\"], value=«abcd1»)",
        "Token { meta: Meta { id: 1, at: 2024-01-01T10:00:00Z }, kind: Some(\"a } b\"), value: \"«xyz»\" }",
        "m \"ApiKey { name: \\\"ci\\\", value: \\\"«abcd1»\\\" }\"",
        "ApiKey { name: \"c:\\\\\", value: \"«abcd1»\" }",
        "Basic { decoded: \"«bob:hunter2»\", colon_pos: 3 }",
        "ApiKey { c: '{', value: \"«abcd1»\" }",
    ]);
}

#[test]
fn all_arguments_of_a_call_with_the_name_of_a_secret_are_hidden() {
    assert_none_shown(&[
        "Credentials(Some(\"«bob»\"), Some(\"«hunter2»\"))",
        "Credentials(7, \"«hunter2»\")",
        "Credentials(None, Some(\"«hunter2»\"))",
        "Credentials(7, Id(3), \"«hunter2»\")",
        "Credentials(\"«bob»\", \"«hunter2»\")",
        "Credentials(\n    7,\n    \"«hunter2»\",\n)",
        "Credentials(\n    Some(\n        \"«bob»\",\n    ),\n    Some(\n        \"«hunter2»\",\n    ),\n)",
        "set_password(user_id, \"«hunter2»\")",
    ]);
}

#[test]
fn brackets_in_strings_with_apostrophes_end_no_value() {
    assert_none_shown(&[
        "{'password': {'a': 'b}', 'c': '«hunter2»'}, 'x': 1}",
        "{'token': ['a]b', '«hunter2»']}",
        "{'token': {'a': \"it's }\", 'b': '«hunter2»'}}",
        "{'token': ['a\\']b', '«hunter2»']}",
        "\"{'token': ['a]b', '«hunter2»']}\"",
    ]);
}

#[test]
fn values_of_go_are_hidden_behind_their_types() {
    assert_none_shown(&[
        "http.Header{\"X-Api-Key\":[]string{\"«abcd3»\"}}",
        "http.Header{\"Authorization\":[]string{\"«Foo abcd3»\"}}",
        "map[string][]string{\"Cookie\":[]string{\"«a=b»\", \"«c=d»\"}}",
        "main.T{Password:[]uint8{0x61, «0x62»}}",
        "main.T{Password:main.Secret{v:\"«hunter2»\"}}",
        "main.T{Password:&main.Secret{v:\"«hunter2»\"}}",
        "main.T{Password:[]byte(\"«hunter2»\")}",
        "password: []interface {}{\"«hunter2»\"}",
        "map[X-Api-Key:[«abcd1» «abcd2»]]",
        "Password:(*string)(0xc000) token:[]string{\"a\", \"«b12»\"}",
        "token: [2]string{\"a\", \"«b12»\"}",
    ]);
}

#[test]
fn a_value_beside_its_name_is_hidden_in_any_case() {
    assert_none_shown(&[
        "{\"Value\":\"«xyz1»\",\"Name\":\"DB_PASSWORD\"}",
        "{\"value\":\"«xyz1»\",\"Name\":\"DB_PASSWORD\"}",
        "{\"VALUE\":\"«xyz1»\",\"KEY\":\"DB_PASSWORD\"}",
        "{\"Name\":\"DB_PASSWORD\",\"Value\":\"«xyz1»\"}",
    ]);
}
