//! What a check may show: without secrets, and not more than a body can carry.

use std::borrow::Cow;

use groundcrew_base::{Detail, Details, MASK, Verdict, looks_secret};

use crate::{
    checks::EXTERNAL_SERVICES,
    masked::{COUNTABLE, masked},
};

/// The answer with its secrets hidden and its texts cut; details that have no room are left out, which
/// the detail `truncated` says.
pub(crate) fn bounded(verdict: &Verdict) -> Verdict {
    let mut shown = match verdict.reason() {
        Some(reason) => Verdict::with_reason(verdict.status(), text(reason)),
        None => match verdict.status() {
            groundcrew_base::Status::Healthy => Verdict::healthy(),
            status => Verdict::with_reason(status, "no reason given"),
        },
    };
    let mut room = Room::new();
    let details = room.details(verdict.details(), MOST_LEVELS, Names::OfFields);
    for (name, value) in details.iter() {
        shown = shown.detail(name.to_owned(), value.clone());
    }
    if room.is_short {
        shown = shown.detail("truncated", true);
    }
    shown
}

/// What is left for the details, in bytes of JSON.
struct Room {
    left: usize,
    /// Something is left out.
    is_short: bool,
}

impl Room {
    const fn new() -> Self {
        Self {
            left: MOST_BYTES,
            is_short: false,
        }
    }

    /// Takes so many bytes, if they are there; if not, there is no room for anything else either.
    fn take(&mut self, bytes: usize) -> Option<()> {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or_default();
        self.is_short |= left.is_none();
        left.map(drop)
    }

    fn text(&mut self, shown: String) -> Option<Detail> {
        self.take(written(&shown) + QUOTES)?;
        Some(Detail::Text(shown.into()))
    }

    fn details(&mut self, details: &Details, levels: usize, names: Names) -> Details {
        let mut shown = Details::new();
        for (name, value) in details.iter() {
            let is_hidden = names.hide(name, value);
            let inner = Names::inside(name, levels);
            let name = text(name);
            // Before the value, which may take all that is left.
            if self.take(written(&name) + QUOTES).is_none() {
                break;
            }
            let value = if is_hidden {
                self.text(MASK.to_owned())
            } else {
                self.value(value, levels, inner)
            };
            let Some(value) = value else { break };
            shown.set(name, value);
        }
        shown
    }

    /// The value as far as there is room, if there is any.
    fn value(&mut self, value: &Detail, levels: usize, names: Names) -> Option<Detail> {
        let inner = levels.saturating_sub(1);
        match value {
            Detail::Text(value) => self.text(text(value)),
            Detail::List(_) | Detail::Map(_) if levels == 0 => {
                self.is_short = true;
                None
            }
            Detail::List(values) => {
                self.take(BRACKETS)?;
                let shown = values
                    .iter()
                    .map_while(|value| self.value(value, inner, Names::OfFields));
                Some(Detail::List(shown.collect()))
            }
            Detail::Map(values) => {
                self.take(BRACKETS)?;
                Some(Detail::Map(self.details(values, inner, names)))
            }
            Detail::Float(number) if number.is_finite() => self.number(LONGEST_FLOAT, value),
            Detail::Int(number) => self.number(digits(number.unsigned_abs()) + 1, value),
            Detail::UInt(number) => self.number(digits(*number), value),
            other => self.number(BOOL, other),
        }
    }

    fn number(&mut self, bytes: usize, value: &Detail) -> Option<Detail> {
        self.take(bytes + 1)?;
        Some(value.clone())
    }
}

/// What the names of details say.
#[derive(Clone, Copy)]
enum Names {
    /// What the value is.
    OfFields,
    /// Who said it, such as `token-service`: a text, or nothing that is shown.
    OfServices,
}

impl Names {
    fn hide(self, name: &str, value: &Detail) -> bool {
        let is_said = matches!((self, value), (Self::OfServices, Detail::Text(_)));
        looks_secret(name) && !is_said && !is_told_of_a_secret(name, value)
    }

    /// What the names in the value of this name say.
    fn inside(name: &str, levels: usize) -> Self {
        if levels == MOST_LEVELS && name == EXTERNAL_SERVICES {
            Self::OfServices
        } else {
            Self::OfFields
        }
    }
}

/// Whether there is one and how many there are is no secret.
fn is_told_of_a_secret(name: &str, value: &Detail) -> bool {
    let name = name.to_ascii_lowercase();
    match value {
        Detail::Bool(_) => true,
        Detail::Int(_) | Detail::UInt(_) | Detail::Float(_) => {
            COUNTABLE.iter().any(|several| name.ends_with(several))
        }
        _ => false,
    }
}

fn text(text: &str) -> String {
    let read = beginning(text);
    let shown = masked(read);
    let is_whole = read.len() == text.len();
    if is_whole && written(&shown) <= MOST_TEXT {
        return Cow::into_owned(shown);
    }
    let mut length = 0;
    let end = shown.char_indices().find(|(_, c)| {
        length += width(*c);
        length > MOST_TEXT
    });
    let end = end.map_or(shown.len(), |(at, _)| at);
    format!("{}...", shown.get(..end).unwrap_or_default())
}

/// As much of it as is read, up to a blank or a quote: behind one that is not closed nothing is shown, and of a URL or a token,
/// which has none inside, it needs all to tell that it is one.
fn beginning(text: &str) -> &str {
    let near = text.floor_char_boundary(MOST_READ);
    let (beginning, rest) = text.split_at_checked(near).unwrap_or((text, ""));
    let more = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>'));
    let end = beginning.len() + more.unwrap_or(rest.len());
    text.get(..end).unwrap_or(text)
}

/// How long the text is in JSON, without its quotes.
fn written(text: &str) -> usize {
    text.chars().map(width).sum()
}

const fn width(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        c => c.len_utf8(),
    }
}

fn digits(number: u64) -> usize {
    let digits = number.checked_ilog10().map_or(1, |power| power + 1);
    usize::try_from(digits).unwrap_or(usize::MAX)
}

/// For all details of a check together, as they stand in JSON, without what tells that they are not all.
const MOST_BYTES: usize = 4096;

/// Of one text, in bytes.
const MOST_READ: usize = 16 * 1024;

const MOST_TEXT: usize = 1024;

const MOST_LEVELS: usize = 8;

/// Two quotes, a colon and a comma.
const QUOTES: usize = 4;

/// Two of them, and a comma.
const BRACKETS: usize = 3;

/// `-2.2250738585072014e-308`
const LONGEST_FLOAT: usize = 24;

const BOOL: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn json(verdict: &Verdict) -> String {
        serde_json::to_string(verdict.details()).expect("details serialise")
    }

    #[test]
    fn what_is_small_and_harmless_stays_as_it_is() {
        let verdict = Verdict::degraded("pool exhausted")
            .detail("size", 20_u64)
            .detail("ratio", 0.5)
            .detail("hosts", vec![Detail::from("a"), Detail::from("b")]);

        assert_eq!(bounded(&verdict), verdict);
    }

    #[test]
    fn secrets_are_hidden_at_every_depth() {
        let mut inner = Details::new();
        inner.set("url", "postgres://app:hunter2@db/app");
        let verdict = Verdict::unhealthy("password=hunter2 is wrong")
            .detail("server", inner)
            .detail("tried", vec![Detail::from("redis://:hunter2@cache")]);

        let shown = bounded(&verdict);

        assert!(!format!("{shown:?}").contains("hunter2"), "{shown:?}");
        assert!(json(&shown).contains("db/app"), "{}", json(&shown));
    }

    #[test]
    fn what_a_name_says_is_secret_is_hidden_whatever_it_is() {
        let mut login = Details::new();
        login.set("user", "app");
        login.set("passwordAgeDays", 3_u64);
        login.set("api_key", "hunter2");
        login.set("pin_code", 4711_u64);
        let mut both = Details::new();
        both.set("primary", "hunter2");
        let verdict = Verdict::healthy()
            .detail("password", "hunter2")
            .detail("sentryDsn", "https://hunter2@o1.ingest.sentry.io/2")
            .detail("login", login.clone())
            .detail("logins", vec![Detail::from(login)])
            .detail("tokens", vec![Detail::from("hunter2"), Detail::from("hunter2")])
            .detail("credentials", both)
            .detail("hasPassword", true)
            .detail("secret", true)
            .detail("maxTokens", 8_u64);

        let shown = json(&bounded(&verdict));

        assert_eq!(
            shown,
            concat!(
                r#"{"password":"***","sentryDsn":"***","#,
                r#""login":{"user":"app","passwordAgeDays":3,"api_key":"***","pin_code":"***"},"#,
                r#""logins":[{"user":"app","passwordAgeDays":3,"api_key":"***","pin_code":"***"}],"#,
                r#""tokens":"***","credentials":"***","hasPassword":true,"secret":true,"maxTokens":8}"#
            )
        );
    }

    #[test]
    fn services_are_called_what_they_are_called() {
        let mut services = Details::new();
        services.set("token-service", "ok");
        services.set("secrets", "connection refused");
        services.set("auth", "password=hunter2 is wrong");
        let mut inner = Details::new();
        inner.set("externalServices", {
            let mut field = Details::new();
            field.set("token", "hunter2");
            field
        });
        let verdict = Verdict::healthy()
            .detail("externalServices", services)
            .detail("inner", inner);

        let shown = json(&bounded(&verdict));

        assert_eq!(
            shown,
            concat!(
                r#"{"externalServices":{"token-service":"ok","secrets":"connection refused","auth":"password=*** is wrong"},"#,
                r#""inner":{"externalServices":{"token":"***"}}}"#
            )
        );
    }

    #[test]
    fn how_many_there_are_is_no_secret_but_what_they_are_is() {
        let verdict = Verdict::healthy()
            .detail("evictedKeys", 7_u64)
            .detail("TOKENS", -1_i64)
            .detail("pass", 4711_u64)
            .detail("accessKeys", "hunter2")
            .detail("accessKey", 4711_u64)
            .detail("dbCreds", 123_456_u64)
            .detail("pinCodeDigits", 4711_u64);

        let shown = json(&bounded(&verdict));

        let hidden =
            r#""pass":"***","accessKeys":"***","accessKey":"***","dbCreds":"***","pinCodeDigits":"***""#;
        assert_eq!(shown, format!(r#"{{"evictedKeys":7,"TOKENS":-1,{hidden}}}"#));
    }

    #[test]
    fn reasons_names_and_texts_hold_no_secret() {
        let text = r#"got {"user":"app","password":"hunter2"}"#;
        let verdict = Verdict::unhealthy(text)
            .detail("said", text)
            .detail("postgres://u:hunter2@h", 1_u64);

        let shown = bounded(&verdict);

        let hidden = r#"got {"user":"app","password":"***"}"#;
        assert_eq!(shown.reason(), Some(hidden));
        assert_eq!(shown.details().find("said"), Some(&Detail::from(hidden)));
        assert_eq!(shown.details().find("postgres://u:***@h"), Some(&Detail::UInt(1)));
    }

    #[test]
    fn a_flood_of_details_is_cut_and_says_so() {
        let mut verdict = Verdict::unhealthy("x".repeat(100_000));
        for number in 0..1000 {
            verdict = verdict.detail(format!("name{number}"), "y".repeat(100));
        }

        let shown = bounded(&verdict);

        assert_eq!(shown.reason().map(str::len), Some(1027));
        assert!(json(&shown).len() < 5000, "{}", json(&shown).len());
        assert_eq!(shown.details().find("truncated"), Some(&Detail::Bool(true)));
        assert!(shown.details().find("name10").is_some());
    }

    #[test]
    fn no_kind_of_detail_takes_more_room_than_there_is() {
        let mut map = Details::new();
        let mut names = Details::new();
        for number in 0..2000 {
            map.set(format!("{number}"), Details::new());
            names.set(format!("{}{number}", "\u{1}".repeat(100)), true);
        }
        let list = |value: Detail| Detail::List(vec![value; 100_000]);

        for value in [
            list(Detail::List(Vec::new())),
            list(Detail::from(Details::new())),
            list(Detail::List(vec![Detail::List(Vec::new()); 3])),
            list(Detail::from("")),
            list(Detail::from("\u{1}".repeat(1024))),
            list(Detail::from("\"".repeat(900))),
            list(Detail::from("é".repeat(900))),
            list(Detail::from(u64::MAX)),
            list(Detail::from(i64::MIN)),
            list(Detail::from(-f64::MIN_POSITIVE)),
            list(Detail::from(1.797_693_134_862_315_7e308)),
            list(Detail::from(f64::NAN)),
            list(Detail::from(false)),
            Detail::from(map),
            Detail::from(names),
        ] {
            let shown = bounded(&Verdict::healthy().detail("first", 1_u64).detail("all", value));

            let (length, kept) = (json(&shown).len(), shown.details().find("all"));
            assert!((1500..=4096 + 20).contains(&length), "{length}: {kept:?}");
            assert_eq!(shown.details().find("truncated"), Some(&Detail::Bool(true)));
            assert!(kept.is_some());
        }
    }

    #[test]
    fn a_text_is_cut_as_long_as_it_is_written() {
        let verdict = Verdict::unhealthy("\u{1}".repeat(1024)).detail("said", "\"é".repeat(1024));

        let shown = bounded(&verdict);

        assert_eq!(shown.reason().map(str::len), Some(1024 / 6 + 3));
        let said = Detail::from("\"é".repeat(256) + "...");
        assert_eq!(shown.details().find("said"), Some(&said));
        assert!(shown.details().find("truncated").is_none());
    }

    #[test]
    fn what_is_too_long_to_be_read_is_cut_where_no_secret_is_halved() {
        let filler = "x".repeat(MOST_READ - 30);
        for (text, shown) in [
            (
                format!("password={filler} pg://app:hunter2{filler}@db/app more"),
                "password=*** pg://app:***@db/app...",
            ),
            (
                format!("password={filler}{}hunter2", " ".repeat(40)),
                &*format!("password=***{}...", " ".repeat(21)),
            ),
            (
                format!("password={filler} é\"token\":\"hun {filler} ter2\" x"),
                "password=*** é\"token\":\"***...",
            ),
        ] {
            let verdict = bounded(&Verdict::unhealthy(text));

            assert_eq!(verdict.reason(), Some(shown));
        }
    }

    #[test]
    fn what_is_nested_without_end_has_an_end() {
        let mut value = Detail::from("deep");
        for _ in 0..100 {
            value = Detail::List(vec![value]);
        }

        let shown = bounded(&Verdict::healthy().detail("deep", value).detail("n", 1_u64));

        assert_eq!(
            json(&shown),
            r#"{"deep":[[[[[[[[]]]]]]]],"n":1,"truncated":true}"#
        );
    }
}
