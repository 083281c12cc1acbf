use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use groundcrew_backup::{BackupId, Ownership};
use groundcrew_base::parse_duration;

use crate::exit;

/// Backups, restores and probes.
#[derive(Debug, Parser)]
#[command(name = "groundcrew", version, about, after_help = exit::TABLE)]
pub(crate) struct Args {
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask a service whether it is healthy
    #[command(after_help = exit::TABLE)]
    Probe {
        /// Where, such as `http://localhost:9090/readyz`
        url: String,
        /// How long to wait for the answer
        #[arg(long, default_value = "5s", value_parser = parse_duration)]
        timeout: Duration,
    },
    /// Take, list, verify, restore and retire backups; configured by the environment
    #[command(after_help = exit::TABLE)]
    Backup {
        #[command(subcommand)]
        command: BackupCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// List what is in the store, oldest first
    List,
    /// Take a backup now
    Run,
    /// Read a backup back and decode every byte
    Verify {
        /// Its id, as `list` shows it
        id: BackupId,
    },
    /// Restore a backup into a database that does not exist yet
    Restore {
        /// Its id, as `list` shows it
        id: BackupId,
        /// The name of the new database
        #[arg(long, value_name = "NAME")]
        into: String,
        /// Who owns what is restored
        #[arg(long, value_enum, default_value_t = Owner::Keep)]
        owner: Owner,
    },
    /// Delete the backups that are old enough
    Prune {
        /// Only show what would be deleted
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Owner {
    /// The roles that owned it; they must exist
    Keep,
    /// The role that restores
    Current,
}

impl From<Owner> for Ownership {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::Keep => Self::Keep,
            Owner::Current => Self::Current,
        }
    }
}
