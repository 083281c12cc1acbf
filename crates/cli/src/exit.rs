//! The exit codes, which scripts rely on.

/// It failed, for any reason without a code of its own.
pub(crate) const FAILED: u8 = 1;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 2;
/// The service is not healthy, or the backup is damaged.
pub(crate) const UNHEALTHY: u8 = 3;
/// The service, the database or the store cannot be reached; `EX_UNAVAILABLE` of sysexits.h.
pub(crate) const UNREACHABLE: u8 = 69;
/// A signal ended it: this and the signal's number, as shells say it.
pub(crate) const SIGNAL: u8 = 128;
/// The environment is wrong; `EX_CONFIG` of sysexits.h.
pub(crate) const CONFIGURATION: u8 = 78;

pub(crate) const TABLE: &str = "\
Exit codes:
   0  done
   1  failed
   2  the command line is wrong
   3  the service is not healthy, or the backup is damaged
  69  the service, the database or the store cannot be reached
  78  the configuration is wrong
 130  ended by Ctrl-C (SIGINT)
 143  ended by SIGTERM";
