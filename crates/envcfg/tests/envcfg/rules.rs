//! Rules in the vocabulary of the validator crate, with and without its own derive on the same struct.

use std::sync::LazyLock;

use groundcrew_envcfg::{Config, Origin, Secret, Vars};
use regex::Regex;
use serde::Serialize;
use url::Url;
use validator::{Validate, ValidationError};

static SLUG: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[a-z-]+$").expect("a pattern"));
const LEAST: u16 = 1000;

fn odd(number: u32) -> Result<(), ValidationError> {
    match number % 2 {
        1 => Ok(()),
        _ => Err(ValidationError::new("odd").with_message("must be odd".into())),
    }
}

fn shouts(text: &str) -> Result<(), ValidationError> {
    match text.to_uppercase() == text {
        true => Ok(()),
        false => Err(ValidationError::new("shouts")),
    }
}

fn pools(rules: &ConfigFirst) -> Result<(), ValidationError> {
    match rules.count {
        77 => Err(ValidationError::new("pools").with_message("77 is taken".into())),
        _ => Ok(()),
    }
}

macro_rules! with_rules {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        struct $name {
            #[validate(range(min = LEAST, max = 65_535))]
            port: u16,
            #[validate(range(exclusive_min = 0.0, exclusive_max = 1.0))]
            ratio: Option<f64>,
            #[validate(length(min = 3, max = 5))]
            name: String,
            #[validate(length(equal = 2))]
            pair: Vec<u8>,
            #[validate(length(min = 8, message = "is too easy to guess"))]
            token: Secret,
            #[validate(url)]
            link: String,
            #[validate(email)]
            mail: Option<String>,
            #[validate(ip(v4 = true))]
            ip: String,
            #[validate(regex(path = *SLUG))]
            slug: String,
            #[validate(contains(pattern = "x"), does_not_contain(pattern = "y"))]
            letters: String,
            #[validate(custom(function = odd))]
            count: u32,
            #[validate(custom(function = "shouts", code = "loud"))]
            cry: Option<String>,
            #[validate(non_control_character)]
            line: String,
            password: String,
            #[validate(must_match(other = "password"))]
            password_again: String,
            #[validate(required)]
            needed: Option<u8>,
        }
    };
}

with_rules!(
    #[derive(Debug, Serialize, Config, Validate)]
    #[validate(schema(function = pools))]
    ConfigFirst
);
with_rules!(
    #[derive(Debug, Serialize, Validate, Config)]
    ValidateFirst
);
with_rules!(
    #[derive(Debug, Config)]
    Alone
);

fn right() -> Vars {
    Vars::from([
        ("PORT", "1000"),
        ("RATIO", "0.5"),
        ("NAME", "abc"),
        ("PAIR", "1,2"),
        ("TOKEN", "hunter2hunter2"),
        ("LINK", "https://h"),
        ("MAIL", "a@b.example"),
        ("IP", "1.2.3.4"),
        ("SLUG", "a-b"),
        ("LETTERS", "x"),
        ("COUNT", "7"),
        ("CRY", "AH"),
        ("LINE", "plain"),
        ("PASSWORD", "p"),
        ("PASSWORD_AGAIN", "p"),
        ("NEEDED", "1"),
    ])
    .origin(Origin::Environment)
}

fn wrong() -> Vars {
    Vars::from([
        ("PORT", "999"),
        ("RATIO", "1"),
        ("NAME", "ab"),
        ("PAIR", "1,2,3"),
        ("TOKEN", "hunter2"),
        ("LINK", "nope"),
        ("MAIL", "nope"),
        ("IP", "::1"),
        ("SLUG", "A"),
        ("LETTERS", "y"),
        ("COUNT", "8"),
        ("CRY", "ah"),
        ("LINE", "a\u{7}"),
        ("PASSWORD", "correct-horse"),
        ("PASSWORD_AGAIN", "battery-staple"),
    ])
    .origin(Origin::Environment)
}

const REPORT: &str = r#"configuration is invalid: 16 problems
  PORT = "999": must be between 1000 and 65535
  RATIO = "1": must be greater than 0.0 and less than 1.0
  NAME = "ab": must have between 3 and 5 characters
  PAIR = "1,2,3": must have exactly 2 elements
  TOKEN = <secret: 7 chars>: is too easy to guess
  LINK = "nope": must be a URL such as https://host/path
  MAIL = "nope": must be an e-mail address
  IP = "::1": must be an IPv4 address
  SLUG = "A": must match ^[a-z-]+$
  LETTERS = "y": must contain "x"
  LETTERS = "y": must not contain "y"
  COUNT = "8": must be odd
  CRY = "ah": shouts
  LINE = "a\u{7}": must not contain control characters
  PASSWORD_AGAIN = <secret: 14 chars>: must equal PASSWORD
  NEEDED is missing"#;

#[test]
fn right_values_pass_every_rule() {
    assert_eq!(ConfigFirst::from_source(&right()).unwrap().validate(), Ok(()));
    assert_eq!(ValidateFirst::from_source(&right()).unwrap().validate(), Ok(()));
    assert_eq!(Alone::from_source(&right()).unwrap().needed, Some(1));
}

#[test]
fn every_broken_rule_is_reported_whatever_derives_stand_beside() {
    let wrong = wrong();

    assert_eq!(ConfigFirst::from_source(&wrong).unwrap_err().to_string(), REPORT);
    assert_eq!(
        ValidateFirst::from_source(&wrong).unwrap_err().to_string(),
        REPORT
    );
    assert_eq!(Alone::from_source(&wrong).unwrap_err().to_string(), REPORT);
}

#[test]
fn codes_are_those_of_the_rules() {
    let report = Alone::from_source(&wrong()).unwrap_err();

    let codes: Vec<String> = report.iter().map(groundcrew_envcfg::Problem::code).collect();
    assert_eq!(
        codes,
        [
            "rule.range",
            "rule.range",
            "rule.length",
            "rule.length",
            "rule.length",
            "rule.url",
            "rule.email",
            "rule.ip",
            "rule.regex",
            "rule.contains",
            "rule.does_not_contain",
            "rule.odd",
            "rule.loud",
            "rule.non_control_character",
            "rule.must_match",
            "missing",
        ]
    );
}

#[test]
fn a_rule_of_the_whole_runs_after_the_fields() {
    let report = ConfigFirst::from_source(&right().with("COUNT", "77")).unwrap_err();

    assert_eq!(
        report.to_string(),
        "configuration is invalid: 1 problem\n  77 is taken"
    );
    assert_eq!(
        (
            report.problems()[0].code().as_str(),
            report.problems()[0].variable()
        ),
        ("check.pools", None)
    );
}

#[derive(Debug, Config)]
struct Lists {
    #[config(each(scheme("https", "http")), length(max = 3))]
    origins: Vec<Url>,
    #[config(each(range(min = 1, max = 9), custom(function = odd)))]
    numbers: Vec<u32>,
    #[config(each(length(min = 4)))]
    tokens: Option<Vec<Secret>>,
    #[config(scheme("postgres"))]
    database_url: Secret,
}

#[test]
fn each_element_answers_for_itself() {
    let vars = Vars::from([
        ("ORIGINS", "https://a, ftp://b, http://c, localhost:3000"),
        ("NUMBERS", "1,10,3,4"),
        ("TOKENS", "abcd,abc"),
        ("DATABASE_URL", "mysql://u:hunter2@h"),
    ])
    .origin(Origin::Environment);

    let report = Lists::from_source(&vars).unwrap_err();

    assert_eq!(
        report.to_string(),
        r#"configuration is invalid: 8 problems
  ORIGINS = "https://a, ftp://b, http://c, localhost:3000": must have at most 3 elements
  ORIGINS element 2 = "ftp://b": must start with https:// or http:// and name a host
  ORIGINS element 4 = "localhost:3000": must start with https:// or http:// and name a host
  NUMBERS element 2 = "10": must be between 1 and 9
  NUMBERS element 2 = "10": must be odd
  NUMBERS element 4 = "4": must be odd
  TOKENS element 2 = <secret: 3 chars>: must have at least 4 characters
  DATABASE_URL = <secret: 19 chars>: must start with postgres:// and name a host"#
    );
}

#[derive(Debug, Config)]
#[config(default)]
struct BadDefault {
    #[validate(range(min = 1))]
    workers: u32,
}

#[expect(clippy::derivable_impls, reason = "the default is the subject")]
impl Default for BadDefault {
    fn default() -> Self {
        Self { workers: 0 }
    }
}

#[test]
fn a_default_is_held_to_the_rules_too() {
    let report = BadDefault::from_source(&Vars::new()).unwrap_err();

    assert_eq!(
        report.problems()[0].to_string(),
        "WORKERS: must be at least 1 (from default)"
    );
}
