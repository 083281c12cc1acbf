use crate::digits::number;

/// The bytes of `/proc/self/net/netstat`: of the whole network namespace, which a container has for itself.
#[derive(Debug, PartialEq)]
pub(super) struct Traffic {
    pub received: u64,
    pub sent: u64,
}

/// Where the numbers are: the lines of names, which are most of the file, stay the same while the kernel runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// The length of the names before ours, line end included.
    before: usize,
    /// The length of our names.
    names: usize,
    received: usize,
    sent: usize,
}

impl Traffic {
    /// Reads the numbers by the layout of the last time, or finds out a new one.
    pub(super) fn parse(text: &[u8], layout: &mut Option<Layout>) -> Option<Self> {
        if let Some(traffic) = layout.as_ref().and_then(|layout| layout.read(text)) {
            return Some(traffic);
        }
        *layout = Layout::find(text);
        layout.as_ref()?.read(text)
    }
}

impl Layout {
    fn find(text: &[u8]) -> Option<Self> {
        let mut lines = text.split_inclusive(|byte| *byte == b'\n');
        let before = lines.next()?.len();
        let _values_before = lines.next()?;
        let names = lines.next().filter(|line| line.starts_with(OURS))?;
        let column = |name: &[u8]| {
            let mut names = names.trim_ascii_end().split(|byte| *byte == b' ');
            names.position(|found| found == name)
        };
        Some(Self {
            before,
            names: names.len(),
            received: column(b"InOctets")?,
            sent: column(b"OutOctets")?,
        })
    }

    /// None when the text is laid out in another way.
    fn read(&self, text: &[u8]) -> Option<Traffic> {
        let values_before = text.get(self.before..)?;
        let end = values_before.iter().position(|byte| *byte == b'\n')?;
        let ours = values_before
            .get(end + 1..)
            .filter(|ours| ours.starts_with(OURS))?;
        let values = ours.get(self.names..).filter(|values| values.starts_with(OURS))?;
        let end = values.iter().position(|byte| *byte == b'\n')?;
        let mut columns = values.get(..end)?.split(|byte| *byte == b' ').enumerate();
        let mut column = |index: usize| {
            let (_, value) = columns.find(|(found, _)| *found == index)?;
            number(value)
        };
        // In this order: the columns are walked once.
        let (low, high) = (self.received.min(self.sent), self.received.max(self.sent));
        let (first, second) = (column(low)?, column(high)?);
        let (received, sent) = if self.received < self.sent {
            (first, second)
        } else {
            (second, first)
        };
        Some(Traffic { received, sent })
    }
}

const OURS: &[u8] = b"IpExt: ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_their_names() {
        let text = b"TcpExt: InOctets OutOctets\nTcpExt: 1 2\n\
                     IpExt: InNoRoutes OutOctets InOctets InMcastOctets\nIpExt: 0 42 17 3\n\
                     MPTcpExt: A\nMPTcpExt: 0\n";
        let mut layout = None;

        let traffic = Traffic::parse(text, &mut layout);

        assert_eq!(
            traffic,
            Some(Traffic {
                received: 17,
                sent: 42
            })
        );
        assert_eq!(
            Traffic::parse(b"TcpExt: A\nTcpExt: 0\nIpExt: InOctets\nIpExt: 1\n", &mut layout),
            None
        );
        assert_eq!(Traffic::parse(b"IpExt: InOctets OutOctets\n", &mut layout), None);
    }

    #[test]
    fn a_layout_is_used_again_and_given_up_when_it_does_not_fit() {
        let mut layout = None;
        let text = |before: &str, names: &str, values: &str| {
            format!(
                "TcpExt: A{before}\nTcpExt: {}\nIpExt: {names}\nIpExt: {values}\n",
                values.len()
            )
        };
        let mut read = |before: &str, names: &str, values: &str| {
            let traffic = Traffic::parse(text(before, names, values).as_bytes(), &mut layout)?;
            Some((traffic.received, traffic.sent))
        };

        assert_eq!(read("", "InOctets OutOctets", "1 2"), Some((1, 2)));
        assert_eq!(
            read("", "InOctets OutOctets", "1000000 20000000000"),
            Some((1_000_000, 20_000_000_000))
        );
        assert_eq!(read(" B", "InOctets OutOctets", "3 4"), Some((3, 4)));
        assert_eq!(read("", "X OutOctets InOctets", "9 5 6"), Some((6, 5)));
    }
}
