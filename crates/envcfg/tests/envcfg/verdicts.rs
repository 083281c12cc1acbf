//! A load gives the problems for exactly those fields and rules for which `validator::Validate` on the same values
//! gives errors, whichever derive stands first.

use std::{collections::BTreeSet, sync::LazyLock};

use groundcrew_envcfg::{Config, ProblemKind, Secret, Vars};
use proptest::prelude::*;
use regex::Regex;
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use crate::verdict_values::{Shown, Values, fit, values};

static SLUG: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[a-z-]+$").expect("a pattern"));
const LEAST: u16 = 10;

type Port = u16;
type Words = Vec<String>;

fn is_odd(number: u32) -> Result<(), ValidationError> {
    match number % 2 {
        1 => Ok(()),
        _ => Err(ValidationError::new("odd")),
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "as the other derive hands an alias over"
)]
fn is_small(number: &u16) -> Result<(), ValidationError> {
    match *number < 50 {
        true => Ok(()),
        false => Err(ValidationError::new("small")),
    }
}

fn is_quiet(text: &str) -> Result<(), ValidationError> {
    match text.to_lowercase() == text {
        true => Ok(()),
        false => Err(ValidationError::new("quiet")),
    }
}

fn is_short(text: &str) -> Result<(), ValidationError> {
    match text.len() < 6 {
        true => Ok(()),
        false => Err(ValidationError::new("short")),
    }
}

fn are_few(words: &[String]) -> Result<(), ValidationError> {
    match words.len() < 3 {
        true => Ok(()),
        false => Err(ValidationError::new("few")),
    }
}

/// A leaf with checks of its own.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Even(u32);

impl Validate for Even {
    fn validate(&self) -> Result<(), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        if self.0 % 2 == 1 {
            errors.add("0", ValidationError::new("even"));
        }
        match errors.is_empty() {
            true => Ok(()),
            false => Err(errors),
        }
    }
}

macro_rules! pairs {
    ($of:ident: $($field:ident)*) => {
        [$((stringify!($field), $of.$field.shown())),*]
    };
}

macro_rules! schema {
    ($name:ident $inner:ident $($derive:ident)*) => {
        #[derive(Clone, Debug, Serialize, $($derive),*)]
        struct $inner {
            #[validate(length(min = 2), custom(function = is_quiet))]
            name: String,
            #[validate(range(max = 100))]
            count: Option<i64>,
        }

        #[derive(Clone, Debug, $($derive),*)]
        #[validate(schema(function = Self::waits))]
        #[validate(schema(function = "Self::always", skip_on_field_errors = false, code = "whole"))]
        struct $name {
            #[validate(range(min = 10, max = 100))]
            a: u8,
            #[validate(range(min = "LEAST", exclusive_max = 100))]
            b: u16,
            #[validate(range(min = (LEAST as u32 + 1)))]
            c: u32,
            #[validate(range(exclusive_min = 10))]
            d: u64,
            #[validate(range(min = 10, exclusive_min = 20, max = 100))]
            e: u128,
            #[validate(range(max = 10))]
            f: usize,
            #[validate(range(min = -10, max = 10))]
            g: i8,
            #[validate(range(min = -10, max = 100))]
            h: i16,
            #[validate(range(exclusive_min = -10, exclusive_max = 10))]
            i: i32,
            #[validate(range(min = -10, max = 10, message = "m", code = "band"))]
            j: i64,
            #[validate(range(min = -10))]
            k: i128,
            #[validate(range(max = -10))]
            l: isize,
            #[validate(range(min = 0.0, exclusive_max = 1.0))]
            x: f32,
            #[validate(range(exclusive_min = 0.0, max = 1.0))]
            y: f64,
            #[validate(range(min = 0.0, max = 1.0))]
            maybe_y: Option<f64>,
            #[validate(range(min = 10, max = 100))]
            maybe_b: Option<u16>,
            #[validate(range(min = 10, max = 100), custom(function = is_small))]
            port: Port,
            #[validate(custom(function = is_odd, message = "must be odd"))]
            odd: u32,
            #[validate(custom(function = "is_odd"))]
            maybe_odd: Option<u32>,
            #[validate(length(min = 3, max = 5))]
            length: String,
            #[validate(length(equal = 4))]
            maybe_length: Option<String>,
            #[validate(length(min = 2, max = 3))]
            list: Vec<u8>,
            #[validate(length(max = 2), custom(function = are_few))]
            words: Words,
            #[config(allow_placeholder)]
            #[validate(length(min = 4), contains(pattern = "a"), url)]
            hidden: Secret,
            #[config(allow_placeholder)]
            #[validate(length(min = 4))]
            maybe_hidden: Option<Secret>,
            #[validate(url)]
            link: String,
            #[validate(url(code = "address"))]
            maybe_link: Option<String>,
            #[validate(email)]
            mail: String,
            #[validate(email)]
            maybe_mail: Option<String>,
            #[validate(ip)]
            ip: String,
            #[validate(ip(v4))]
            ip4: Option<String>,
            #[validate(ip(v6 = true, v4 = false))]
            ip6: String,
            #[validate(ip(v4 = true))]
            address: std::net::IpAddr,
            #[validate(regex(path = *SLUG))]
            slug: String,
            #[validate(regex(path = "*SLUG"))]
            maybe_slug: Option<String>,
            #[validate(contains(pattern = "a"), does_not_contain(pattern = "b"))]
            letters: String,
            #[validate(contains(pattern = "a"))]
            maybe_letters: Option<String>,
            #[validate(non_control_character)]
            line: String,
            #[validate(custom(function = is_quiet), custom(function = is_short, code = "brief"))]
            quiet: String,
            #[validate(length(max = 5), non_control_character, custom(function = is_quiet))]
            cow: std::borrow::Cow<'static, str>,
            #[cfg_attr(feature = "card", validate(credit_card))]
            card: String,
            phrase: String,
            #[validate(must_match(other = "phrase"))]
            again: String,
            #[validate(required)]
            needed: Option<u8>,
            #[validate(required(code = "here"), length(min = 3))]
            needed_too: Option<String>,
            #[validate(skip)]
            skipped: Option<String>,
            #[validate(nested)]
            even: Even,
            #[validate(nested)]
            maybe_even: Option<Even>,
            #[validate(length(max = 2), nested)]
            evens: Vec<Even>,
            #[config(nested, prefix = "INNER_")]
            #[validate(nested)]
            inner: $inner,
        }

        impl $name {
            fn waits(&self) -> Result<(), ValidationError> {
                is_odd(self.odd / 2)
            }

            fn always(&self) -> Result<(), ValidationError> {
                is_odd(self.odd / 4)
            }

            fn of(values: &Values) -> Self {
                let text = |at: usize| values.texts[at % values.texts.len()].clone();
                let maybe = |at: usize| values.maybes[at % values.maybes.len()].clone();
                let number = |at: usize| values.numbers[at % values.numbers.len()];
                let float = |at: usize| values.floats[at % values.floats.len()];
                Self {
                    a: fit(number(0)),
                    b: fit(number(1)),
                    c: fit(number(2)),
                    d: fit(number(3)),
                    e: fit(number(4)),
                    f: fit(number(5)),
                    g: fit(number(6)),
                    h: fit(number(7)),
                    i: fit(number(8)),
                    j: fit(number(9)),
                    k: number(10).into(),
                    l: fit(number(11)),
                    x: float(0).to_string().parse().expect("a number"),
                    y: float(1),
                    maybe_y: maybe(0).map(|_| float(2)),
                    maybe_b: maybe(1).map(|_| fit(number(12))),
                    port: fit(number(13)),
                    odd: fit(number(14)),
                    maybe_odd: maybe(2).map(|_| fit(number(15))),
                    length: text(0),
                    maybe_length: maybe(3),
                    list: vec![7; 1 + text(1).len() % 4],
                    words: vec![String::from("w"); 1 + text(2).len() % 4],
                    hidden: Secret::from(text(3)),
                    maybe_hidden: maybe(4).map(Secret::from),
                    link: text(4),
                    maybe_link: maybe(5),
                    mail: text(5),
                    maybe_mail: maybe(6),
                    ip: text(6),
                    ip4: maybe(7),
                    ip6: text(7),
                    address: text(8).parse().unwrap_or(std::net::Ipv4Addr::LOCALHOST.into()),
                    slug: text(9),
                    maybe_slug: maybe(8),
                    letters: text(10),
                    maybe_letters: maybe(9),
                    line: text(11),
                    quiet: text(12),
                    cow: text(13).into(),
                    card: text(14),
                    phrase: text(15),
                    again: if number(16) > 50 { text(15) } else { text(16) },
                    needed: maybe(10).map(|_| 1),
                    needed_too: maybe(11),
                    skipped: maybe(12),
                    even: Even(fit(number(17))),
                    maybe_even: maybe(13).map(|_| Even(fit(number(18)))),
                    evens: (19..20 + text(17).len() % 4).map(|at| Even(fit(number(at)))).collect(),
                    inner: $inner {
                        name: text(18),
                        count: maybe(14).map(|_| number(19)),
                    },
                }
            }

            fn vars(&self) -> Vars {
                let inner = &self.inner;
                let inner = pairs!(inner: name count);
                let own = pairs!(self: a b c d e f g h i j k l x y maybe_y maybe_b port odd maybe_odd length
                    maybe_length list words hidden maybe_hidden link maybe_link mail maybe_mail ip ip4 ip6 address
                    slug maybe_slug letters maybe_letters line quiet cow card phrase again needed needed_too skipped
                    even maybe_even evens);
                let own = own.into_iter().map(|(name, text)| (name.to_uppercase(), text));
                let inner = inner.into_iter().map(|(name, text)| (format!("INNER_{}", name.to_uppercase()), text));
                own.chain(inner).filter_map(|(name, text)| Some((name, text?))).collect()
            }
        }
    };
}

schema!(ConfigFirst ConfigFirstInner Config Validate);
schema!(ValidateFirst ValidateFirstInner Validate Config);

impl Shown for Even {
    fn shown(&self) -> Option<String> {
        self.0.shown()
    }
}

/// Field, with those it is nested in, and code of each error.
type Verdicts = BTreeSet<(String, String)>;

fn theirs(value: &impl Validate) -> Verdicts {
    let mut verdicts = Verdicts::new();
    if let Err(errors) = value.validate() {
        collect(&errors, "", &mut verdicts);
    }
    verdicts
}

fn collect(errors: &ValidationErrors, path: &str, verdicts: &mut Verdicts) {
    for (field, kind) in errors.errors() {
        let name = match field.as_ref() {
            "__all__" => path.trim_end_matches('.').to_owned(),
            field => format!("{path}{field}"),
        };
        match kind {
            ValidationErrorsKind::Field(errors) => {
                verdicts.extend(errors.iter().map(|error| (name.clone(), error.code.to_string())));
            }
            ValidationErrorsKind::Struct(errors) if name == "inner" => collect(errors, "inner.", verdicts),
            // The errors inside a leaf are one of the leaf.
            ValidationErrorsKind::Struct(_) | ValidationErrorsKind::List(_) => {
                verdicts.insert((name, String::from("nested")));
            }
        }
    }
}

fn ours<C: Config>(vars: &Vars) -> Verdicts {
    let report = C::from_source(vars).err();
    let problems = report.iter().flatten();
    problems
        .map(|problem| {
            let code = match (problem.kind(), problem.rule()) {
                (ProblemKind::Rule | ProblemKind::Check, Some(rule)) => rule.to_owned(),
                (ProblemKind::Missing, rule) => rule.unwrap_or("required").to_owned(),
                (kind, _) => format!("{kind:?}: {problem}"),
            };
            (problem.path().to_owned(), code)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_load_and_validate_agree_on_every_value(values in values()) {
        let (first, second) = (ConfigFirst::of(&values), ValidateFirst::of(&values));

        let (expected, again) = (theirs(&first), theirs(&second));

        prop_assert_eq!(&expected, &again);
        prop_assert_eq!(&ours::<ConfigFirst>(&first.vars()), &expected);
        prop_assert_eq!(ours::<ValidateFirst>(&second.vars()), expected);
    }
}

#[test]
fn every_rule_was_broken_and_kept_by_some_value() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};

    let mut runner = TestRunner::deterministic();
    let mut broken = Verdicts::new();
    let mut kept_all: Option<Verdicts> = None;
    for _ in 0..600 {
        let value = ConfigFirst::of(&values().new_tree(&mut runner).unwrap().current());
        let verdicts = theirs(&value);
        kept_all = Some(match kept_all {
            None => verdicts.clone(),
            Some(kept) => kept.intersection(&verdicts).cloned().collect(),
        });
        broken.extend(verdicts);
    }

    let always_broken = kept_all.unwrap_or_default();
    let expected = 60 + usize::from(cfg!(feature = "card"));
    assert_eq!(always_broken, Verdicts::new());
    assert_eq!(broken.len(), expected, "{broken:#?}");
}
