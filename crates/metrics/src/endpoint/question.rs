use std::time::{Duration, Instant};

use groundcrew_base::Secret;
use http::{HeaderMap, HeaderName, Method, Uri, header};

use super::{Key, encoding};
use crate::{
    exposition::Accepted,
    scrape::{Names, Scrape},
};

/// A scrape that is to be answered.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) accepted: Accepted,
    pub(super) deadline: Option<Instant>,
    pub(super) is_head: bool,
    names: Names,
    gzip: bool,
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Method,
    Token,
}

impl Question {
    pub(super) fn key(&self) -> Key {
        Key {
            scrape: Scrape {
                format: self.accepted.format,
                names: self.names.clone(),
                unseen: self.is_head,
            },
            gzip: self.gzip,
        }
    }
}

pub(super) fn read(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    token: Option<&Secret>,
) -> Result<Question, Refusal> {
    if token.is_some_and(|token| !has_token(headers, token)) {
        return Err(Refusal::Token);
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(Refusal::Method);
    }
    Ok(Question {
        accepted: Accepted::by(&all(headers, &header::ACCEPT)),
        deadline: deadline(headers),
        is_head: method == Method::HEAD,
        names: names(uri.query().unwrap_or_default()),
        gzip: encoding::accepts_gzip(&all(headers, &header::ACCEPT_ENCODING)),
    })
}

/// Several headers of one name mean the same as one with commas.
fn all(headers: &HeaderMap, name: &HeaderName) -> String {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    values.join(",")
}

fn has_token(headers: &HeaderMap, token: &Secret) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let given = given.and_then(|given| given.split_once(' '));
    given.is_some_and(|(scheme, given)| {
        scheme.eq_ignore_ascii_case("bearer") && Secret::from(given.trim()) == *token
    })
}

/// Nine tenths of what the scraper waits, so that the answer reaches it.
fn deadline(headers: &HeaderMap) -> Option<Instant> {
    let seconds = headers.get("x-prometheus-scrape-timeout-seconds")?;
    let seconds: f64 = seconds.to_str().ok()?.trim().parse().ok()?;
    let timeout = Duration::try_from_secs_f64(seconds * 0.9).ok()?;
    Instant::now().checked_add(timeout)
}

fn names(query: &str) -> Names {
    let mut names: Vec<String> = form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| key == "name[]")
        .map(|(_, name)| name.into_owned())
        .collect();
    names.sort_unstable();
    names.dedup();
    Names::new(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_and_sorted() {
        let expected = Names::new(vec!["a".to_owned(), "b_total".to_owned()]);

        assert_eq!(names("name[]=b_total&x=y&name%5B%5D=a&name[]=a"), expected);
        assert!(names("name=a").are_all());
    }

    #[test]
    fn a_timeout_that_makes_no_sense_is_none() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-prometheus-scrape-timeout-seconds", value.parse().unwrap());
            deadline(&headers)
        };

        for value in ["", "soon", "-1", "NaN", "inf", "1e300"] {
            assert_eq!(of(value), None, "{value}");
        }
        assert!(of("10").is_some_and(|at| at > Instant::now() + Duration::from_secs(8)));
    }
}
