use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io::Read,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
};

use sha2::{Digest, Sha256};

use crate::{account::Account, error::Error, given, sandbox::Sandbox};

/// A data directory made by `initdb` once and copied for every server.
#[derive(Debug)]
pub(crate) struct Template<'a> {
    pub(crate) postgres: &'a Path,
    /// Further arguments of `initdb`; each list has its own template.
    pub(crate) initdb_args: &'a [String],
}

impl Template<'_> {
    /// Puts a fresh data directory into `sandbox` and answers its path.
    pub(crate) fn instantiate(&self, sandbox: &Sandbox) -> Result<PathBuf, Error> {
        let data = sandbox.path("data");
        match cache_dir() {
            Some(cache) => copy_tree(&self.cached(&cache, sandbox)?, &data, sandbox.account())?,
            None => self.initdb(sandbox, &data)?,
        }
        Ok(data)
    }

    fn cached(&self, cache: &Path, sandbox: &Sandbox) -> Result<PathBuf, Error> {
        let name = self.name()?;
        let template = cache.join(&name);
        if template.is_dir() {
            return Ok(template);
        }
        let lock_path = cache.join(format!("{name}.lock"));
        let lock = File::create(&lock_path).map_err(Error::file("creating", &lock_path))?;
        lock.lock().map_err(Error::file("locking", &lock_path))?;
        if !template.is_dir() {
            // Made in the sandbox, because the server's account may not reach the target directory.
            let fresh = sandbox.path("template");
            self.initdb(sandbox, &fresh)?;
            let partial = cache.join(format!("{name}.{}", process::id()));
            let _leftover = fs::remove_dir_all(&partial);
            copy_tree(&fresh, &partial, None)?;
            fs::rename(&partial, &template).map_err(Error::file("renaming", &partial))?;
            fs::remove_dir_all(&fresh).map_err(Error::file("removing", &fresh))?;
        }
        Ok(template)
    }

    fn args(&self) -> impl Iterator<Item = OsString> {
        let locale = if cfg!(target_os = "linux") { "C.UTF-8" } else { "C" };
        [
            "--username=postgres",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--no-sync",
            "--no-instructions",
        ]
        .into_iter()
        .map(OsString::from)
        .chain([OsString::from(format!("--locale={locale}"))])
        .chain(self.initdb_args.iter().map(OsString::from))
    }

    /// Names the template after everything it depends on.
    fn name(&self) -> Result<String, Error> {
        let version = Command::new(self.postgres)
            .arg("--version")
            .output()
            .map_err(|source| Error::Spawn {
                program: self.postgres.to_owned(),
                source,
            })?;
        let mut hash = Sha256::new();
        hash.update(&version.stdout);
        for arg in self.args() {
            hash.update([0]);
            hash.update(arg.as_encoded_bytes());
        }
        let digest = hex::encode(hash.finalize());
        // Root and a plain user may take turns in one target directory; neither can read the other's.
        let uid = rustix::process::geteuid().as_raw();
        Ok(format!("postgres-{uid}-{}", digest.get(..16).unwrap_or(&digest)))
    }

    fn initdb(&self, sandbox: &Sandbox, data: &Path) -> Result<(), Error> {
        let program = self.postgres.with_file_name("initdb");
        let log_path = sandbox.path("initdb.log");
        let log = File::create(&log_path).map_err(Error::file("creating", &log_path))?;
        let log_too = log.try_clone().map_err(Error::file("opening", &log_path))?;
        let mut command = Command::new(&program);
        command
            .arg("--pgdata")
            .arg(data)
            .args(self.args())
            .current_dir(sandbox.dir())
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_too);
        if let Some(account) = sandbox.account() {
            account.apply(&mut command);
        }
        let status = command
            .status()
            .map_err(|source| Error::Spawn { program, source })?;
        if status.success() {
            return Ok(());
        }
        let mut log = String::new();
        let _unreadable = File::open(&log_path).and_then(|mut file| file.read_to_string(&mut log));
        Err(Error::Exited {
            server: String::from("initdb"),
            status: status.to_string(),
            log,
        })
    }
}

/// `testkit` in the target directory that this program was built into; `None` for an installed program, which
/// has nowhere to keep a template and must leave nothing behind.
fn cache_dir() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    // Documentation tests run from a temporary directory; cargo tells them where the package lies.
    let told = given::variable("CARGO_TARGET_DIR").map(PathBuf::from);
    let package = given::variable("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .unwrap_or_default();
    let target = program
        .ancestors()
        .map(Path::to_owned)
        .chain(told)
        .chain(package.ancestors().map(|dir| dir.join("target")))
        .find(|dir| dir.join("CACHEDIR.TAG").is_file())?;
    let cache = target.join("testkit");
    is_usable(&cache).then_some(cache)
}

/// Whether we may write there: another user may have built this program.
fn is_usable(cache: &Path) -> bool {
    fs::create_dir_all(cache).is_ok() && rustix::fs::access(cache, rustix::fs::Access::WRITE_OK).is_ok()
}

fn copy_tree(from: &Path, to: &Path, account: Option<Account>) -> Result<(), Error> {
    fs::DirBuilder::new()
        .mode(0o700)
        .create(to)
        .map_err(Error::file("creating", to))?;
    if let Some(account) = account {
        account.own(to)?;
    }
    for entry in fs::read_dir(from).map_err(Error::file("reading", from))? {
        let entry = entry.map_err(Error::file("reading", from))?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type().map_err(Error::file("reading", entry.path()))?;
        if kind.is_dir() {
            copy_tree(&entry.path(), &target, account)?;
        } else {
            fs::copy(entry.path(), &target).map_err(Error::file("copying to", &target))?;
            if let Some(account) = account {
                account.own(&target)?;
            }
        }
    }
    Ok(())
}
