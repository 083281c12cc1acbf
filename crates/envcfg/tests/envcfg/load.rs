//! What a load reads, and what it says about what it cannot read.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use groundcrew_envcfg::{ByteSize, Config, Origin, Secret, Vars};
use serde::Deserialize;
use url::Url;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Level {
    Error,
    Info,
}

#[derive(Debug, PartialEq, Eq)]
struct Even(u32);

impl std::str::FromStr for Even {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(number) if number % 2 == 0 => Ok(Self(number)),
            _ => Err("not an even number"),
        }
    }
}

#[derive(Debug, Config)]
struct Types {
    flag: bool,
    small: u8,
    signed: i64,
    ratio: f64,
    letter: char,
    level: Level,
    name: String,
    path: PathBuf,
    address: SocketAddr,
    ip: IpAddr,
    link: Url,
    even: Even,
    #[config(unit = "ms")]
    wait: Duration,
    pause: Duration,
    #[config(unit = "KiB")]
    room: ByteSize,
    size: ByteSize,
    token: Secret,
    origins: Vec<Url>,
    evens: Option<Vec<Even>>,
    note: Option<String>,
}

fn types() -> Vars {
    Vars::from([
        ("FLAG", "Yes"),
        ("SMALL", " 255 "),
        ("SIGNED", "-5"),
        ("RATIO", "0.25"),
        ("LETTER", "é"),
        ("LEVEL", "INFO"),
        ("NAME", " as it is "),
        ("PATH", "/var/lib"),
        ("ADDRESS", "127.0.0.1:80"),
        ("IP", "::1"),
        ("LINK", "https://example.org/x"),
        ("EVEN", "42"),
        ("WAIT", "1500"),
        ("PAUSE", "1h30m"),
        ("ROOM", "4"),
        ("SIZE", "10m"),
        ("TOKEN", "123456"),
        ("ORIGINS", "https://a.example, https://b.example"),
        ("EVENS", "2,4"),
        ("NOTE", ""),
    ])
}

#[test]
fn every_type_is_read() {
    let read = Types::from_source(&types()).unwrap();

    assert_eq!(
        (read.flag, read.small, read.signed, read.ratio),
        (true, 255, -5, 0.25)
    );
    assert_eq!(
        (read.letter, read.level, read.name.as_str()),
        ('é', Level::Info, " as it is ")
    );
    assert_eq!(read.path, PathBuf::from("/var/lib"));
    assert_eq!(
        (read.address, read.ip),
        (([127, 0, 0, 1], 80).into(), "::1".parse().unwrap())
    );
    assert_eq!((read.link.path(), &read.even), ("/x", &Even(42)));
    assert_eq!(
        (read.wait, read.pause),
        (Duration::from_millis(1500), Duration::from_secs(5400))
    );
    assert_eq!((read.room, read.size), (ByteSize::kib(4), ByteSize::mib(10)));
    assert_eq!(read.token.expose(), "123456");
    assert_eq!(
        read.origins
            .iter()
            .map(|url| url.host_str().unwrap())
            .collect::<Vec<_>>(),
        ["a.example", "b.example"]
    );
    assert_eq!((read.evens, read.note), (Some(vec![Even(2), Even(4)]), None));
}

#[test]
fn every_type_says_what_would_be_right() {
    let wrong = Vars::from([
        ("FLAG", "maybe"),
        ("SMALL", "256"),
        ("SIGNED", "1e4"),
        ("RATIO", "NaN"),
        ("LETTER", "ab"),
        ("LEVEL", "verbose"),
        ("ADDRESS", "localhost"),
        ("IP", "1.2.3"),
        ("LINK", "nope"),
        ("EVEN", "3"),
        ("WAIT", "soon"),
        ("PAUSE", "30"),
        ("ROOM", "4 ZB"),
        ("SIZE", "big"),
        ("ORIGINS", "https://a.example,b.example,"),
        ("EVENS", "1,2,3"),
    ])
    .origin(Origin::Environment);

    let report = Types::from_source(&wrong).unwrap_err();

    let expected = r#"configuration is invalid: 21 problems
  FLAG = "maybe": expected true or false (or 1, 0, yes, no, on, off)
  SMALL = "256": expected a whole number from 0 to 255
  SIGNED = "1e4": expected a whole number from -9223372036854775808 to 9223372036854775807
  RATIO = "NaN": expected a number
  LETTER = "ab": expected one character
  LEVEL = "verbose": expected one of error, info
  NAME is missing
  PATH is missing
  ADDRESS = "localhost": invalid socket address syntax
  IP = "1.2.3": invalid IP address syntax
  LINK = "nope": relative URL without a base
  EVEN = "3": not an even number
  WAIT = "soon": expected a duration such as 30s or 1h30m, or a number of ms
  PAUSE = "30": expected a unit behind the number, such as 30s or 15m
  ROOM = "4 ZB": unknown unit, expected one of B, KB, MB, GB, TB, KiB, MiB, GiB, TiB
  SIZE = "big": expected a whole number with a unit, such as 10MiB
  TOKEN is missing
  ORIGINS element 2 = "b.example": relative URL without a base
  ORIGINS element 3 = "": expected a value between the commas
  EVENS element 1 = "1": not an even number
  EVENS element 3 = "3": not an even number"#;
    assert_eq!(report.to_string(), expected);
}
