//! Secrets in statements, commands, connection strings and lists of pairs, and what only looks like them.

use groundcrew_logging::Redactor;

fn shown(text: &str) -> String {
    Redactor::default().text(text).into_owned()
}

#[test]
fn the_passwords_of_statements_and_commands_are_hidden() {
    for (text, expected) in [
        (
            "CREATE USER bob IDENTIFIED BY 'x1' x",
            "CREATE USER bob IDENTIFIED BY '***' x",
        ),
        (
            "create user bob identified by 'x1'",
            "create user bob identified by '***'",
        ),
        (
            "alter user 'bob'@'%' identified by 'x1'",
            "alter user 'bob'@'%' identified by '***'",
        ),
        ("SET PASSWORD FOR bob = 'x1' x", "SET PASSWORD FOR bob = '***' x"),
        (
            "SET PASSWORD FOR 'bob'@'h'='x1'",
            "SET PASSWORD FOR 'bob'@'h'='***'",
        ),
        ("curl -u bob:x1 http://h/", "curl -u bob:*** http://h/"),
        (
            "/usr/bin/curl -s --user \"bob:x1\" h",
            "/usr/bin/curl -s --user \"bob:***\" h",
        ),
    ] {
        assert_eq!(shown(text), expected);
    }
    for text in [
        "users are identified by 'id' alone",
        "players for bob = 'x'",
        "sort -u a:b",
        "docker run -u 1000:1000 curl",
        "curl ran; then id -u a:b",
    ] {
        assert_eq!(shown(text), text);
    }
}

#[test]
fn a_value_with_spaces_in_a_connection_string_is_hidden_whole() {
    for (text, expected) in [
        ("Server=h;PWD=hun ter2;Database=x", "Server=h;PWD=***;Database=x"),
        ("PWD=hun ter2;User Id=bob;", "PWD=***;User Id=bob;"),
        (
            "token=x1 was refused; retrying",
            "token=*** was refused; retrying",
        ),
        ("password=x1 user=bob;a=b", "password=*** user=bob;a=b"),
        ("password=x1 (a;b=c)", "password=*** (a;b=c)"),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn a_value_beside_its_name_is_hidden_in_either_order() {
    for (text, expected) in [
        (
            r#"{"value":"x1","name":"DB_PASSWORD"}"#,
            r#"{"value":"***","name":"DB_PASSWORD"}"#,
        ),
        (
            "{ \"value\": \"x1\",\n  \"key\": \"apiKey\" }",
            "{ \"value\": \"***\",\n  \"key\": \"apiKey\" }",
        ),
        (
            r#"{"s":"{\"value\":\"x1\",\"name\":\"token\"}"}"#,
            r#"{"s":"{\"value\":\"***\",\"name\":\"token\"}"}"#,
        ),
        (
            "<entry key=\"password\">x1</entry>",
            "<entry key=\"password\">***</entry>",
        ),
        (
            "<property name='db.password'>x1</property><a>b</a>",
            "<property name='db.password'>***</property><a>b</a>",
        ),
    ] {
        assert_eq!(shown(text), expected);
    }
    for text in [
        r#"{"value":"x1","name":"seat"}"#,
        r#"[{"value":"x1"},{"name":"password"}]"#,
        "<entry key=\"seat\">x1</entry>",
        "<input name=\"password\">",
        "<entry id=\"password\">x1</entry>",
        "<user name=\"password\">bob</user>",
    ] {
        assert_eq!(shown(text), text);
    }
}
