use std::{fs, os::unix::fs::chown, os::unix::process::CommandExt, path::Path, process::Command};

use crate::error::Error;

/// The unprivileged account that servers which refuse root run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// `postgres`, else `nobody`, when we are root; `None` for a plain user, whose servers run as that user.
    pub(crate) fn unprivileged() -> Result<Option<Self>, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(Error::file("reading", "/etc/passwd"))?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| Self::find(&passwd, name))
            .map(Some)
            .ok_or(Error::NoAccount)
    }

    /// Makes `command` run as this account.
    pub(crate) fn apply(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Gives `path` to this account.
    pub(crate) fn own(self, path: &Path) -> Result<(), Error> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(Error::file("changing the owner of", path))
    }

    fn find(passwd: &str, name: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == name).then_some(())?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { uid, gid })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_exact_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres2:x:9:9::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";

        let found = Account::find(passwd, "postgres");

        assert_eq!(found, Some(Account { uid: 101, gid: 104 }));
        assert_eq!(Account::find(passwd, "nobody"), None);
    }
}
