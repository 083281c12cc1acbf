use crate::digits::number;

/// `/proc/self/stat`, see `proc_pid_stat(5)`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Stat {
    pub cpu_ticks: u64,
    pub threads: u64,
    pub start_ticks: u64,
    pub virtual_bytes: u64,
    pub resident_pages: u64,
}

impl Stat {
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        // The second field, the command, may hold spaces and parentheses; the third one follows it.
        let end = text.iter().rposition(|byte| *byte == b')')?;
        let mut fields = text
            .get(end + 1..)?
            .split(u8::is_ascii_whitespace)
            .filter(|field| !field.is_empty());
        // Of the fields 14 and 15, 20, 22, 23 and 24.
        let user = number(fields.nth(11)?)?;
        let system = number(fields.next()?)?;
        Some(Self {
            cpu_ticks: user.saturating_add(system),
            threads: number(fields.nth(4)?)?,
            start_ticks: number(fields.nth(1)?)?,
            virtual_bytes: number(fields.next()?)?,
            resident_pages: number(fields.next()?)?,
        })
    }
}

/// The pages of data and stacks: the sixth number of `/proc/self/statm`.
pub(super) fn data_pages(statm: &[u8]) -> Option<u64> {
    number(statm.split(u8::is_ascii_whitespace).nth(5)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_parentheses_is_read() {
        let text = b"7 (a ) (b) R 1 7 7 0 -1 4194304 1 0 0 0 250 50 0 0 20 0 3 0 12345 4096000 100 18446744073709551615 1";

        assert_eq!(
            Stat::parse(text),
            Some(Stat {
                cpu_ticks: 300,
                threads: 3,
                start_ticks: 12_345,
                virtual_bytes: 4_096_000,
                resident_pages: 100,
            })
        );
        assert_eq!(Stat::parse(b"7 (short) R 1"), None);
        assert_eq!(Stat::parse(b""), None);
    }

    #[test]
    fn the_data_is_the_sixth_of_the_pages() {
        assert_eq!(data_pages(b"1000 200 30 4 0 567 0\n"), Some(567));
        assert_eq!(data_pages(b"1000 200 30\n"), None);
    }
}
