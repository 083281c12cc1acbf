//! One mistake is one problem, whatever else follows from it.

use groundcrew_envcfg::{Checks, Config, Dotenv, EnvSource, Profile, Report, Secret, Vars};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Info,
    Warn,
}

fn lines(report: Result<impl Sized, Report>) -> Vec<String> {
    let report = report.err().map(|report| report.to_string()).unwrap_or_default();
    report
        .lines()
        .skip(1)
        .map(|line| line.trim().to_owned())
        .collect()
}

fn codes(report: Result<impl Sized, Report>) -> Vec<(String, String)> {
    let problems = report
        .err()
        .map(|report| report.problems().to_vec())
        .unwrap_or_default();
    let pair =
        |problem: &groundcrew_envcfg::Problem| (problem.variable().unwrap_or("-").to_owned(), problem.code());
    problems.iter().map(pair).collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs
        .map(|(name, code)| (name.to_owned(), code.to_owned()))
        .to_vec()
}

#[derive(Debug, Config)]
struct Renamed {
    #[config(alias = "OLD_SIZE")]
    size: u32,
    auth_secret: Secret,
    #[config(required)]
    level: Level,
}

#[test]
fn a_wrong_line_counts_once_by_whichever_name_it_sets_the_variable() {
    for (name, value) in [
        ("SIZE", "5"),
        ("OLD_SIZE", "5"),
        ("AUTH_SECRET", "s3cret"),
        ("AUTH_SECRET_FILE", "/run/x"),
    ] {
        let right = [("SIZE", "5"), ("AUTH_SECRET", "s3cret"), ("LEVEL", "info")];
        let others = right
            .iter()
            .filter(|(other, _)| !name.ends_with(other) && !name.starts_with(other));
        let mut text: String = others.map(|(name, value)| format!("{name}={value}\n")).collect();
        text.push_str(&format!("{name}=\"{value}\" x\n"));

        let found = codes(Renamed::from_source(&Dotenv::text(".env", text)));

        assert_eq!(found, pairs([(name, "syntax")]), "{name}");
    }
}

#[test]
fn a_wrong_line_hides_nothing_that_another_source_sets() {
    let file = Dotenv::text(".env", "SIZE=\"5\" x\nLEVEL=warm\nAUTH_SECRET=s3cret\n");
    let sources = (Vars::from([("SIZE", "x")]), file);

    assert_eq!(
        codes(Renamed::from_source(&sources)),
        pairs([
            ("SIZE", "syntax"),
            ("SIZE", "unreadable"),
            ("LEVEL", "unreadable")
        ])
    );
}

#[derive(Debug, Config)]
#[config(check(ports_differ, port, ws_port))]
struct Checked {
    #[config(default = 3000)]
    port: u16,
    #[config(default = 3000)]
    ws_port: u16,
}

fn ports_differ(port: u16, ws_port: u16, checks: &mut Checks<'_, '_>) {
    if port == ws_port {
        checks.add_between(&["ws_port", "port"], "must not be the same as PORT");
    }
}

#[test]
fn no_check_looks_at_the_default_of_what_a_wrong_line_should_have_set() {
    let right = Dotenv::text(".env", "PORT=3001\n");
    let wrong = Dotenv::text(".env", "PORT='3001' x\n");

    assert_eq!(codes(Checked::from_source(&right)), pairs([]));
    assert_eq!(
        codes(Checked::from_source(&Vars::new())),
        pairs([("WS_PORT", "check")])
    );
    assert_eq!(codes(Checked::from_source(&wrong)), pairs([("PORT", "syntax")]));
}

#[derive(Debug, Config)]
#[config(default, check = Whole::ports_differ)]
struct Whole {
    port: u16,
    ws_port: u16,
    size: u16,
}

impl Default for Whole {
    fn default() -> Self {
        Self {
            port: 3000,
            ws_port: 3000,
            size: 1,
        }
    }
}

impl Whole {
    fn ports_differ(&self, checks: &mut Checks<'_, '_>) {
        ports_differ(self.port, self.ws_port, checks);
    }
}

#[test]
fn nor_does_one_that_runs_whatever_is_wrong() {
    let wrong = Dotenv::text(".env", "PORT='3001' x\nSIZE=x\n");

    assert_eq!(
        codes(Whole::from_source(&wrong)),
        pairs([("PORT", "syntax"), ("SIZE", "unreadable")])
    );
}

#[derive(Debug, Config)]
struct Profiled {
    #[config(default(production = "https://cdn.example"))]
    cdn_url: String,
    #[config(profile, default = "development")]
    node_env: Profile,
    #[config(default(development = 1, production = 9))]
    workers: u32,
    #[config(nested, prefix = "DB_")]
    db: Database,
    name: String,
}

#[derive(Debug, Config)]
struct Database {
    #[config(default(production = 20, staging = 5))]
    pool: u32,
}

#[test]
fn a_profile_that_is_none_leaves_open_what_it_would_have_set() {
    let vars = Vars::from([("NODE_ENV", "prd"), ("WORKERS", "x")]);

    assert_eq!(
        codes(Profiled::from_source(&vars)),
        pairs([
            ("NODE_ENV", "unreadable"),
            ("WORKERS", "unreadable"),
            ("NAME", "missing")
        ])
    );
    let line = Dotenv::text(".env", "NODE_ENV='production' x\nNAME=n\n");
    assert_eq!(
        codes(Profiled::from_source(&line)),
        pairs([("NODE_ENV", "syntax")])
    );
}

#[test]
fn a_profile_that_is_right_does_not() {
    let vars = Vars::from([("NODE_ENV", "test"), ("NAME", "n")]);

    assert_eq!(
        codes(Profiled::from_source(&vars)),
        pairs([
            ("CDN_URL", "missing"),
            ("WORKERS", "missing"),
            ("DB_POOL", "missing")
        ])
    );
}

#[derive(Debug, Config)]
struct Filled {
    #[config(length(min = 32), min_entropy = 128)]
    auth_secret: Secret,
    #[config(each(length(min = 16)), length(min = 3))]
    api_keys: Vec<Secret>,
    #[cfg_attr(feature = "validator", validate(url))]
    #[config(scheme("https"))]
    link: String,
}

#[test]
fn a_placeholder_is_a_placeholder_and_nothing_else() {
    let vars = Vars::from([
        ("AUTH_SECRET", "changeme"),
        ("API_KEYS", "<api-key>,fQ0fQ1zP7mX2vB9kLrT3,short"),
        ("LINK", "https://h"),
    ]);

    assert_eq!(
        lines(Filled::from_source(&vars)),
        [
            "AUTH_SECRET = <secret: 8 chars>: is only a placeholder: fill in a value of its own (from given)",
            "API_KEYS element 3 = <secret: 5 chars>: must have at least 16 characters (from given)",
            "API_KEYS element 1 = <secret: 9 chars>: is only a placeholder: fill in a value of its own (from given)",
        ]
    );
}

#[test]
fn what_is_too_short_or_no_url_has_no_second_problem_for_it() {
    let vars = Vars::from([
        ("AUTH_SECRET", "horse"),
        (
            "API_KEYS",
            "fQ0fQ1zP7mX2vB9kLrT3,fQ0fQ1zP7mX2vB9kLrT4,fQ0fQ1zP7mX2vB9kLrT5",
        ),
        ("LINK", "nope"),
    ]);
    let link = if cfg!(feature = "validator") {
        "rule.url"
    } else {
        "rule.scheme"
    };

    assert_eq!(
        codes(Filled::from_source(&vars)),
        pairs([("AUTH_SECRET", "rule.length"), ("LINK", link)])
    );
    let vars = vars
        .with("AUTH_SECRET", "a".repeat(31) + "b")
        .with("LINK", "ftp://h");
    assert_eq!(
        codes(Filled::from_source(&vars)),
        pairs([("AUTH_SECRET", "rule.min_entropy"), ("LINK", "rule.scheme")])
    );
}

#[cfg(feature = "validator")]
#[test]
fn the_code_of_a_required_rule_stands_at_its_own_problem() {
    #[derive(Debug, Config)]
    struct Needed {
        port: u16,
        #[validate(required(code = "here", message = "is needed"))]
        name: Option<String>,
    }

    let file = Dotenv::text(".env", "PORT=x\nNAME=\"a\"b\n");
    assert_eq!(
        codes(Needed::from_source(&file)),
        pairs([("NAME", "syntax"), ("PORT", "unreadable")])
    );
    assert_eq!(
        codes(Needed::from_source(&Vars::from([("PORT", "x")]))),
        pairs([("PORT", "unreadable"), ("NAME", "missing.here")])
    );
}

#[test]
fn a_raw_identifier_is_called_by_its_name() {
    #[derive(Debug, Config)]
    struct Outer {
        #[config(nested, prefix = "LOOP_")]
        r#loop: Inner,
        r#type: u8,
    }
    #[derive(Debug, Config)]
    #[config(default, check = Inner::check)]
    struct Inner {
        r#match: u8,
        r#move: u8,
    }
    impl Default for Inner {
        fn default() -> Self {
            Self {
                r#match: 1,
                r#move: 1,
            }
        }
    }
    impl Inner {
        fn check(&self, checks: &mut Checks<'_, '_>) {
            checks.add("match", format!("is {}", self.r#match));
            checks.add("move", format!("is {}", self.r#move));
        }
    }

    let vars = Vars::from([("LOOP_MATCH", "x"), ("TYPE", "x")]);
    let report = Outer::from_source(&vars).expect_err("three mistakes");

    let paths: Vec<&str> = report.iter().map(groundcrew_envcfg::Problem::path).collect();
    assert_eq!(paths, ["loop.match", "loop.move", "type"]);
    let fields: Vec<String> = Outer::fields().into_iter().map(|spec| spec.path).collect();
    assert_eq!(fields, ["loop.match", "loop.move", "type"]);
}

#[test]
fn types_and_names_make_a_field_secret() {
    type Key = Secret<Vec<u8>>;
    type Keys = Option<Vec<Secret>>;
    #[derive(Debug, Config)]
    struct Types {
        boxed: Box<Secret>,
        maybe: Option<Vec<Secret>>,
        holes: Vec<Option<Secret>>,
        alias: Key,
        aliases: Keys,
        bytes: Option<Secret<Vec<u8>>>,
        db_pass: String,
        #[config(env = "smtp.pass")]
        smtp: String,
        #[config(env = "api-key-2")]
        second: String,
        token_ttl: u32,
        bypass_cache: bool,
        boxes: Option<Box<str>>,
    }

    let secret: Vec<(String, bool)> = Types::fields()
        .into_iter()
        .map(|spec| (spec.path, spec.secret))
        .collect();
    let plain = ["token_ttl", "bypass_cache", "boxes"];
    for (path, secret) in secret {
        assert_eq!(secret, !plain.contains(&path.as_str()), "{path}");
    }
    let vars = Vars::from([("BOXED", "changeme"), ("HOLES", "your-api-key")]);
    let found = codes(Types::from_source(&vars));
    assert!(
        found.contains(&(String::from("BOXED"), String::from("rule.placeholder"))),
        "{found:?}"
    );
}

#[test]
fn an_empty_text_that_counts_is_an_empty_list() {
    #[derive(Debug, Config)]
    struct Lists {
        #[config(default = "a,b")]
        names: Vec<String>,
        #[config(length(min = 1))]
        ports: Option<Vec<u16>>,
    }
    let vars = Vars::from([("NAMES", ""), ("PORTS", "")]);
    let sources = groundcrew_envcfg::Sources::new().with(vars.clone()).allow_empty();

    assert_eq!(Lists::from_source(&vars).expect("unset").names, ["a", "b"]);
    assert_eq!(
        codes(Lists::from_source(&sources)),
        pairs([("PORTS", "rule.length")])
    );
    let without_ports = groundcrew_envcfg::Sources::new()
        .with(vars.without("PORTS"))
        .allow_empty();
    assert_eq!(
        Lists::from_source(&without_ports).expect("an empty list").names,
        Vec::<String>::new()
    );
    assert_eq!(without_ports.names(), ["NAMES"]);
}

#[cfg(feature = "validator")]
#[test]
fn what_implies_another_rule_is_told_by_its_kind_and_not_by_its_code() {
    #[derive(Debug, Config)]
    struct Coded {
        #[validate(length(min = 32, code = "short"))]
        #[config(min_entropy = 128)]
        auth_secret: Option<Secret>,
        #[validate(url(code = "link"))]
        #[config(scheme("https"))]
        link: Option<String>,
        #[validate(custom(function = never, code = "url"))]
        #[config(scheme("https"))]
        other: Option<String>,
        #[validate(custom(function = never, code = "length"))]
        #[config(min_entropy = 128)]
        weak: Option<Secret>,
        #[validate(custom(function = never, code = "placeholder"), length(min = 3))]
        word: Option<String>,
    }
    fn never<T: ?Sized>(_: &T) -> Result<(), validator::ValidationError> {
        Err(validator::ValidationError::new("never"))
    }
    let found = |name, value| codes(Coded::from_source(&Vars::from([(name, value)])));

    assert_eq!(
        found("AUTH_SECRET", "hunter2"),
        pairs([("AUTH_SECRET", "rule.short")])
    );
    assert_eq!(found("LINK", "nope"), pairs([("LINK", "rule.link")]));
    assert_eq!(
        found("OTHER", "ftp://h"),
        pairs([("OTHER", "rule.url"), ("OTHER", "rule.scheme")])
    );
    assert_eq!(
        found("WEAK", "hunter2"),
        pairs([("WEAK", "rule.length"), ("WEAK", "rule.min_entropy")])
    );
    assert_eq!(
        found("WORD", "ab"),
        pairs([("WORD", "rule.placeholder"), ("WORD", "rule.length")])
    );
}
