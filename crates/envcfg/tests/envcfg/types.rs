//! Types that others define are read as they define it.

use std::{
    net::{IpAddr, SocketAddr},
    num::{NonZeroU16, ParseIntError},
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
