//! A file that is opened for ever, as one on a mount that hangs.

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

/// A pipe into which nobody writes.
pub(crate) struct HangingFile(TempDir);

impl HangingFile {
    pub(crate) fn new() -> Self {
        let file = Self(tempfile::tempdir().unwrap());
        mknodat(CWD, file.path(), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        file
    }

    pub(crate) fn path(&self) -> PathBuf {
        Path::join(self.0.path(), "ca.pem")
    }

    /// Lets go who waits for it. Who comes then finds a file that is empty, or what has been put into its place.
    pub(crate) fn release(&self, instead: &str) {
        let writer = OpenOptions::new().read(true).write(true).open(self.path());
        let ready = self.0.path().join("ready");
        std::fs::write(&ready, instead).unwrap();
        std::fs::rename(ready, self.path()).unwrap();
        drop(writer);
    }
}

impl Drop for HangingFile {
    /// The runtime waits for its threads.
    fn drop(&mut self) {
        self.release("");
    }
}
