use crate::digits::number;

/// The bytes of `/proc/self/net/netstat`: of the whole network namespace, which a container has for itself.
#[derive(Debug, PartialEq)]
pub(super) struct Traffic {
    pub received: u64,
    pub sent: u64,
}

impl Traffic {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix("IpExt: "));
        let (names, values) = (lines.next()?, lines.next()?);
        let (mut received, mut sent) = (None, None);
        for (name, value) in names.split(' ').zip(values.split(' ')) {
            match name {
                "InOctets" => received = number(value.as_bytes()),
                "OutOctets" => sent = number(value.as_bytes()),
                _ => {}
            }
        }
        Some(Self {
            received: received?,
            sent: sent?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_their_names() {
        let text = "TcpExt: InOctets OutOctets\nTcpExt: 1 2\n\
                    IpExt: InNoRoutes OutOctets InOctets InMcastOctets\nIpExt: 0 42 17 3\n\
                    MPTcpExt: A\nMPTcpExt: 0\n";

        assert_eq!(
            Traffic::parse(text),
            Some(Traffic {
                received: 17,
                sent: 42
            })
        );
        assert_eq!(Traffic::parse("IpExt: InOctets\nIpExt: 1\n"), None);
        assert_eq!(Traffic::parse("IpExt: InOctets OutOctets\n"), None);
    }
}
