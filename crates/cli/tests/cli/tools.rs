use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use groundcrew_testkit::Postgres;
use tempfile::TempDir;

/// A directory with PostgreSQL's tools, of which some are replaced by scripts.
pub(crate) struct Tools {
    directory: TempDir,
    real: PathBuf,
}

impl Tools {
    pub(crate) fn new(server: &Postgres) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            real: server.programs().to_owned(),
        }
    }

    /// Runs `script` for `tool`, except for the question for its version; `$REAL` is the tool itself.
    pub(crate) fn replace(&self, tool: &str, script: &str) {
        let real = self.real.join(tool);
        let path = self.path().join(tool);
        let text = format!(
            "#!/bin/bash\nREAL='{}'\n[ \"$1\" = --version ] && exec \"$REAL\" --version\n{script}\n",
            real.display()
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs `begin` for `tool`, which then neither writes, reads nor ends.
    pub(crate) fn hang(&self, tool: &str, begin: &str) {
        self.replace(
            tool,
            &format!("{begin}\necho $$ > \"$0.new\" && mv \"$0.new\" \"$0.pid\"\nexec sleep 1000"),
        );
    }

    /// The process of a tool that hangs by now.
    pub(crate) fn hanging(&self, tool: &str) -> Option<u32> {
        let text = fs::read_to_string(self.path().join(format!("{tool}.pid"))).ok()?;
        Some(text.trim().parse().unwrap())
    }

    pub(crate) fn variable(&self) -> (&'static str, &str) {
        ("BACKUP_PG_BINDIR", self.path().to_str().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}
