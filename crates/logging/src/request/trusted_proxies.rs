use std::{fmt, net::IpAddr, str::FromStr};

use http::HeaderMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    cidr::Cidr,
    forwarded::{Hop, forwarded, x_forwarded_for},
};

/// The proxies whose word is taken for the address of the client.
///
/// Written as addresses and ranges, `10.0.0.0/8,fd00::/8,192.0.2.7`, and the words `loopback` and `private`
/// (RFC 1918 and unique local addresses). The default trusts nobody: the client is then whoever the connection
/// comes from.
///
/// The entries that proxies have added are read from the right, as long as the one who added them is trusted;
/// the first one who is not is the client. Where an entry hides or cannot be read, the client is the proxy
/// that says so.
///
/// # Examples
/// ```
/// use groundcrew_logging::TrustedProxies;
/// use http::{HeaderMap, HeaderValue};
///
/// let proxies: TrustedProxies = "10.0.0.0/8".parse()?;
/// let mut headers = HeaderMap::new();
/// headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6, 203.0.113.9, 10.0.0.2"));
///
/// let client = proxies.client([10, 0, 0, 1].into(), &headers);
///
/// assert_eq!(client, std::net::IpAddr::from([203, 0, 113, 9]));
/// # Ok::<(), groundcrew_logging::TrustedProxiesError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    ranges: Vec<Cidr>,
    header: ProxyHeader,
}

/// The header in which proxies name the client. Only one is read: the other would be the client's to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

/// A part of the list is no address and no range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part:?} is no address, no range such as 10.0.0.0/8, and neither loopback nor private")]
#[non_exhaustive]
pub struct TrustedProxiesError {
    /// The part as it was given.
    pub part: String,
}

impl TrustedProxies {
    /// Reads this header; default [`ProxyHeader::XForwardedFor`].
    #[must_use]
    pub const fn header(mut self, header: ProxyHeader) -> Self {
        self.header = header;
        self
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address))
    }

    /// The address of the client whose request came from `peer`.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        match self.header {
            _ if self.ranges.is_empty() => peer.to_canonical(),
            ProxyHeader::XForwardedFor => self.walk(peer, x_forwarded_for(headers)),
            ProxyHeader::Forwarded => self.walk(peer, forwarded(headers)),
        }
    }

    fn walk(&self, peer: IpAddr, mut hops: impl Iterator<Item = Hop>) -> IpAddr {
        let mut client = peer.to_canonical();
        while self.trusts(client) {
            let Some(Some(before)) = hops.next() else {
                break;
            };
            client = before;
        }
        client
    }
}

impl FromStr for TrustedProxies {
    type Err = TrustedProxiesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut ranges = Vec::new();
        for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
            let named: &[&str] = match part {
                "loopback" => &LOOPBACK,
                "private" => &PRIVATE,
                _ => &[part],
            };
            for range in named {
                ranges.push(Cidr::parse(range).ok_or_else(|| TrustedProxiesError {
                    part: part.to_owned(),
                })?);
            }
        }
        Ok(Self {
            ranges,
            header: ProxyHeader::default(),
        })
    }
}

impl fmt::Display for TrustedProxies {
    /// The form that [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.ranges.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{range}")?;
        }
        Ok(())
    }
}

impl Serialize for TrustedProxies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TrustedProxies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1"];
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(proxies: &str, peer: &str, header: &'static str, value: &'static str) -> String {
        let mut proxies: TrustedProxies = proxies.parse().unwrap();
        if header == "forwarded" {
            proxies = proxies.header(ProxyHeader::Forwarded);
        }
        let mut headers = HeaderMap::new();
        headers.insert(header, HeaderValue::from_static(value));
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn without_trust_the_client_is_the_peer() {
        assert_eq!(
            client("", "203.0.113.1", "x-forwarded-for", "1.1.1.1"),
            "203.0.113.1"
        );
        assert_eq!(
            client("10.0.0.0/8", "203.0.113.1", "x-forwarded-for", "1.1.1.1"),
            "203.0.113.1"
        );
        assert_eq!(
            client("", "::ffff:203.0.113.1", "x-forwarded-for", "1.1.1.1"),
            "203.0.113.1"
        );
    }

    #[test]
    fn the_client_is_the_first_from_the_right_who_is_not_trusted() {
        for (value, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("1.1.1.1, 203.0.113.9", "203.0.113.9"),
            ("1.1.1.1, 203.0.113.9, 10.0.0.3", "203.0.113.9"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("1.1.1.1, unknown, 10.0.0.2", "10.0.0.2"),
            ("1.1.1.1, unknown", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(
                client("private", "10.0.0.1", "x-forwarded-for", value),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn only_the_header_that_was_chosen_is_read() {
        assert_eq!(
            client("loopback", "127.0.0.1", "forwarded", "for=203.0.113.9"),
            "203.0.113.9"
        );
        assert_eq!(client("loopback", "::1", "x-real-ip", "203.0.113.9"), "::1");
        let proxies: TrustedProxies = "loopback".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("forwarded", HeaderValue::from_static("for=6.6.6.6"));
        assert_eq!(
            proxies.client([127, 0, 0, 1].into(), &headers).to_string(),
            "127.0.0.1"
        );
    }

    #[test]
    fn lists_are_read_and_shown() {
        let proxies: TrustedProxies = "10.1.0.0/16, loopback 2001:db8::1".parse().unwrap();

        assert_eq!(
            proxies.to_string(),
            "10.1.0.0/16,127.0.0.0/8,::1/128,2001:db8::1/128"
        );
        assert_eq!(proxies.to_string().parse(), Ok(proxies));
        assert_eq!(
            "10.0.0.0/8,nginx"
                .parse::<TrustedProxies>()
                .unwrap_err()
                .to_string(),
            "\"nginx\" is no address, no range such as 10.0.0.0/8, and neither loopback nor private"
        );
    }
}
