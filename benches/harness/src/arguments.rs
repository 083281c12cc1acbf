use std::path::PathBuf;

use crate::Error;

/// What a bench program was asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    /// Measure everything.
    Measure {
        /// Take fewer rounds.
        quick: bool,
        /// Write the rows there.
        json: Option<PathBuf>,
    },
    /// Run one kernel, as callgrind's child.
    Kernel { name: String, iterations: u64 },
}

impl Arguments {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, Error> {
        let mut arguments = arguments.into_iter();
        let (mut quick, mut json, mut kernel) = (false, None, None);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => quick = true,
                "--json" => json = arguments.next().map(PathBuf::from),
                Self::KERNEL => {
                    let name = arguments.next().unwrap_or_default();
                    let iterations = arguments
                        .next()
                        .and_then(|count| count.parse().ok())
                        .unwrap_or_default();
                    kernel = Some(Self::Kernel { name, iterations });
                }
                _ => return Err(Error::Argument { argument }),
            }
        }
        Ok(kernel.unwrap_or(Self::Measure { quick, json }))
    }

    /// What stands before the name of a kernel and its number of iterations.
    pub(crate) const KERNEL: &str = "--kernel";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, Error> {
        Arguments::parse(arguments.iter().map(|&argument| argument.to_owned()))
    }

    #[test]
    fn options_and_kernels_are_told_apart() {
        assert_eq!(
            parse(&["--quick", "--json", "a.json"]).unwrap(),
            Arguments::Measure {
                quick: true,
                json: Some(PathBuf::from("a.json"))
            },
        );
        assert_eq!(
            parse(&["--kernel", "x/ours", "20"]).unwrap(),
            Arguments::Kernel {
                name: "x/ours".to_owned(),
                iterations: 20
            },
        );
        assert_eq!(
            parse(&["--fast"]).unwrap_err().to_string(),
            "argument --fast is not one of --quick, --json PATH",
        );
    }
}
