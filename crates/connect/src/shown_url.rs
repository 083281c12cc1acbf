use groundcrew_base::{MASK, redact};

/// A URL that could be read as one, without its password and without the secrets among its parameters.
///
/// [`redact`] looks for URLs in prose, where a space ends one; here it is part of the password.
pub(crate) fn shown_url(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // Somebody may take the whole for a user and a password.
    if let (false, Some((_, behind))) = (authority.contains('@'), tail.rsplit_once('@')) {
        return format!("{scheme}://{MASK}@{}", redact(behind));
    }
    let tail: String = tail.chars().map(on_one_piece).collect();
    let authority = match authority.rsplit_once('@') {
        Some((userinfo, hosts)) => match userinfo.split_once(':') {
            Some((user, "")) => format!("{user}:@{hosts}"),
            Some((user, _)) => format!("{user}:{MASK}@{hosts}"),
            None => format!("{MASK}@{hosts}"),
        },
        None => authority.to_owned(),
    };
    format!("{scheme}://{authority}{}", redact(&tail))
}

/// What would end the value of a parameter in prose.
fn on_one_piece(c: char) -> char {
    let ends = c.is_whitespace()
        || matches!(
            c,
            ',' | ';' | '"' | '\'' | '`' | '(' | ')' | '{' | '}' | '<' | '>'
        );
    if ends { '_' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_masked_whatever_is_in_it() {
        let cases = [
            (
                "postgres://app:hunter2@db/shop?sslmode=require",
                "postgres://app:***@db/shop?sslmode=require",
            ),
            (
                "postgres://app:hun ter2@db,db2:1/shop",
                "postgres://app:***@db,db2:1/shop",
            ),
            ("postgres://app:hun\"ter@2<@db", "postgres://app:***@db"),
            ("postgres://app:@db", "postgres://app:@db"),
            (
                "postgres://db/shop?user=app&password=hun ter,2",
                "postgres://db/shop?user=app&password=***",
            ),
            ("redis://:hun'ter2@cache:6379/0", "redis://:***@cache:6379/0"),
            ("redis://token@cache", "redis://***@cache"),
            ("redis://:7/xYz@cache:6379/0", "redis://***@cache:6379/0"),
            ("redis://app:7/xY z@cache", "redis://***@cache"),
            ("redis://cache", "redis://cache"),
        ];

        for (text, shown) in cases {
            assert_eq!(shown_url(text), shown);
        }
    }
}
