//! Any mix of mistakes gives exactly that many problems, in order, and no output holds a secret.

use std::time::Duration;

use groundcrew_envcfg::{ByteSize, Checks, Config, Report, Secret, Vars};
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
struct Outer {
    mode: Mode,
    #[validate(range(min = 1000))]
    port: u16,
    #[config(nested, prefix = "CACHE_")]
    cache: Inner,
    auth_secret: Secret,
    #[config(each(scheme("https")))]
    origins: Vec<Url>,
    #[config(alias = "OLD_SIZE")]
    size: ByteSize,
    flag: bool,
    #[config(required_if(FLAG))]
    reason: Option<String>,
    ratio: f64,
}

/// For each variable a right text and the wrong ones; an empty one is missing.
const TEXTS: [(&str, &str, &[&str]); 9] = [
    ("MODE", "fast", &["", "slow"]),
    ("PORT", "8080", &["", "80x", "999", "65536"]),
    ("CACHE_TTL", "60", &["", "soon", "2h", "3601"]),
    ("CACHE_NAME", "abc", &["", "ab"]),
    ("AUTH_SECRET", "s3cret", &[""]),
    ("ORIGINS", "https://a", &["", "nope", "http://a", "https://a,"]),
    ("SIZE", "1k", &["", "1x"]),
    ("REASON", "why", &[""]),
    ("RATIO", "0.5", &["", "NaN", "half"]),
];

proptest! {
    #[test]
    fn k_mistakes_are_k_problems_in_the_order_of_declaration(choices in vec(0_usize..8, TEXTS.len())) {
        let mut vars = Vars::from([("FLAG", "true")]);
        let mut wrong = Vec::new();
        for ((name, right, mistakes), choice) in TEXTS.into_iter().zip(choices) {
            match mistakes.get(choice) {
                Some(text) => {
                    wrong.push(name.to_owned());
                    vars = vars.with(name, *text);
                }
                None => vars = vars.with(name, right),
            }
        }

        let loads = [Outer::from_source(&vars), Outer::from_source(&vars)].map(Result::err);

        let found: Vec<String> = loads[0].iter().flatten().filter_map(|problem| problem.variable().map(str::to_owned)).collect();
        prop_assert_eq!(found, wrong);
        let [first, second] = loads.map(|report| report.map(|report| outputs(&report)));
        prop_assert_eq!(first, second);
    }

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

fn outputs(report: &Report) -> [String; 3] {
    [
        report.to_string(),
        format!("{report:#?}"),
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
