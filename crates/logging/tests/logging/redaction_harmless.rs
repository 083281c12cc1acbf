//! What stands behind a name of a secret and is none, beside what is.

use groundcrew_logging::Redactor;

fn shown(text: &str) -> String {
    Redactor::default().text(text).into_owned()
}

#[test]
fn messages_about_paths_are_no_secrets() {
    for text in [
        "open /etc/passwd: permission denied",
        "cat: /run/secrets/db_password: No such file or directory (os error 2)",
        "reading ./config/token: Is a directory",
        "auth::password: user logged in",
        "INFO poker::auth::token: refreshed for user 7",
    ] {
        assert_eq!(shown(text), text);
    }
    for (text, expected) in [
        ("username/password: bob/hunter2", "username/password: ***"),
        (
            "/run/secrets/db_password: hunter2",
            "/run/secrets/db_password: ***",
        ),
        ("/run/secrets/db_password:hunter2", "/run/secrets/db_password:***"),
        (
            "/run/secrets/db_password: correct horse",
            "/run/secrets/db_password: *** horse",
        ),
        (
            "Config::password: hunter2 for bob",
            "Config::password: *** for bob",
        ),
        ("Config::password: \"letmein\"", "Config::password: \"***\""),
        ("Config::password = letmein now", "Config::password = *** now"),
        ("auth::token: x1", "auth::token: ***"),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn placeholders_and_types_are_no_secrets() {
    for text in [
        "unexpected token '}' at line 3",
        "Unexpected token \"</\" in JSON",
        "SELECT id FROM sessions WHERE token = $1",
        "UPDATE users SET password = $12::text, n = 1",
        "INSERT INTO t SET password=?, token = ?",
        "WHERE u.token = :token AND password = :pw",
        "password = %s",
        "struct User { password: String, token: Option<String> }",
        "interface User { password: string; }",
    ] {
        assert_eq!(shown(text), text);
    }
    for (text, expected) in [
        ("invalid token 'abc'", "invalid token '***'"),
        ("password=$1$salt$hash", "password=***"),
        ("password=:hunter", "password=***"),
        ("password = :hunter", "password = ***"),
        ("WHERE token = :hunter2", "WHERE token = ***"),
        ("WHERE token = 'x1'", "WHERE token = '***'"),
        ("password: Strings", "password: ***"),
        ("password=String", "password=***"),
        ("password ?x", "password ?x"),
        ("password=?x", "password=***"),
        ("PASSWORD '}x9'", "PASSWORD '***'"),
        ("PASSWORD '}'", "PASSWORD '***'"),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn whether_there_is_a_secret_is_none() {
    for text in [
        "has_token=false",
        "requires_password=true, n=1",
        "{\"has_token\":true,\"isSecret\":false}",
        "User { has_password: true, needsToken: false }",
        "auth.has_token=True show-password: false",
        "REQUIRE_PASSWORD=true",
    ] {
        assert_eq!(shown(text), text);
    }
    for (text, expected) in [
        ("has_token=abc", "has_token=***"),
        ("has_token=\"true\"", "has_token=\"***\""),
        ("has_token=true1", "has_token=***"),
        ("password=true", "password=***"),
        ("hash_token=true", "hash_token=***"),
        ("istoken=true", "istoken=***"),
        ("use_token=x1", "use_token=***"),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn a_name_that_a_service_adds_hides_truths_too() {
    let redactor = Redactor::default().key("is_admin").key("has_token");

    assert_eq!(
        redactor.text("is_admin=true has_token: false, has_password=true"),
        "is_admin=*** has_token: ***, has_password=true"
    );
}
