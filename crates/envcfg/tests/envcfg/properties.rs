//! Any mix of mistakes gives exactly that many problems, in order, and no output holds a secret.

use std::{ffi::OsString, os::unix::ffi::OsStringExt, process::Command, time::Duration};

use groundcrew_envcfg::{
    ByteSize, Checks, Config, Dotenv, EnvSource, Origin, Profile, Report, Secret, Style, Vars,
};
use proptest::{collection::vec, prelude::*};
use serde::Deserialize;
use url::Url;
use validator::ValidationError;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Fast,
    Safe,
}

#[derive(Debug, Config)]
struct Inner {
    #[config(unit = "s", range(max = "1h"))]
    ttl: Duration,
    #[validate(length(min = 3))]
    name: String,
}

#[derive(Debug, Config)]
#[config(check(is_ordered, low, high))]
struct Outer {
    #[config(profile, default = "development")]
    node_env: Profile,
    mode: Mode,
    #[validate(range(min = 1000))]
    port: u16,
    #[config(nested, prefix = "CACHE_")]
    cache: Inner,
    #[validate(length(min = 16))]
    #[config(min_entropy = 60, alias = "OLD_SECRET")]
    auth_secret: Secret,
    #[config(each(scheme("https")))]
    origins: Vec<Url>,
    #[config(alias = "OLD_SIZE")]
    size: ByteSize,
    #[config(default(production = 8))]
    workers: u32,
    flag: bool,
    #[config(required_if(FLAG))]
    reason: Option<String>,
    #[config(file)]
    motto: String,
    #[config(default = 1)]
    low: u32,
    #[config(default = 2)]
    high: u32,
    ratio: f64,
}

fn is_ordered(low: u32, high: u32, checks: &mut Checks<'_, '_>) {
    if low > high {
        checks.add_between(&["high", "low"], "must be at least LOW");
    }
}

/// How a variable is set, rightly or by one mistake.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// By this name in the environment; an empty text is unset.
    Text(&'static str, &'static str),
    /// To bytes that are no text.
    Bytes(&'static str),
    /// By two names to two values.
    Both(&'static str, &'static str),
    /// By a line of a dotenv file.
    Line(&'static str, &'static str),
    /// By a line that has something behind its closing quote.
    WrongLine(&'static str),
}

use Way::{Both, Bytes, Line, Text, WrongLine};

/// For each variable the ways to set it rightly, and its mistakes with the variable and the code of the problem.
type Ways = (&'static [Way], &'static [(Way, &'static str, &'static str)]);

/// In the order of declaration. LOW and HIGH are one: a check compares them.
const WAYS: [Ways; 13] = [
    (
        &[Text("NODE_ENV", "production"), Line("NODE_ENV", "prod")],
        &[
            (Text("NODE_ENV", "prd"), "NODE_ENV", "unreadable"),
            (Bytes("NODE_ENV"), "NODE_ENV", "not_unicode"),
            (WrongLine("NODE_ENV"), "NODE_ENV", "syntax"),
        ],
    ),
    (
        &[Text("MODE", "fast"), Line("MODE", "safe")],
        &[
            (Text("MODE", ""), "MODE", "missing"),
            (Text("MODE", "slow"), "MODE", "unreadable"),
            (Line("MODE", "slow"), "MODE", "unreadable"),
            (WrongLine("MODE"), "MODE", "syntax"),
        ],
    ),
    (
        &[Text("PORT", "8080")],
        &[
            (Text("PORT", ""), "PORT", "missing"),
            (Text("PORT", "80x"), "PORT", "unreadable"),
            (Text("PORT", "999"), "PORT", "rule.range"),
            (Bytes("PORT"), "PORT", "not_unicode"),
        ],
    ),
    (
        &[Text("CACHE_TTL", "60")],
        &[
            (Text("CACHE_TTL", "soon"), "CACHE_TTL", "unreadable"),
            (Text("CACHE_TTL", "2h"), "CACHE_TTL", "rule.range"),
        ],
    ),
    (
        &[Text("CACHE_NAME", "abc"), Line("CACHE_NAME", "abc")],
        &[
            (Text("CACHE_NAME", ""), "CACHE_NAME", "missing"),
            (Text("CACHE_NAME", "ab"), "CACHE_NAME", "rule.length"),
            (WrongLine("CACHE_NAME"), "CACHE_NAME", "syntax"),
        ],
    ),
    (
        &[
            Text("AUTH_SECRET", "Zm9vYmFyYmF6cXV4Zm9v"),
            Text("OLD_SECRET", "Zm9vYmFyYmF6cXV4Zm9v"),
        ],
        &[
            (Text("AUTH_SECRET", ""), "AUTH_SECRET", "missing"),
            (Text("AUTH_SECRET", "horse"), "AUTH_SECRET", "rule.length"),
            (Text("OLD_SECRET", "horse"), "OLD_SECRET", "rule.length"),
            (
                Text("AUTH_SECRET", "aaaaaaaaaaaaaaaab"),
                "AUTH_SECRET",
                "rule.min_entropy",
            ),
            (Text("AUTH_SECRET", "changeme"), "AUTH_SECRET", "rule.placeholder"),
            (Both("AUTH_SECRET", "OLD_SECRET"), "AUTH_SECRET", "conflict"),
            (Both("AUTH_SECRET", "AUTH_SECRET_FILE"), "AUTH_SECRET", "conflict"),
            (Text("AUTH_SECRET_FILE", "/no/such"), "AUTH_SECRET_FILE", "file"),
            (WrongLine("AUTH_SECRET"), "AUTH_SECRET", "syntax"),
            (WrongLine("AUTH_SECRET_FILE"), "AUTH_SECRET_FILE", "syntax"),
            (WrongLine("OLD_SECRET"), "OLD_SECRET", "syntax"),
        ],
    ),
    (
        &[Text("ORIGINS", "https://a")],
        &[
            (Text("ORIGINS", "https://a,nope"), "ORIGINS", "unreadable"),
            (Text("ORIGINS", "http://a"), "ORIGINS", "rule.scheme"),
            (Text("ORIGINS", "https://a,"), "ORIGINS", "unreadable"),
        ],
    ),
    (
        &[Text("SIZE", "1k"), Text("OLD_SIZE", "1k")],
        &[
            (Text("SIZE", ""), "SIZE", "missing"),
            (Text("OLD_SIZE", "1x"), "OLD_SIZE", "unreadable"),
            (Both("SIZE", "OLD_SIZE"), "SIZE", "conflict"),
            (WrongLine("OLD_SIZE"), "OLD_SIZE", "syntax"),
            (Bytes("OLD_SIZE"), "OLD_SIZE", "not_unicode"),
        ],
    ),
    (
        // With the default of its profile, or without.
        &[Text("WORKERS", ""), Text("WORKERS", "3")],
        &[
            (Text("WORKERS", "many"), "WORKERS", "unreadable"),
            (WrongLine("WORKERS"), "WORKERS", "syntax"),
        ],
    ),
    (
        &[Text("REASON", "why")],
        &[
            (Text("REASON", ""), "REASON", "missing"),
            (WrongLine("REASON"), "REASON", "syntax"),
        ],
    ),
    (
        &[Text("MOTTO", "m")],
        &[
            (Text("MOTTO_FILE", "/no/such"), "MOTTO_FILE", "file"),
            (Both("MOTTO", "MOTTO_FILE"), "MOTTO", "conflict"),
            (WrongLine("MOTTO_FILE"), "MOTTO_FILE", "syntax"),
        ],
    ),
    (
        &[Text("LOW", "2"), Text("HIGH", "2"), Line("HIGH", "9")],
        &[
            (Text("LOW", "3"), "HIGH", "check"),
            (Text("LOW", "x"), "LOW", "unreadable"),
            (Line("HIGH", "0"), "HIGH", "check"),
            (Text("HIGH", "x"), "HIGH", "unreadable"),
            (WrongLine("LOW"), "LOW", "syntax"),
        ],
    ),
    (
        &[Text("RATIO", "0.5")],
        &[
            (Text("RATIO", ""), "RATIO", "missing"),
            (Text("RATIO", "NaN"), "RATIO", "unreadable"),
        ],
    ),
];

/// The sources of a mix, and what its report has to say: first what is wrong with the file, in its order.
fn mixed(choices: &[usize]) -> (impl EnvSource, Vec<(String, String)>) {
    let mut vars = Vars::from([("FLAG", "true")]).origin(Origin::Environment);
    let mut file = String::new();
    let (mut lines, mut fields) = (Vec::new(), Vec::new());
    for ((right, mistakes), choice) in WAYS.into_iter().zip(choices) {
        // Half of all variables are right.
        let (way, problem) = match mistakes.get(choice / 2).filter(|_| choice % 2 == 1) {
            Some((way, variable, code)) => (*way, Some((variable.to_string(), code.to_string()))),
            None => (right[choice / 2 % right.len()], None),
        };
        match problem {
            Some(problem) if problem.1 == "syntax" => lines.push(problem),
            problem => fields.extend(problem),
        }
        match way {
            Text(name, text) => vars = vars.with(name, text),
            Bytes(name) => vars = vars.with(name, OsString::from_vec(vec![b'a', 0xff])),
            Both(name, other) => vars = vars.with(name, "1").with(other, "2"),
            Line(name, text) => file.push_str(&format!("{name}={text}\n")),
            WrongLine(name) => file.push_str(&format!("{name}='2' x\n")),
        }
    }
    lines.extend(fields);
    ((vars, Dotenv::text(".env", file)), lines)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn k_mistakes_are_k_problems_in_the_order_of_declaration(choices in vec(0_usize..24, WAYS.len())) {
        let (source, wrong) = mixed(&choices);

        let loads = [Outer::from_source(&source), Outer::from_source(&mixed(&choices).0)].map(Result::err);

        let found: Vec<(String, String)> = loads[0]
            .iter()
            .flatten()
            .map(|problem| (problem.variable().unwrap_or("-").to_owned(), problem.code()))
            .collect();
        prop_assert_eq!(found, wrong);
        let [first, second] = loads.map(|report| report.map(|report| outputs(&report)));
        prop_assert_eq!(first, second);
    }
}

#[test]
fn every_mistake_alone_is_one_problem() {
    for (at, (_, mistakes)) in WAYS.into_iter().enumerate() {
        for mistake in 0..mistakes.len() {
            let mut choices = [0; WAYS.len()];
            choices[at] = 2 * mistake + 1;
            let (source, wrong) = mixed(&choices);

            let report = Outer::from_source(&source).expect_err("a mistake");

            let found: Vec<(String, String)> = report
                .iter()
                .map(|problem| (problem.variable().unwrap_or("-").to_owned(), problem.code()))
                .collect();
            assert_eq!(found, wrong, "{report}");
            assert_eq!(found.len(), 1, "{report}");
        }
    }
}

/// A few mixes of many mistakes, in every output.
fn printed() -> String {
    let mixes = (0..12).map(|mix| {
        let choices: Vec<usize> = (0..WAYS.len()).map(|at| 2 * ((at + mix) % 5) + 1).collect();
        let report = Outer::from_source(&mixed(&choices).0).expect_err("many mistakes");
        outputs(&report).join("\n")
    });
    mixes.collect::<Vec<_>>().join("\n\n")
}

#[test]
#[ignore = "run by the test below, in a process of its own"]
fn prints_the_mixes() {
    println!("{MARK}{}{MARK}", printed());
}

/// Hashes differ from process to process, and with them the order of whatever stands in a hash map.
#[test]
fn another_process_prints_the_same_bytes() {
    let here = printed();
    let there = || {
        let out = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "properties::prints_the_mixes",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .output()
            .expect("the same program");
        String::from_utf8(out.stdout).expect("text")
    };

    for out in [there(), there()] {
        assert_eq!(out.split(MARK).nth(1), Some(here.as_str()), "{out}");
    }
}

const MARK: &str = "=== the mixes ===";

proptest! {
    #[test]
    fn no_output_holds_a_secret(canary in "[A-Za-z0-9!#$%^*+=~.-]{12,40}", shape in 0_usize..7) {
        let bait = match shape {
            0 => canary.clone(),
            1 => format!("{canary}\n"),
            2 => format!("{canary},{canary}"),
            _ => format!("x{canary}{shape}"),
        };
        let url = ["postgres://u:", "postgres//u:", "postgres:/u:", "u:", "postgres://", "https://u:x:", "://u:"][shape];
        let url = format!("{url}{canary}@h:port/db");
        let vars: Vars = BAITS.into_iter().map(|name| (name, bait.as_str())).collect();
        let vars = vars.with("LINK", &url).with("LINKS", format!("https://a,{url}")).with("GUARDED_BY_URL", &url);

        let report = Baits::from_source(&vars).expect_err("every variable is wrong");

        prop_assert_eq!(report.len(), BAITS.len() + 4);
        for output in outputs(&report) {
            prop_assert!(!output.contains(&canary), "{}", output);
        }
    }

    #[test]
    fn a_check_cannot_leak_a_secret(canary in "[A-Za-z0-9!#$%^*+=~.-]{12,40}") {
        let report = Leaky::from_source(&Vars::from([("TOKEN", canary.as_str())])).expect_err("the check fails");

        prop_assert_eq!(report.len(), 2);
        for output in outputs(&report) {
            prop_assert!(!output.contains(&canary), "{}", output);
        }
    }
}

fn outputs(report: &Report) -> [String; 5] {
    [
        report.to_string(),
        format!("{report:#?}"),
        report.render(&Style::plain()),
        report.to_github_annotations(),
        serde_json::to_string(report).expect("plain JSON"),
    ]
}

fn quotes_it(text: &str) -> Result<(), ValidationError> {
    Err(ValidationError::new("quoted").with_message(format!("refuses {text}").into()))
}

const BAITS: [&str; 6] = [
    "AUTH_TOKEN",
    "MODE_SECRET",
    "PORT_PASSWORD",
    "LEVEL_KEY",
    "SENTRY_DSN",
    "PLAIN",
];

#[derive(Debug, Config)]
struct Baits {
    #[validate(length(min = 1000))]
    auth_token: Secret,
    mode_secret: Mode,
    port_password: u16,
    #[validate(custom(function = quotes_it))]
    level_key: String,
    sentry_dsn: Url,
    #[config(secret)]
    #[validate(custom(function = quotes_it))]
    plain: String,
    link: Duration,
    #[config(each(range(max = 1)))]
    links: Vec<u8>,
    #[validate(custom(function = quotes_it))]
    guarded_by_url: String,
}

#[derive(Debug, Config)]
#[config(check = Leaky::check)]
struct Leaky {
    token: Secret,
}

impl Leaky {
    fn check(&self, checks: &mut Checks<'_, '_>) {
        checks.add("token", format!("is {}", self.token.expose()));
        checks.add_overall(format!("has {:?}", self.token.expose()));
    }
}
