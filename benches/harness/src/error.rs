use std::{io, path::PathBuf};

/// Why a measurement could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program could not be started.
    #[error("cannot start {program}")]
    Start {
        /// Its name.
        program: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Callgrind did not say how many instructions it saw.
    #[error("no instruction count for {kernel}: {output}")]
    NoCount {
        /// What was run.
        kernel: String,
        /// What callgrind said instead.
        output: String,
    },
    /// A process with an environment of its own did not say what it measured, or its check failed.
    #[error("no {part} of {comparison}: {output}")]
    NoPart {
        /// What was asked for.
        part: &'static str,
        /// Of which comparison.
        comparison: String,
        /// What the process said instead.
        output: String,
    },
    /// The results could not be written.
    #[error("cannot write {path}")]
    Write {
        /// Where to.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A command-line argument is not known.
    #[error("argument {argument} is not one of --quick, --only NAME, --json PATH")]
    Argument {
        /// The argument.
        argument: String,
    },
}
