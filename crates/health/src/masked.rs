//! Texts without the secrets that drivers and servers quote in them.

mod logins;
mod named;

use std::{borrow::Cow, ops::Range};

use groundcrew_base::{MASK, redact};

pub(crate) use self::named::COUNTABLE;
use self::{logins::logins, named::named};

/// The text without what [`redact`] hides, and without what stands behind the name of a secret, in the header of a login, behind
/// `Bearer`, or is a token or a key by its form.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let text = redact(text);
    let mut spans: Vec<_> = named(&text).chain(logins(&text)).chain(by_form(&text)).collect();
    if spans.is_empty() {
        return text;
    }
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let (mut shown, mut copied) = (String::with_capacity(text.len()), 0);
    for Range { start, end } in spans {
        if start >= copied {
            shown.push_str(part(&text, copied..start));
            shown.push_str(MASK);
        }
        copied = copied.max(end);
    }
    shown.push_str(part(&text, copied..text.len()));
    Cow::Owned(shown)
}

/// JSON Web Tokens, and private keys in PEM.
fn by_form(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut covered = 0;
    let tokens = text.match_indices("eyJ").filter_map(move |(start, _)| {
        if start < covered {
            return None;
        }
        let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
        let rest = part(text, start..text.len());
        let length = rest.bytes().take_while(is_of_token).count();
        covered = start + length;
        let dots = part(rest, 0..length).matches('.').count();
        (dots >= 2).then_some(start..start + length)
    });
    let mut covered = 0;
    let keys = text
        .match_indices("PRIVATE KEY-----")
        .filter_map(move |(at, begin)| {
            if at < covered {
                return None;
            }
            let start = at + begin.len();
            let before = part(text, 0..at);
            let rest = part(text, start..text.len());
            let is_begin = before
                .rfind("-----")
                .is_some_and(|dashes| part(before, dashes..at).contains("BEGIN"));
            is_begin.then(|| {
                covered = start + rest.find("-----END").unwrap_or(rest.len());
                start..covered
            })
        });
    tokens.chain(keys)
}

fn value_length(text: &str) -> usize {
    text.find(ends_value).unwrap_or(text.len())
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '&' | ';' | ',' | '"' | '\'' | ')' | '}' | ']')
}

fn part(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_however_they_are_written() {
        for (text, shown) in [
            (
                r#"got {"user":"app","password":"hunter2"}"#,
                r#"got {"user":"app","password":"***"}"#,
            ),
            (
                r#"{"api_key": "hunter2", "n": 1}"#,
                r#"{"api_key": "***", "n": 1}"#,
            ),
            (r#"{"password":"hun\"ter2","n":1}"#, r#"{"password":"***","n":1}"#),
            (r#""{\"password\":\"hunter2\"}""#, r#""{\"password\":\"***\"}""#),
            (
                r#"Config { password: "hunter2", port: 1 }"#,
                r#"Config { password: "***", port: 1 }"#,
            ),
            (
                "Authorization: Bearer hunter2.x-y refused",
                "Authorization: Bearer *** refused",
            ),
            ("authorization: basic aHVudGVyMg==", "authorization: basic ***"),
            ("client-secret: hunter2\nhost: db", "client-secret: ***\nhost: db"),
            ("password = hunter2, user = app", "password = ***, user = app"),
            (
                "https://db/x?access_token=hunter2&a=b",
                "https://db/x?access_token=***&a=b",
            ),
            ("sent eyJhbGciOi.eyJzdWIi.c2ln- to it", "sent *** to it"),
            (
                "-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----",
                "-----BEGIN EC PRIVATE KEY-----***-----END EC PRIVATE KEY-----",
            ),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn logins_are_found_with_every_scheme() {
        for (text, shown) in [
            (
                "401 for Authorization: Bearer secret-token",
                "401 for Authorization: Bearer ***",
            ),
            ("Bearer letmein refused", "Bearer *** refused"),
            ("\"Bearer  letmein\"", "\"Bearer  ***\""),
            ("Bearer token hunter2 refused", "Bearer token *** refused"),
            ("Bearer is hunter2", "Bearer is ***"),
            ("Bearer \"letmein\" refused", "Bearer \"***\" refused"),
            ("Bearer 'letmein'", "Bearer '***'"),
            ("Bearer (\"letmein\")", "Bearer (\"***\")"),
            ("Bearer [letmein], Bearer <letmein>", "Bearer [***], Bearer <***>"),
            (r#"\"Bearer \"letmein\"\""#, r#"\"Bearer \"***\"\""#),
            ("Basic \"aHVudGVyMg==\"", "Basic \"***\""),
            ("Basic aHVudGVyMg== refused", "Basic *** refused"),
            ("Authorization:\tBasic\tletmein", "Authorization:\tBasic\t***"),
            ("authorization=Basic aHVudGVyMg==", "authorization=Basic ***"),
            ("authorization=bearer letmein", "authorization=bearer ***"),
            ("Authorization:Token letmein", "Authorization:Token ***"),
            ("Authorization: letmein", "Authorization: ***"),
            (
                "Authorization: Shop letmein refused",
                "Authorization: *** refused",
            ),
            (
                "Proxy-Authorization: Basic letmein",
                "Proxy-Authorization: Basic ***",
            ),
            (
                r#"Authorization: Digest username="app", response="hunter2" refused"#,
                "Authorization: Digest *** refused",
            ),
            (
                "Authorization: AWS4-HMAC-SHA256 Credential=AK/s3, Signature=hunter2, then more",
                "Authorization: AWS4-HMAC-SHA256 ***, then more",
            ),
            (
                r#"{"Authorization":["Bearer letmein"]}"#,
                r#"{"Authorization":["***"]}"#,
            ),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn secrets_are_found_by_all_words_of_their_names() {
        for (text, shown) in [
            ("DB_PASS=hunter2", "DB_PASS=***"),
            (
                "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7",
                "AWS_SECRET_ACCESS_KEY=***",
            ),
            ("smtp.pass=hunter2 as app", "smtp.pass=*** as app"),
            ("smtp.pass: hunter2", "smtp.pass: ***"),
            ("secret_key: hunter2", "secret_key: ***"),
            ("accessKey: hunter2", "accessKey: ***"),
            ("X-Api-Key:hunter2", "X-Api-Key:***"),
            ("private_key=hunter2", "private_key=***"),
            ("credentials=hunter2", "credentials=***"),
            ("pass = hunter2", "pass = ***"),
            ("https://maps/?q=a&key=hunter2", "https://maps/?q=a&key=***"),
            ("dbpass: hunter2", "dbpass: ***"),
            ("db_pin_code: 4711", "db_pin_code: ***"),
            (
                r#"Config { password: Some("hunter2"), port: 1 }"#,
                r#"Config { password: Some("***"), port: 1 }"#,
            ),
            (
                r#"{ token: Some(Secret(b"hunter2")) }"#,
                r#"{ token: Some(Secret(b"***")) }"#,
            ),
            (
                r#"{"api_keys":["hunter2", "hunter3"],"n":["a"]}"#,
                r#"{"api_keys":["***"],"n":["a"]}"#,
            ),
            (r#"password=Some("hunter2")"#, r#"password=***"***")"#),
            (r#":password => "hunter2""#, r#":password => "***""#),
            (
                "Key (id, token)=(3, hunter2) already exists",
                "Key (id, token)=(***) already exists",
            ),
            (r#"{"a":"é","token":"hünter2"}"#, r#"{"a":"é","token":"***"}"#),
            ("password:\"hunter2", "password:\"***"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn secrets_are_found_behind_every_sign() {
        for (text, shown) in [
            ("password:=hunter2", "password:=***"),
            ("password: = hunter2", "password: = ***"),
            ("PASSWORD := 'hunter2' for app", "PASSWORD := '***' for app"),
            (r#""password" := "hunter2""#, r#""password" := "***""#),
            ("DB_PASS ?= hunter2", "DB_PASS ?= ***"),
            ("db_pass=:hunter2", "db_pass=***"),
            ("password:\thunter2\tx", "password:\t***\tx"),
            ("db_pass\t=\thunter2", "db_pass\t=\t***"),
            ("\"password\":\n  \"hunter2\"", "\"password\":\n  \"***\""),
            ("x-service-token: hunter2", "x-service-token: ***"),
            ("secret-value: hunter2", "secret-value: ***"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn secrets_are_found_in_the_keys_of_postgres() {
        for (text, shown) in [
            (
                "Key (email, api_token)=(a)b, hunter2) already exists.",
                "Key (email, api_token)=(***) already exists.",
            ),
            (
                "Key (email, api_token)=(a) b, hunter2) is not present in table \"x\" (y)",
                "Key (email, api_token)=(***) is not present in table \"x\" (y)",
            ),
            (
                "Key (c, token)=(1, hunter2) conflicts with existing key (c, token)=(2, hunter2).",
                "Key (c, token)=(***) conflicts with existing key (c, token)=(***).",
            ),
            (
                "Key (token, lower(x))=(hunter2, x)",
                "Key (token, lower(x))=(***)",
            ),
            (
                "Key (lower(token::text))=(hunter2)",
                "Key (lower(token::text))=(***)",
            ),
            (
                "Key (api_token, a_column_with_a_long_name_of_its_own, another_column_with_a_long_name)=(hunter2, 1, 2)",
                "Key (api_token, a_column_with_a_long_name_of_its_own, another_column_with_a_long_name)=(***)",
            ),
            ("Key (token)=(hun)ter2", "Key (token)=(***"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "password authentication failed for user: app",
            "the bearer of bad news",
            "basic authentication is not allowed",
            "Basic authentication is not allowed, Bearer token needed",
            "invalid CA: Basic Constraints not critical, Basic sanity check failed",
            "Basic HTTP login, Basic TLS",
            "Bearer is invalid, Bearer was refused, Bearer , x, Bearer \"\", Bearer -- x",
            "Bearer JWT needed, Bearer expired, Bearer ***",
            "token-service: connection refused, token-service.local: gone",
            "secret-manager:unavailable, password-api.prod: 503",
            "WWW-Authenticate: Basic realm=\"shop\"",
            "12:30:01 no route to host",
            "key: value, duplicate key: (id)=(3)",
            "duplicate key value violates unique constraint \"users_pkey\": Key (id)=(3) already exists.",
            "Key (key)=(3) already exists",
            "password authentication failed for user \"app\"",
            "pass: all of them, invalid credentials: no such user",
            "cannot reach token-service:8080, token-service.local:80/x",
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
            "WRONGPASS invalid username-password pair or user is disabled.",
            "evictedKeys: 7, evicted_keys:7, db0:keys=3,expires=0",
            "app::secret::Error, MAX_TOKENS=3, TOKEN_TTL: 3",
            "the key == 3",
            "token: ",
            "eyJ, but no token",
            "BEGIN PUBLIC KEY-----",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn a_hostile_text_takes_no_square_of_its_length() {
        for unit in [
            "password:",
            "password:\"",
            "\\\"",
            "eyJ",
            "eyJ.",
            "bearer ",
            "PRIVATE KEY-----",
            "-----BEGIN ",
            "'a:'",
            "authorization:",
            "authorization: ",
            "authorization: A ",
            "authorization: A b=\"",
            "authorization=a=b,",
            "authorization:basic,x=",
            "authorization=token,x=",
            "authorization:a x=1,",
            "token=[\"\",",
            "token:((((((((((((",
            "token:Some(",
            "(token)=(",
            "(token)=(x) ",
            "(token)=(x)y",
            "(token)=(x) already exists",
            "))=(",
            ")))=",
            ")=(",
            "key=",
            "key:",
            "key: ",
            "evictedKeys=",
            "evictedKeys:1",
            "token-service:80",
            "token-service:8",
            "authorization:bearer ",
            "authorization:bearer",
            "Bearer ",
            "Bearer",
            "Bearer \"",
            "password:=",
            "password?=",
            "password:\n",
            "\t\t\t\t:",
            "                ",
            ", ",
        ] {
            // Square, they would take hours.
            let text = unit.repeat(1_000_000 / unit.len());

            assert!(masked(&text).len() <= text.len() + text.len() / 2 + 3, "{unit}");
        }
    }
}
