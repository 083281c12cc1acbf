//! The steps by which a file takes the place of another one for good: their order is what a loss of power tests.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// Has the content of a file, which stands at `path`, on the disk.
pub(super) fn sync(file: &File, path: &Path) -> io::Result<()> {
    note("sync", path)?;
    file.sync_all()
}

pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    note("rename", from)?;
    fs::rename(from, to)
}

/// Has the names in a directory on the disk, where that can be asked for.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    match sync_names(directory) {
        Err(error) if cannot_be_asked(&error) => Ok(()),
        result => result,
    }
}

fn sync_names(directory: &Path) -> io::Result<()> {
    note("sync", directory)?;
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    Ok(())
}

/// Whether the file system does not sync directories, or not for us: its names last as they do.
fn cannot_be_asked(error: &io::Error) -> bool {
    const KINDS: [io::ErrorKind; 3] = [
        io::ErrorKind::InvalidInput,
        io::ErrorKind::Unsupported,
        io::ErrorKind::PermissionDenied,
    ];
    KINDS.contains(&error.kind()) || is_bad_descriptor(error)
}

/// What some network file systems say.
#[cfg(unix)]
fn is_bad_descriptor(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error())
}

#[cfg(not(unix))]
const fn is_bad_descriptor(_: &io::Error) -> bool {
    false
}

pub(super) fn remove(path: &Path) -> io::Result<()> {
    note("remove", path)?;
    fs::remove_file(path)
}

#[cfg(not(all(test, feature = "gzip")))]
#[expect(clippy::unnecessary_wraps, reason = "in tests steps can fail")]
const fn note(_: &'static str, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, feature = "gzip"))]
pub(super) use self::script::note;

/// What a test sees of the steps, and which of them it lets fail.
#[cfg(all(test, feature = "gzip"))]
pub(super) mod script {
    use std::{cell::RefCell, io, mem, path::Path};

    use rustix::io::Errno;

    thread_local! {
        static STEPS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
        static FAILS: RefCell<Option<(&'static str, Errno)>> = const { RefCell::new(None) };
    }

    pub(in super::super) fn note(step: &'static str, path: &Path) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_file = name.contains("log");
        let name = if is_file { &*name } else { "directory" };
        let step = format!("{step} {name}");
        let failure = FAILS.with_borrow(|fails| fails.filter(|(failing, _)| step.starts_with(failing)));
        STEPS.with_borrow_mut(|steps| steps.push(step));
        match failure {
            Some((_, code)) => Err(code.into()),
            None => Ok(()),
        }
    }

    /// The steps of this thread since it was last asked.
    pub(in super::super) fn steps() -> Vec<String> {
        STEPS.with_borrow_mut(mem::take)
    }

    /// From now on the steps of this thread that begin so fail, with this error of the system.
    pub(in super::super) fn fail(step: Option<(&'static str, Errno)>) {
        FAILS.set(step);
    }
}
