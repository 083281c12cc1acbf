//! Types that others define are read as they define it.

use std::{
    net::{IpAddr, SocketAddr},
    num::{NonZeroI8, NonZeroU16, ParseIntError},
    path::PathBuf,
    str::FromStr,
};

use croner::Cron;
use groundcrew_envcfg::{Config, Vars};
use serde::Deserialize;
use url::Url;

/// Parsed, not validated: no other can be made.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(try_from = "u8")]
struct Percent(u8);

impl TryFrom<u8> for Percent {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        match number <= 100 {
            true => Ok(Self(number)),
            false => Err(String::from("more than everything")),
        }
    }
}

#[derive(Debug, PartialEq)]
struct Hex(u32);

impl FromStr for Hex {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        u32::from_str_radix(text, 16).map(Self)
    }
}

#[derive(Debug, Config)]
struct Types {
    workers: NonZeroU16,
    host: IpAddr,
    listen: SocketAddr,
    data: PathBuf,
    app: Url,
    share: Percent,
    color: Hex,
    #[config(from_str, default = "0 2 * * *")]
    schedule: Cron,
    shares: Vec<Percent>,
    peers: Option<Vec<SocketAddr>>,
}

#[test]
fn a_type_is_read_through_serde_or_from_str() {
    let vars = Vars::from([
        ("WORKERS", "4"),
        ("HOST", "::1"),
        ("LISTEN", "0.0.0.0:80"),
        ("DATA", "/var/lib/app data"),
        ("APP", "https://a.example/x"),
        ("SHARE", "100"),
        ("COLOR", "ff8800"),
        ("SHARES", "0, 50"),
        ("PEERS", "10.0.0.1:1,[::1]:2"),
    ]);

    let read = Types::from_source(&vars).unwrap();

    assert_eq!(
        (read.workers.get(), read.host.is_ipv6(), read.listen.port()),
        (4, true, 80)
    );
    assert_eq!(
        (read.data.to_str(), read.app.path()),
        (Some("/var/lib/app data"), "/x")
    );
    assert_eq!((read.share, read.color), (Percent(100), Hex(0xff_88_00)));
    assert_eq!(read.schedule.pattern.to_string(), "0 2 * * *");
    assert_eq!(
        (read.shares, read.peers.map(|peers| peers.len())),
        (vec![Percent(0), Percent(50)], Some(2))
    );
}

#[test]
fn what_a_type_refuses_is_a_problem_of_its_variable() {
    let vars = Vars::from([
        ("WORKERS", "0"),
        ("HOST", "localhost"),
        ("LISTEN", "0.0.0.0"),
        ("DATA", "/"),
        ("APP", "a.example"),
        ("SHARE", "101"),
        ("COLOR", "red"),
        ("SCHEDULE", "61 2 * * *"),
        ("SHARES", "0,101,200"),
        ("PEERS", "nope"),
    ]);

    let report = Types::from_source(&vars).unwrap_err();

    let found: Vec<(Option<&str>, Option<usize>)> = report
        .iter()
        .map(|problem| (problem.variable(), problem.element()))
        .collect();
    assert_eq!(
        found,
        [
            (Some("WORKERS"), None),
            (Some("HOST"), None),
            (Some("LISTEN"), None),
            (Some("APP"), None),
            (Some("SHARE"), None),
            (Some("COLOR"), None),
            (Some("SCHEDULE"), None),
            (Some("SHARES"), Some(2)),
            (Some("SHARES"), Some(3)),
            (Some("PEERS"), Some(1)),
        ]
    );
    assert!(report.iter().all(|problem| problem.code() == "unreadable"));
    assert_eq!(report.problems()[4].message(), "more than everything");
}

#[derive(Debug, Config)]
struct Numbers {
    single: f32,
    several: Vec<f32>,
    double: Option<f64>,
    port: NonZeroU16,
    least: NonZeroI8,
    size: usize,
    offset: isize,
    wide: u128,
}

fn numbers() -> Vars {
    Vars::from([
        ("SINGLE", "3.4028235e38"),
        ("SEVERAL", "0.1, -3.4028235e38,1e-300"),
        ("DOUBLE", "1e300"),
        ("PORT", "65535"),
        ("LEAST", "-128"),
        ("SIZE", "18446744073709551615"),
        ("OFFSET", "-9223372036854775808"),
        ("WIDE", "340282366920938463463374607431768211455"),
    ])
}

#[test]
fn a_number_is_read_as_its_own_type() {
    let read = Numbers::from_source(&numbers()).unwrap();

    assert_eq!(read.single, f32::MAX);
    assert_eq!(read.several, [0.1, f32::MIN, 0.0]);
    assert_eq!(
        (read.double, read.port, read.least.get()),
        (Some(1e300), NonZeroU16::MAX, -128)
    );
    assert_eq!(
        (read.size as u64, read.offset as i64, read.wide),
        (u64::MAX, i64::MIN, u128::MAX)
    );
}

#[test]
fn bounds_are_exact_beyond_what_a_float_tells() {
    #[derive(Debug, Config)]
    struct Exact {
        #[config(
            default = "9007199254740993",
            range(exclusive_min = 9_007_199_254_740_992, max = 9_007_199_254_740_993)
        )]
        only: u64,
        #[config(default = 1, range(max = 340_282_366_920_938_463_463_374_607_431_768_211_454))]
        most: u128,
    }

    let exact = Exact::from_source(&Vars::new()).unwrap();
    assert_eq!((exact.only, exact.most), (9_007_199_254_740_993, 1));
    let vars = Vars::from([
        ("ONLY", "9007199254740992"),
        ("MOST", "340282366920938463463374607431768211455"),
    ]);
    let report = Exact::from_source(&vars).unwrap_err();
    let messages: Vec<&str> = report.iter().map(|problem| problem.message()).collect();
    assert_eq!(
        messages,
        [
            "must be at most 9007199254740993 and greater than 9007199254740992",
            "must be at most 340282366920938463463374607431768211454",
        ]
    );
}

#[test]
fn a_number_that_its_type_cannot_hold_is_a_problem() {
    let wrong = numbers()
        .with("SINGLE", "1e300")
        .with("SEVERAL", "1,-1e39,inf")
        .with("DOUBLE", "1e999")
        .with("PORT", "65536")
        .with("LEAST", "0")
        .with("SIZE", "18446744073709551616")
        .with("OFFSET", "-9223372036854775809")
        .with("WIDE", "-1");

    let report = Numbers::from_source(&wrong).unwrap_err();

    let lines: Vec<String> = report.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "SINGLE = \"1e300\": expected a number from -3.4028235e38 to 3.4028235e38 (from given)",
            "SEVERAL element 2 = \"-1e39\": expected a number from -3.4028235e38 to 3.4028235e38 (from given)",
            "SEVERAL element 3 = \"inf\": expected a number (from given)",
            "DOUBLE = \"1e999\": expected a number from -1.7976931348623157e308 to 1.7976931348623157e308 (from given)",
            "PORT = \"65536\": expected a whole number from 0 to 65535 (from given)",
            "LEAST = \"0\": expected a nonzero i8 (from given)",
            "SIZE = \"18446744073709551616\": expected a whole number from 0 to 18446744073709551615 (from given)",
            "OFFSET = \"-9223372036854775809\": expected a whole number from -9223372036854775808 to 9223372036854775807 \
             (from given)",
            "WIDE = \"-1\": expected a whole number from 0 to 340282366920938463463374607431768211455 (from given)",
        ]
    );
}
