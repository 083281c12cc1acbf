use std::path::PathBuf;

use crate::Error;

/// What a bench program was asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    /// Measure everything.
    Measure {
        /// Take fewer rounds.
        quick: bool,
        /// Measure only what has a name that begins so.
        only: Option<String>,
        /// Write the rows there.
        json: Option<PathBuf>,
    },
    /// Run one kernel, as callgrind's child.
    Kernel { name: String, iterations: u64 },
    /// Take one part of a comparison and print the numbers, as the child that has an environment of its own.
    Part {
        part: Part,
        comparison: String,
        quick: bool,
    },
}

/// What a process with an environment of its own does for a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Check,
    Allocations,
    Wall,
}

/// Whether this process runs one kernel for callgrind and nothing else: then what a process has one of, such as the
/// global subscriber, may be set.
#[must_use]
pub fn runs_one_kernel() -> bool {
    std::env::args().any(|argument| argument == Arguments::KERNEL)
}

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Allocations => "allocations",
            Self::Wall => "wall",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Check, Self::Allocations, Self::Wall]
            .into_iter()
            .find(|part| part.name() == name)
    }
}

impl Arguments {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, Error> {
        let mut arguments = arguments.into_iter();
        let (mut quick, mut only, mut json) = (false, None, None);
        let (mut kernel, mut part) = (None, None);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                Self::QUICK => quick = true,
                "--only" => only = arguments.next(),
                "--json" => json = arguments.next().map(PathBuf::from),
                Self::KERNEL => {
                    let name = arguments.next().unwrap_or_default();
                    let iterations = arguments
                        .next()
                        .and_then(|count| count.parse().ok())
                        .unwrap_or_default();
                    kernel = Some(Self::Kernel { name, iterations });
                }
                Self::PART => {
                    let name = arguments.next().unwrap_or_default();
                    let named = Part::named(&name).ok_or(Error::Argument { argument: name })?;
                    part = Some((named, arguments.next().unwrap_or_default()));
                }
                _ => return Err(Error::Argument { argument }),
            }
        }
        let part = part.map(|(part, comparison)| Self::Part {
            part,
            comparison,
            quick,
        });
        Ok(part.or(kernel).unwrap_or(Self::Measure { quick, only, json }))
    }

    /// What stands before the name of a kernel and its number of iterations.
    pub(crate) const KERNEL: &str = "--kernel";
    /// What stands before a part and the name of its comparison.
    pub(crate) const PART: &str = "--part";
    /// Asks for fewer rounds.
    pub(crate) const QUICK: &str = "--quick";
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
                only: None,
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
            parse(&["--part", "wall", "x", "--quick"]).unwrap(),
            Arguments::Part {
                part: Part::Wall,
                comparison: "x".to_owned(),
                quick: true
            },
        );
        assert_eq!(
            parse(&["--fast"]).unwrap_err().to_string(),
            "argument --fast is not one of --quick, --only NAME, --json PATH",
        );
    }
}
