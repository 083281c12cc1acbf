use super::*;

fn parse(text: &str) -> PostgresUrl {
    PostgresUrl::parse(text).unwrap()
}

#[test]
fn the_default_sslmode_depends_on_where_the_server_is() {
    let cases = [
        ("postgres://localhost/a", SslMode::Prefer),
        ("postgres://127.0.0.1,[::1]/a", SslMode::Prefer),
        ("postgres://%2Fvar%2Frun%2Fpostgresql/a", SslMode::Prefer),
        ("postgres:///a", SslMode::Prefer),
        ("postgres://db.example.com/a", SslMode::VerifyFull),
        ("postgres://localhost,db.example.com/a", SslMode::VerifyFull),
        ("postgres://db.example.com/a?sslmode=require", SslMode::Require),
        ("postgres://localhost/a?hostaddr=10.0.0.1", SslMode::VerifyFull),
    ];

    for (text, mode) in cases {
        assert_eq!(parse(text).sslmode(), mode, "{text}");
    }
}

#[test]
fn mistakes_are_named_without_the_password() {
    let cases = [
        (
            "mysql://a:pw@h/d",
            "expected a URL that starts with postgres:// or postgresql://",
        ),
        (
            "postgres://a:pw@h/d?sslmode=allow",
            "parameter sslmode=\"allow\" is not one of disable, prefer, require, verify-ca, verify-full",
        ),
        (
            "postgres://a:pw@h/d?schema=public",
            "unknown parameter \"schema\"",
        ),
        (
            "postgres://a:pw@h/d?sslcert=/c",
            "sslcert contradicts the absence of sslkey",
        ),
        (
            "postgres://a:p/w@h/d",
            "not a valid URL: a '/', '?' or '#' before an '@' must be percent-encoded",
        ),
        (
            "postgres://a:p?w@h/d",
            "not a valid URL: a '/', '?' or '#' before an '@' must be percent-encoded",
        ),
        (
            "postgres://a:7/w@h/d",
            "not a valid URL: a '/', '?' or '#' before an '@' must be percent-encoded",
        ),
        (
            "postgres://a:p w/2@h",
            "not a valid URL: a '/', '?' or '#' before an '@' must be percent-encoded",
        ),
        (
            "postgres://a:p\"w/2@h",
            "not a valid URL: a '/', '?' or '#' before an '@' must be percent-encoded",
        ),
        (
            "postgres://a:pw@h:port/d",
            "not a valid URL: invalid value for option `port`",
        ),
    ];

    for (text, shown) in cases {
        assert_eq!(PostgresUrl::parse(text).unwrap_err().to_string(), shown, "{text}");
    }
}

#[test]
fn no_output_holds_the_password() {
    let url = parse("postgres://app:hunter2@h/d?application_name=x").with_database("other");

    assert_eq!(
        format!("{url} {url:?}"),
        "postgres://app@h:5432/other PostgresUrl(\"postgres://app@h:5432/other\")"
    );
    assert_eq!(
        parse("postgres://app:hunter2@h/d").to_string(),
        "postgres://app:***@h/d"
    );
    assert_eq!(
        parse("postgres://h/d?password=hunter2").to_string(),
        "postgres://h/d?password=***"
    );
}

#[test]
fn a_switch_for_tls_must_not_contradict_the_url() {
    let given = parse("postgres://h/d?sslmode=disable");

    assert_eq!(
        given.clone().with_tls(true).unwrap_err().to_string(),
        "sslmode=disable contradicts TLS switched on"
    );
    assert_eq!(given.with_tls(false).unwrap().sslmode(), SslMode::Disable);
    assert_eq!(
        parse("postgres://h/d").with_tls(false).unwrap().sslmode(),
        SslMode::Disable
    );
    assert_eq!(
        parse("postgres://localhost/d").with_tls(true).unwrap().sslmode(),
        SslMode::VerifyFull
    );
}

#[test]
fn child_processes_get_the_same_place() {
    let url = parse(
        "postgres://app:p%40ss@a:1,b:2/d?options=-c%20work_mem%3D1MB&connect_timeout=1&sslrootcert=/ca.pem&target_session_attrs=read-write",
    );

    let env = url.libpq_env();

    let expected = [
        ("PGHOST", "a,b"),
        ("PGPORT", "1,2"),
        ("PGUSER", "app"),
        ("PGDATABASE", "d"),
        ("PGOPTIONS", "-c work_mem=1MB"),
        ("PGPASSWORD", "p@ss"),
        ("PGCONNECT_TIMEOUT", "2"),
        ("PGTARGETSESSIONATTRS", "read-write"),
        ("PGSSLMODE", "verify-full"),
        ("PGSSLROOTCERT", "/ca.pem"),
    ];
    assert_eq!(env, expected.map(|(name, value)| (name, value.to_owned())));
}

#[test]
fn a_plus_is_a_plus() {
    assert_eq!(
        parse("postgres://h/d?application_name=a+b")
            .config()
            .get_application_name(),
        Some("a+b")
    );
}
