//! What a check may show: without secrets, and not more than a body can carry.

use std::borrow::Cow;

use groundcrew_base::{Detail, Details, MASK, Verdict, looks_secret};

use crate::masked::{COUNTABLE, masked};

/// The answer with its secrets hidden and its texts cut; details that have no room are left out, which
/// the detail `truncated` says.
pub(crate) fn bounded(verdict: &Verdict) -> Verdict {
    let mut room = MOST_BYTES;
    let mut shown = match verdict.reason() {
        Some(reason) => Verdict::with_reason(verdict.status(), text(reason)),
        None => match verdict.status() {
            groundcrew_base::Status::Healthy => Verdict::healthy(),
            status => Verdict::with_reason(status, "no reason given"),
        },
    };
    let details = shorten(verdict.details(), &mut room, MOST_LEVELS);
    for (name, value) in details.iter() {
        shown = shown.detail(name.to_owned(), value.clone());
    }
    shown
}

fn shorten(details: &Details, room: &mut usize, levels: usize) -> Details {
    let mut shown = Details::new();
    for (name, value) in details.iter() {
        let value = if looks_secret(name) && !is_told_of_a_secret(name, value) {
            shorter(&Detail::from(MASK), room, levels)
        } else {
            shorter(value, room, levels)
        };
        match value.filter(|_| take(room, name.len() + QUOTES)) {
            Some(value) => shown.set(text(name), value),
            None => {
                shown.set("truncated", true);
                break;
            }
        }
    }
    shown
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

/// The value as far as there is room, if there is any.
fn shorter(value: &Detail, room: &mut usize, levels: usize) -> Option<Detail> {
    Some(match value {
        Detail::Text(value) => {
            let value = text(value);
            take(room, value.len() + QUOTES).then_some(())?;
            Detail::Text(value.into())
        }
        Detail::List(values) => {
            let levels = levels.checked_sub(1)?;
            let mut shown = Vec::new();
            for value in values {
                match shorter(value, room, levels) {
                    Some(value) => shown.push(value),
                    None => break,
                }
            }
            Detail::List(shown)
        }
        Detail::Map(values) => Detail::Map(shorten(values, room, levels.checked_sub(1)?)),
        number => {
            take(room, NUMBER).then_some(())?;
            number.clone()
        }
    })
}

/// Takes so many bytes, if they are there.
fn take(room: &mut usize, bytes: usize) -> bool {
    match room.checked_sub(bytes) {
        Some(left) => {
            *room = left;
            true
        }
        None => {
            *room = 0;
            false
        }
    }
}

fn text(text: &str) -> String {
    let shown = masked(text);
    if shown.len() <= MOST_TEXT {
        return Cow::into_owned(shown);
    }
    let end = shown.floor_char_boundary(MOST_TEXT);
    format!("{}...", shown.get(..end).unwrap_or_default())
}

/// For all details of a check together, about as they stand in JSON.
const MOST_BYTES: usize = 4096;

const MOST_TEXT: usize = 1024;

const MOST_LEVELS: usize = 8;

/// Two quotes, a colon and a comma.
const QUOTES: usize = 4;

const NUMBER: usize = 8;

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
    fn what_is_nested_without_end_has_an_end() {
        let mut value = Detail::from("deep");
        for _ in 0..100 {
            value = Detail::List(vec![value]);
        }

        let shown = bounded(&Verdict::healthy().detail("deep", value));

        assert!(json(&shown).len() < 100, "{}", json(&shown));
    }
}
