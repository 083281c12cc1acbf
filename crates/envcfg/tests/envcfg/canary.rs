//! A secret is put wherever one may stand and quoted in every way; no output has it, nor a piece of it.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the functions that tests share for no tests"
)]

use std::{ffi::OsString, fmt, fs, os::unix::ffi::OsStringExt, str::FromStr, sync::LazyLock};

use groundcrew_envcfg::{
    Checks, Config, Dotenv, EnvSource, Origin, Problem, Secret, Sources, Value, Vars, env_example,
};
use proptest::prelude::*;
use regex::Regex;
use serde::{Deserialize, Deserializer, de};
use validator::{Validate, ValidationError};

use crate::{
    canary_words::{WAYS, assert_silent, cases, percent, telling},
    report::outputs,
};

fn refused<const WAY: usize>(text: &str) -> Result<(), ValidationError> {
    Err(ValidationError::new("refused").with_message(telling(text, WAY).into()))
}

fn code<const WAY: usize>(text: &str) -> Result<(), ValidationError> {
    let mut error = ValidationError::new("code");
    error.code = telling(text, WAY).into();
    error.add_param("value".into(), &text);
    Err(error)
}

/// The password of a URL, as a validator may take it out.
fn password(text: &str) -> Result<(), ValidationError> {
    let password = text.split_once("u:").unwrap().1.rsplit_once("@h").unwrap().0;
    Err(ValidationError::new("weak").with_message(telling(password, 7).into()))
}

/// Types whose messages quote what they were given.
#[derive(Debug)]
struct Custom;

impl<'de> Deserialize<'de> for Custom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Err(de::Error::custom(telling(&text, text.len() % WAYS)))
    }
}

#[derive(Debug)]
struct Expecting;

impl<'de> Deserialize<'de> for Expecting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let expected = telling(&text, text.len() % WAYS);
        Err(de::Error::invalid_value(
            de::Unexpected::Str(&text),
            &expected.as_str(),
        ))
    }
}

#[derive(Debug)]
struct Parsed;

impl FromStr for Parsed {
    type Err = Telling;

    fn from_str(text: &str) -> Result<Self, Telling> {
        Err(Telling(telling(text, text.len() % WAYS)))
    }
}

#[derive(Debug)]
struct Telling(String);

impl fmt::Display for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Deserialize)]
enum Mode {
    Fast,
    Safe,
}

static DIGITS: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[0-9]{99}$").unwrap());

#[derive(Debug, Config)]
struct Wrong {
    #[validate(length(min = 1000))]
    plain: Secret,
    #[config(secret)]
    marked: u16,
    level_password: f64,
    mode_secret: Mode,
    #[validate(contains(pattern = "@@@@"))]
    contains_token: String,
    #[validate(regex(path = *DIGITS))]
    regex_key: String,
    #[validate(must_match(other = "second_password"))]
    first_password: String,
    second_password: String,
    sentry_dsn: url::Url,
    #[config(secret)]
    timeout: std::time::Duration,
    #[config(secret)]
    size: groundcrew_envcfg::ByteSize,
    #[config(each(range(max = 1)))]
    list_tokens: Vec<u16>,
    #[validate(custom(function = refused::<0>))]
    raw_secret: String,
    #[validate(custom(function = refused::<1>))]
    debug_secret: String,
    #[validate(custom(function = refused::<2>))]
    percent_secret: String,
    #[validate(custom(function = refused::<3>))]
    hex_secret: String,
    #[validate(custom(function = refused::<4>))]
    base64_secret: String,
    #[validate(custom(function = refused::<5>))]
    shifted_secret: String,
    #[validate(custom(function = refused::<6>))]
    upper_secret: String,
    #[validate(custom(function = refused::<7>))]
    piece_secret: String,
    #[validate(custom(function = refused::<8>))]
    ascii_secret: String,
    #[validate(custom(function = refused::<9>))]
    web_secret: String,
    #[validate(custom(function = code::<0>))]
    code_secret: String,
    custom_secret: Custom,
    expecting_secret: Expecting,
    #[config(from_str)]
    parsed_secret: Parsed,
    list_secret: Vec<Custom>,
    unicode_secret: String,
    #[config(alias = "OLD_CONFLICT_SECRET")]
    conflict_secret: String,
    #[validate(length(min = 1000))]
    file_secret: Secret,
    file_custom_secret: Custom,
    path_secret: Secret,
    slash_secret: Secret,
    missing_secret: Secret,
    url: u16,
    url_list: Vec<u16>,
    #[validate(custom(function = password))]
    url_rule: String,
    url_type: Custom,
}

/// Every variable of [`Wrong`] with the canary in its place.
fn bait(canary: &str, url: &str, dir: &std::path::Path) -> Vars {
    let content = dir.join("content");
    fs::write(&content, format!("{canary}\n")).unwrap();
    let mut vars: Vars = Wrong::fields()
        .iter()
        .map(|spec| (spec.name.clone(), canary))
        .collect();
    for name in [
        "FILE_SECRET",
        "FILE_CUSTOM_SECRET",
        "PATH_SECRET",
        "SLASH_SECRET",
        "MISSING_SECRET",
    ] {
        vars = vars.without(name);
    }
    let mut bytes = canary.as_bytes().to_vec();
    bytes.push(0xff);
    vars.with("SECOND_PASSWORD", format!("{canary}x"))
        .with("UNICODE_SECRET", OsString::from_vec(bytes))
        .with("OLD_CONFLICT_SECRET", format!("{canary}y"))
        .with("FILE_SECRET_FILE", &content)
        .with("FILE_CUSTOM_SECRET_FILE", &content)
        .with("PATH_SECRET_FILE", canary)
        .with("SLASH_SECRET_FILE", format!("/{canary}"))
        .with("MISING_SECRET", canary)
        .with("URL", url)
        .with("URL_LIST", format!("1,{url}"))
        .with("URL_RULE", url)
        .with("URL_TYPE", url)
}

#[derive(Debug, Config)]
#[config(check = Checked::check)]
#[validate(schema(function = schema))]
struct Checked {
    token: Secret,
    list_secret: Vec<Secret>,
    #[config(secret)]
    number: u64,
    url: url::Url,
    file_token: Secret,
    plain: Option<String>,
}

impl Checked {
    fn check(&self, checks: &mut Checks<'_, '_>) {
        for secret in [&self.token, &self.list_secret[0], &self.file_token] {
            for way in 0..WAYS {
                checks.add("token", telling(secret.expose(), way));
                checks.add("plain", telling(secret.expose(), way));
                checks.add_overall(telling(secret.expose(), way));
                checks.add(&telling(secret.expose(), way), "is no field");
            }
        }
        checks.add_overall(telling(self.url.password().unwrap(), 0));
        checks.add_overall(self.url.as_str().to_owned());
    }
}

fn schema(checked: &Checked) -> Result<(), ValidationError> {
    refused::<7>(checked.token.expose())?;
    code::<0>(checked.token.expose())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_kind_of_problem_leaks(
        canary in "[A-Za-z0-9!#$%^*+=~./\"\\\\é-]{12,40}", word in "[A-Za-z0-9!$%^*+=~.-]{12,40}", shape in 0_usize..7,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let url = ["postgres://u:", "postgres//u:", "postgres:/u:", "u:", "https://u:", "redis://u:", "://u:"][shape];
        let vars = bait(&canary, &format!("{url}{word}@h:port/db"), dir.path());

        let report = Wrong::from_source(&vars).unwrap_err();

        // All but SECOND_PASSWORD, which is only the other side of FIRST_PASSWORD.
        let wrong: Vec<&str> = report.iter().filter(|problem| problem.element() != Some(2)).filter_map(Problem::variable).collect();
        prop_assert!(wrong.len() >= Wrong::fields().len() - 2, "{report}");
        assert_silent(outputs(&report), &canary)?;
        assert_silent(outputs(&report), &word)?;
        assert_silent([format!("{vars:?}")], &canary)?;
    }

    #[test]
    fn no_check_over_several_fields_leaks(canary in "[A-Za-z0-9!#$%^*+=~./\"\\\\é-]{12,40}", number in 1_000_000_000..u64::MAX) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("content");
        fs::write(&path, &canary).unwrap();
        let vars = Vars::from([("TOKEN", &canary), ("LIST_SECRET", &canary), ("NUMBER", &number.to_string())])
            .with("URL", format!("https://u:{}@h/", percent(&canary)))
            .with("FILE_TOKEN_FILE", &path);

        let report = Checked::from_source(&vars).unwrap_err();

        prop_assert_eq!(report.len(), 3 * 4 * WAYS + 3);
        assert_silent(outputs(&report), &canary)?;
    }

    #[test]
    fn no_line_of_a_dotenv_file_leaks(canary in "[A-Za-z0-9!%^*+=~./é-]{12,40}") {
        let text = format!(
            "PLAIN={canary}\nMARKED={canary}\n{canary}\nPORT {canary}\nCUSTOM_SECRET='{canary}'\n={canary}\n\
             SENTRY_DSN=\"{canary}\\q\"\nURL=postgres//u:{canary}@h # {canary}\nURL_LIST=1,x # {canary}\nMODE_SECRET='{canary}",
        );
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".env"), &text).unwrap();

        for files in [Dotenv::text(".env", text.clone()), Dotenv::layered(dir.path()), Dotenv::text("x", text).interpolated()] {
            let sources = Sources::new().dotenv(files);
            let report = Wrong::from_source(&sources).unwrap_err();

            prop_assert!(report.iter().any(|problem| problem.code() == "syntax"), "{report}");
            assert_silent(outputs(&report), &canary)?;
            assert_silent([format!("{sources:?}")], &canary)?;
        }
    }

    #[test]
    fn a_short_secret_does_not_leak_either(canary in "[\u{a7}\u{b6}\u{416}\u{436}]{1,3}") {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("https://u:{canary}@h:port/db");
        let report = Wrong::from_source(&bait(&canary, &url, dir.path())).unwrap_err();
        let vars = Vars::from([("TOKEN", &canary), ("LIST_SECRET", &canary), ("NUMBER", &String::from("1"))])
            .with("URL", "https://u:p@h/")
            .with("FILE_TOKEN", &canary);
        let checked = Checked::from_source(&vars).unwrap_err();

        for output in outputs(&report).into_iter().chain(outputs(&checked)) {
            prop_assert!(!output.contains(&canary), "{}", output);
        }
    }

    #[test]
    fn a_source_with_words_of_its_own_does_not_leak(canary in "[A-Za-z0-9!#$%^*+=~./\"\\\\é-]{12,40}", way in 0..WAYS) {
        let report = Checked::from_source(&Talkative(canary.clone(), way)).unwrap_err();

        assert_silent(outputs(&report), &canary)?;
    }

    #[test]
    fn what_loads_does_not_leak(canary in "[A-Za-z0-9]{12,40}") {
        let vars = Vars::from([("TOKEN", canary.as_str()), ("OLD_KEY", canary.as_str()), ("TOKN", canary.as_str())]);
        let loaded = Right::load(&vars).unwrap();

        let warnings = [format!("{:?}", loaded.warnings()), format!("{:?}", loaded.misspelt(&vars))];
        let docs = [format!("{:?}", Right::fields()), env_example::<Right>()];
        assert_silent([format!("{loaded:?}"), format!("{:#?}", loaded.config())], &canary)?;
        assert_silent(warnings.into_iter().chain(docs), &canary)?;
    }

    #[test]
    fn the_derive_of_validator_on_the_same_struct_changes_nothing(canary in "[A-Za-z0-9]{12,40}") {
        let vars = Vars::from([("TOKEN", canary.as_str())]);
        let reports = [Before::from_source(&vars).unwrap_err(), After::from_source(&vars).unwrap_err()];
        let own = [
            Before { token: Secret::from(canary.as_str()) }.validate().unwrap_err(),
            After { token: Secret::from(canary.as_str()) }.validate().unwrap_err(),
        ];

        prop_assert_eq!(reports[0].to_string(), reports[1].to_string());
        assert_silent(reports.iter().flat_map(outputs), &canary)?;
        let own = own.iter().flat_map(|errors| {
            [errors.to_string(), format!("{errors:?}"), serde_json::to_string(errors).unwrap()]
        });
        assert_silent(own, &canary)?;
    }
}

/// Speaks about the secret that it has.
struct Talkative(String, usize);

impl EnvSource for Talkative {
    fn lookup(&self, name: &str) -> Option<Value> {
        let origin = Origin::named(telling(&self.0, self.1));
        (name == "TOKEN").then(|| Value::new(self.0.clone(), origin))
    }

    fn names(&self) -> Vec<String> {
        vec![String::from("TOKEN")]
    }

    fn problems(&self) -> Vec<Problem> {
        let origin = Origin::named(telling(&self.0, self.1));
        vec![Problem::syntax(origin, telling(&self.0, self.1))]
    }
}

#[derive(Debug, Config)]
struct Right {
    token: Secret,
    #[config(alias = "OLD_KEY")]
    key: Secret,
    tokens: Option<Secret>,
}

#[derive(Debug, Config, Validate)]
struct Before {
    #[validate(length(max = 3), contains(pattern = "@"), url)]
    token: Secret,
}

#[derive(Debug, Validate, Config)]
struct After {
    #[validate(length(max = 3), contains(pattern = "@"), url)]
    token: Secret,
}
