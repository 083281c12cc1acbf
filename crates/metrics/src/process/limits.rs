use crate::digits::number;

/// The soft limits of `/proc/self/limits`; one that is not set is infinite.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Limits {
    pub open_files: Option<f64>,
    pub address_space: Option<f64>,
}

impl Limits {
    pub(super) fn parse(text: &str) -> Self {
        let mut limits = Self::default();
        for line in text.lines() {
            if let Some(columns) = line.strip_prefix("Max open files") {
                limits.open_files = soft(columns);
            } else if let Some(columns) = line.strip_prefix("Max address space") {
                limits.address_space = soft(columns);
            }
        }
        limits
    }
}

fn soft(columns: &str) -> Option<f64> {
    match columns.split_ascii_whitespace().next()? {
        "unlimited" => Some(f64::INFINITY),
        limit => number(limit.as_bytes()).map(|limit| limit as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_not_set_is_infinite() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            1024                 1048576              files     \n\
                      Max address space         unlimited            unlimited            bytes     \n";

        assert_eq!(
            Limits::parse(limits),
            Limits {
                open_files: Some(1024.0),
                address_space: Some(f64::INFINITY),
            }
        );
    }

    #[test]
    fn a_limit_that_cannot_be_read_is_absent() {
        assert_eq!(Limits::parse("Max open files  many\n"), Limits::default());
        assert_eq!(Limits::parse("Max open files"), Limits::default());
        assert_eq!(Limits::parse(""), Limits::default());
    }
}
