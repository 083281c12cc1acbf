//! What the rules of the validator crate mean beside those of a load.

use std::sync::LazyLock;

use groundcrew_envcfg::{Config, Report, Vars};
use regex::Regex;
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError, ValidationErrors};

static SLUG: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[a-z-]+$").expect("a pattern"));

fn codes(report: &Report) -> Vec<String> {
    report
        .iter()
        .map(|problem| {
            format!(
                "{}{} {}",
                problem.path(),
                problem.element().map_or(String::new(), |at| format!("[{at}]")),
                problem.code()
            )
        })
        .collect()
}

fn element(text: &str) -> Result<(), ValidationError> {
    match text.starts_with('a') {
        true => Ok(()),
        false => Err(ValidationError::new("start")),
    }
}

fn subject(number: u8) -> Result<(), ValidationError> {
    match number % 2 {
        0 => Ok(()),
        _ => Err(ValidationError::new("even").with_message("must be even".into())),
    }
}

/// Functions whose names the generated code uses for itself.
#[derive(Debug, Config)]
struct Elements {
    #[config(each(email, does_not_contain = "spam", length(max = 9)))]
    mails: Vec<String>,
    #[config(each(url(message = "is no address", code = "address")))]
    links: Option<Vec<String>>,
    #[config(each(ip(v4), regex(path = *OF_ONES)))]
    addresses: Vec<String>,
    #[config(each(custom = element, non_control_character, contains = "a"))]
    words: Vec<String>,
    #[config(each(custom(function = subject), range(max = 9)))]
    numbers: Vec<u8>,
    #[config(each(nested))]
    pairs: Vec<Small>,
}

static OF_ONES: LazyLock<Regex> = LazyLock::new(|| Regex::new("^1").expect("a pattern"));

#[derive(Debug, Deserialize, Serialize)]
struct Small(u32);

impl Validate for Small {
    fn validate(&self) -> Result<(), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        if self.0 > 9 {
            let error = ValidationError::new("small").with_message("must be small".into());
            errors.add("0", error);
            errors.add("1", ValidationError::new("cheap"));
        }
        match errors.is_empty() {
            true => Ok(()),
            false => Err(errors),
        }
    }
}

#[derive(Debug, Config)]
struct Leaves {
    #[validate(nested)]
    small: Small,
    #[validate(length(max = 1), nested)]
    list: Vec<Small>,
}

#[test]
fn a_leaf_with_checks_of_its_own_is_held_to_them() {
    let report = Leaves::from_source(&Vars::from([("SMALL", "10"), ("LIST", "12")])).unwrap_err();

    let lines: Vec<String> = report.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "SMALL = \"10\": cheap, must be small (from given)",
            "LIST element 1 = \"12\": cheap, must be small (from given)",
        ]
    );
    let broken = Leaves::from_source(&Vars::from([("SMALL", "1"), ("LIST", "12,13")])).unwrap_err();
    assert_eq!(codes(&broken), ["list rule.length"]);
}

#[derive(Debug, Config, Validate)]
#[validate(nest_all_fields)]
struct All {
    first: Small,
    #[validate(skip)]
    second: u8,
}

#[test]
fn nest_all_fields_gives_every_field_the_rule() {
    let report = All::from_source(&Vars::from([("FIRST", "10"), ("SECOND", "10")])).unwrap_err();

    assert_eq!(codes(&report), ["first rule.nested"]);
}

#[test]
fn every_rule_holds_for_elements_too() {
    let vars = Vars::from([
        ("MAILS", "a@b,nope,spam@b,longlong@b"),
        ("LINKS", "https://a,a"),
        ("ADDRESSES", "1.1.1.1,::1,2.1.1.1"),
        ("WORDS", "ab,b,a\u{7}"),
        ("NUMBERS", "2,3,10"),
        ("PAIRS", "1,10"),
    ]);

    let report = Elements::from_source(&vars).unwrap_err();

    assert_eq!(
        codes(&report),
        [
            "mails[2] rule.email",
            "mails[3] rule.does_not_contain",
            "mails[4] rule.length",
            "links[2] rule.address",
            "addresses[2] rule.ip",
            "addresses[2] rule.regex",
            "addresses[3] rule.regex",
            "words[2] rule.start",
            "words[2] rule.contains",
            "words[3] rule.non_control_character",
            "numbers[2] rule.even",
            "numbers[3] rule.range",
            "pairs[2] rule.nested",
        ]
    );
    assert_eq!(report.problems()[3].message(), "is no address");
}

#[derive(Debug, Config, Validate)]
#[validate(schema(function = "Self::first"))]
#[validate(schema(function = Self::second, message = "in these words", code = "other"))]
#[validate(schema(function = Self::third, skip_on_field_errors = false))]
struct Schemas {
    #[validate(range(max = 9))]
    a: u8,
    b: u8,
}

impl Schemas {
    fn first(&self) -> Result<(), ValidationError> {
        self.refuse("first")
    }

    fn second(&self) -> Result<(), ValidationError> {
        self.refuse("second")
    }

    fn third(&self) -> Result<(), ValidationError> {
        self.refuse("third")
    }

    fn refuse(&self, code: &'static str) -> Result<(), ValidationError> {
        match self.b {
            0 => Ok(()),
            _ => Err(ValidationError::new(code)),
        }
    }
}

fn theirs(value: &Schemas) -> Vec<String> {
    let Err(errors) = value.validate() else {
        return Vec::new();
    };
    let codes = |name: &str| {
        errors.field_errors().get(name).map_or_else(Vec::new, |errors| {
            errors
                .iter()
                .map(|error| error.code.to_string())
                .collect::<Vec<_>>()
        })
    };
    [codes("a"), codes("__all__")].concat()
}

fn ours(a: &str, b: &str) -> Vec<String> {
    let report = Schemas::from_source(&Vars::from([("A", a), ("B", b)])).err();
    let rules = report
        .iter()
        .flatten()
        .map(|problem| problem.rule().map(str::to_owned));
    rules.map(Option::unwrap_or_default).collect()
}

#[test]
fn checks_of_the_whole_run_when_the_other_derive_runs_them() {
    assert_eq!(ours("1", "0"), theirs(&Schemas { a: 1, b: 0 }));
    assert_eq!(ours("1", "1"), ["first", "other", "third"]);
    assert_eq!(ours("1", "1"), theirs(&Schemas { a: 1, b: 1 }));
    assert_eq!(ours("10", "1"), ["range", "third"]);
    assert_eq!(ours("10", "1"), theirs(&Schemas { a: 10, b: 1 }));
    assert_eq!(ours("x", "1"), [""]);
}

#[derive(Debug, Default, Config)]
#[config(default)]
struct Needs {
    #[validate(required(message = "ask the billing team", code = "billing"))]
    account: Option<u32>,
    #[validate(required)]
    region: Option<String>,
}

#[test]
fn a_required_option_is_missed_also_when_the_default_is_none() {
    let report = Needs::from_source(&Vars::new()).unwrap_err();

    let lines: Vec<String> = report.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        ["ACCOUNT is missing: ask the billing team", "REGION is missing"]
    );
    assert_eq!(codes(&report), ["account missing.billing", "region missing"]);
}

/// Takes everything of the vocabulary that asks for nothing of a load.
#[derive(Debug, Config)]
#[validate(
    context = "Clock<'v_a>",
    mutable,
    crate = "::validator",
    nest_all_fields = false
)]
struct Ignored {
    #[validate(custom(function = subject, use_context = false), skip = false, nested = false)]
    a: u8,
    #[validate(regex = SLUG, contains = "-")]
    slug: String,
}

#[test]
fn what_only_the_other_derive_needs_is_taken() {
    let report = Ignored::from_source(&Vars::from([("A", "1"), ("SLUG", "ab")])).unwrap_err();

    assert_eq!(codes(&report), ["a rule.even", "slug rule.contains"]);
}
