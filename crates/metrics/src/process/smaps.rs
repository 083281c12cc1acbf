use crate::digits::number;

/// `/proc/self/smaps_rollup`, in bytes; see `proc_pid_smaps(5)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct SmapsRollup {
    pub proportional: u64,
    pub private: u64,
    pub swapped: u64,
}

impl SmapsRollup {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rollup = Self::default();
        let mut is_rollup = false;
        for line in text.lines() {
            let Some((name, size)) = line.split_once(':') else {
                continue;
            };
            let Some(size) = kilobytes(size) else { continue };
            match name {
                "Pss" => (rollup.proportional, is_rollup) = (size, true),
                "Private_Clean" | "Private_Dirty" => rollup.private = rollup.private.saturating_add(size),
                "Swap" => rollup.swapped = size,
                _ => {}
            }
        }
        is_rollup.then_some(rollup)
    }
}

fn kilobytes(text: &str) -> Option<u64> {
    let digits = text.trim().strip_suffix(" kB")?;
    number(digits.as_bytes())?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_memory_is_clean_and_dirty() {
        let text = "559c58515000-7ffcfb2fc000 ---p 00000000 00:00 0                          [rollup]\n\
                    Rss:                1752 kB\nPss:                 278 kB\nPss_Dirty:           112 kB\n\
                    Private_Clean:        40 kB\nPrivate_Dirty:       112 kB\nSwap:                  8 kB\n\
                    SwapPss:               4 kB\n";

        assert_eq!(
            SmapsRollup::parse(text),
            Some(SmapsRollup {
                proportional: 278 * 1024,
                private: 152 * 1024,
                swapped: 8 * 1024,
            })
        );
        assert_eq!(SmapsRollup::parse("Rss: 1 kB\n"), None);
    }
}
