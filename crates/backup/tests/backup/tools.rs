use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

/// A directory with a `pg_dump` of our own.
pub(crate) struct Tools(tempfile::TempDir);

impl Tools {
    pub(crate) fn with_pg_dump(script: &str) -> Self {
        let real = real_directory().join("pg_dump");
        let tools = Self(tempfile::tempdir().unwrap());
        let path = tools.0.path().join("pg_dump");
        let text = format!(
            "#!/bin/bash\nREAL='{}'\nif [ \"$1\" = --version ]; then exec \"$REAL\" --version; fi\n{script}\n",
            real.display()
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        tools
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.0.path().to_owned()
    }
}

/// The directory of the newest installed version.
pub(crate) fn real_directory() -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL's programs: apt-get install postgresql")
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|directory| directory.join("pg_dump").exists())
        .collect();
    found.sort();
    found.pop().expect("pg_dump: apt-get install postgresql-client")
}
