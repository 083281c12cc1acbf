//! What a service's own binary can say about its configuration: `check`, `explain`, `docs`, `schema`.
//!
//! [`run`] takes a command line of its own, or the rest of one after a subcommand of the service. The source and the
//! writer come from the caller; it returns an [`Exit`] and never ends the process.
//!
//! # Examples
//! A binary of its own, `lobby-config check`:
//! ```no_run
//! use std::io;
//!
//! use groundcrew_envcfg::{Config, ProcessEnv, cli};
//!
//! #[derive(Config)]
//! struct Settings {
//!     port: u16,
//! }
//!
//! fn main() -> io::Result<cli::Exit> {
//!     cli::run::<Settings>(std::env::args_os(), &ProcessEnv, &mut io::stdout())
//! }
//! ```
//!
//! A subcommand, `lobby config check`, here below clap:
//! ```
//! use std::{ffi::OsString, iter::once};
//!
//! use clap::Parser;
//! use groundcrew_envcfg::{Config, Vars, cli};
//!
//! #[derive(Config)]
//! struct Settings {
//!     port: u16,
//! }
//!
//! #[derive(Parser)]
//! enum Lobby {
//!     /// Runs the service
//!     Serve,
//!     /// Says what is known about the configuration
//!     #[command(disable_help_flag = true)]
//!     Config {
//!         #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
//!         rest: Vec<OsString>,
//!     },
//! }
//!
//! let mut out = Vec::new();
//! if let Lobby::Config { rest } = Lobby::parse_from(["lobby", "config", "check"]) {
//!     let args = once(OsString::from("lobby config")).chain(rest);
//!     let exit = cli::run::<Settings>(args, &Vars::from([("PORT", "80")]), &mut out)?;
//!     assert_eq!((exit, out.as_slice()), (cli::Exit::Success, b"ok\n".as_slice()));
//! }
//! # Ok::<(), std::io::Error>(())
//! ```

mod exit;
mod explain;
mod format;
mod profiles;

pub use exit::Exit;

use format::Format;

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Parser, Subcommand};

use crate::{Config, Docs, EnvSource, Report, Style, docs};

/// What to say about a configuration.
#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Loads the configuration and reports every problem; the exit code is 78 if there is one
    Check {
        /// Report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Says which variables are set and where, without their values
    Explain {
        /// The variable to explain; all of them if it is left out
        variable: Option<String>,
        /// Explain as JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints the documentation of every variable
    Docs {
        /// In which form
        #[arg(long, value_enum, default_value_t = Format::Markdown)]
        format: Format,
        /// Where it goes
        #[command(flatten)]
        target: Target,
    },
    /// Prints the JSON Schema of the variables
    Schema {
        /// Where it goes
        #[command(flatten)]
        target: Target,
    },
}

/// Where a document goes: to the output, if neither is given.
#[derive(Clone, Debug, Default, clap::Args)]
struct Target {
    /// Write it to this file instead
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Print nothing, and end with 1 if this file differs from it
    #[arg(long, value_name = "FILE", conflicts_with = "write")]
    check: Option<PathBuf>,
}

#[derive(Parser)]
#[command(about = "Says what is known about the configuration")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Runs a command line, of which the first of `args` is the program.
///
/// What it has to say, the report of `check` and the help included, goes to `out`.
///
/// # Errors
/// An error of `out` or of a file that is to be written. What is wrong with the configuration or with the
/// arguments is an [`Exit`].
pub fn run<C: Config>(
    args: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    source: &impl EnvSource,
    out: &mut impl Write,
) -> io::Result<Exit> {
    match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments.command.run::<C>(source, out),
        Err(error) => {
            write!(out, "{}", error.render())?;
            Ok(if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            })
        }
    }
}

impl Command {
    fn run<C: Config>(&self, source: &impl EnvSource, out: &mut impl Write) -> io::Result<Exit> {
        match self {
            Self::Check { json } => check::<C>(source, *json, out),
            Self::Explain { variable, json } => explain::run::<C>(source, variable.as_deref(), *json, out),
            Self::Docs { format, target } => target.put(&format.document(&C::docs()), out),
            Self::Schema { target } => target.put(&schema(&C::docs()), out),
        }
    }
}

impl Target {
    fn put(&self, document: &str, out: &mut impl Write) -> io::Result<Exit> {
        match (&self.write, &self.check) {
            (Some(path), _) => docs::write(path, document).map(|()| Exit::Success),
            (None, Some(path)) => compare(path, document, out),
            (None, None) => out.write_all(document.as_bytes()).map(|()| Exit::Success),
        }
    }
}

fn compare(path: &Path, document: &str, out: &mut impl Write) -> io::Result<Exit> {
    match fs::read_to_string(path) {
        Ok(text) if text.lines().eq(document.lines()) => Ok(Exit::Success),
        Ok(_) => {
            writeln!(out, "{} is out of date: write it with --write", path.display())?;
            Ok(Exit::Stale)
        }
        Err(error) => {
            writeln!(out, "cannot read {}: {}", path.display(), error.kind())?;
            Ok(Exit::Stale)
        }
    }
}

fn schema(docs: &Docs) -> String {
    docs.json_schema().to_string()
}

fn check<C: Config>(source: &impl EnvSource, json: bool, out: &mut impl Write) -> io::Result<Exit> {
    let (report, exit) = match C::load(source) {
        Ok(loaded) => (Report::new(Vec::new(), loaded.warnings), Exit::Success),
        Err(report) => (report, Exit::Invalid),
    };
    if json {
        writeln!(out, "{}", report.to_json())?;
        return Ok(exit);
    }
    if exit == Exit::Invalid {
        let page = report.render(&Style::detect(source, false));
        return out.write_all(page.as_bytes()).map(|()| exit);
    }
    for warning in report.warnings() {
        writeln!(out, "warning: {warning}")?;
    }
    writeln!(out, "ok")?;
    Ok(exit)
}
