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

#[test]
fn diagnoses_names_and_references_are_no_secrets() {
    for text in [
        "Access denied for user 'root'@'h' (using password: YES)",
        "Access denied for user 'root'@'h' (using password: NO)",
        "secrets \"db-creds\" is forbidden",
        "secret \"x\" not found",
        "secrets \"db-creds\" already exists",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbC123",
        "docker-pullable://nginx@sha256:0d17b565c37bcbd895e9d92315a05c1c3c9a29f762b011a10c54a66cd53c9b31",
        "POST /oauth/token: 200",
        "/api/token: 200 OK",
        "PWD=/home/bob",
        "PWD=/home/bob OLDPWD=/root",
        "UPDATE u SET password = NULL",
        "UPDATE u SET password = DEFAULT",
        "WHERE token = @p1",
        "WHERE token = ANY($1)",
        "env var `API_KEY`: not set",
        "password=${PASSWORD}",
        "url: \"${PASSWORD}\"",
        "password: ${PASSWORD}",
        "--token TOKEN       API token",
        "error: `token`: not set",
        "password: not set",
        "secret/db-creds created",
        "INSERT INTO t (a, \"b\") VALUES (1, \"x\")",
        "f(1, \"a\", \"b\")",
        "Setting { name: \"a\", value: \"b\" }",
        "[token] -> [x]",
        "for x -> \"y\"",
    ] {
        assert_eq!(shown(text), text);
    }
}
