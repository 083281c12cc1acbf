use std::net::Ipv6Addr;

/// Whether `url` is absolute, begins with one of `schemes` and names a host.
///
/// Schemes are compared without regard to case. Several hosts with commas between them, as PostgreSQL and
/// `MongoDB` take, must each have a name. Nothing but scheme, host and port is looked at.
///
/// # Examples
/// ```
/// use groundcrew_base::has_scheme;
///
/// assert!(has_scheme("postgres://app:pw@db:5432/app", &["postgres", "postgresql"]));
/// assert!(!has_scheme("postgres://:5432/app", &["postgres"]));
/// assert!(!has_scheme("mysql://db/app", &["postgres"]));
/// ```
#[must_use]
pub fn has_scheme(url: &str, schemes: &[&str]) -> bool {
    url.split_once("://").is_some_and(|(scheme, rest)| {
        schemes.iter().any(|wanted| wanted.eq_ignore_ascii_case(scheme)) && names_hosts(rest)
    })
}

fn names_hosts(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    hosts.split(',').all(is_host)
}

fn is_host(host: &str) -> bool {
    if let Some(literal) = host.strip_prefix('[') {
        return literal
            .split_once(']')
            .is_some_and(|(address, port)| address.parse::<Ipv6Addr>().is_ok() && is_port_or_nothing(port));
    }
    let (name, port) = host.find(':').map_or((host, ""), |colon| host.split_at(colon));
    let is_part = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\"`{}|^[]".contains(c);
    !name.is_empty() && name.chars().all(is_part) && is_port_or_nothing(port)
}

fn is_port_or_nothing(text: &str) -> bool {
    match text.strip_prefix(':') {
        Some(digits) => {
            digits.is_empty()
                || (digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok())
        }
        None => text.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_needs_the_scheme_and_a_host() {
        let right = [
            "https://a",
            "HTTPS://a.example:8443/path?x=1#y",
            "https://user:p%40ss@a",
            "https://u:p@[::1]:80/",
            "https://h1:5432,h2:5433/db",
            "https://%2Frun%2Fpostgresql/db",
            "https://бар.example",
            "https://a:",
        ];
        let wrong = [
            "",
            "https",
            "https:",
            "https:a",
            "https://",
            "https:///path",
            "https://?x",
            "https://user:pw@",
            "https://:443",
            "https://a b",
            "https://a:port",
            "https://a:65536",
            "https://a:+1",
            "https://[::1",
            "https://[nope]",
            "https://[::1]x",
            "https://h1,,h2",
            "https://<host>",
            " https://a",
            "http://a",
            "localhost:3000",
        ];

        assert_eq!(right.map(|url| has_scheme(url, &["https"])), [true; 8]);
        assert_eq!(wrong.map(|url| has_scheme(url, &["https"])), [false; 21]);
    }

    #[test]
    fn any_of_several_schemes_will_do() {
        assert!(has_scheme("rediss://cache", &["redis", "rediss"]));
        assert!(!has_scheme("rediss://cache", &["redis"]));
        assert!(!has_scheme("rediss://cache", &[]));
    }
}
