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
pub(super) fn sync_directory(directory: &Path) {
    note("sync", directory).ok();
    #[cfg(unix)]
    if let Ok(directory) = File::open(directory) {
        directory.sync_all().ok();
    }
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

    thread_local! {
        static STEPS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
        static FAILS: RefCell<Option<&'static str>> = const { RefCell::new(None) };
    }

    pub(in super::super) fn note(step: &'static str, path: &Path) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_file = name.contains("log");
        let name = if is_file { &*name } else { "directory" };
        STEPS.with_borrow_mut(|steps| steps.push(format!("{step} {name}")));
        match FAILS.with_borrow(|fails| *fails == Some(step)) {
            true => Err(io::Error::other("the disk is broken")),
            false => Ok(()),
        }
    }

    /// The steps of this thread since it was last asked.
    pub(in super::super) fn steps() -> Vec<String> {
        STEPS.with_borrow_mut(mem::take)
    }

    /// From now on these steps of this thread fail.
    pub(in super::super) fn fail(step: Option<&'static str>) {
        FAILS.set(step);
    }
}
