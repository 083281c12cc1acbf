use std::{fs, path::PathBuf};

use super::{LogFile, names::Names, open_file::Identity};
use crate::Error;

impl LogFile {
    /// Whether files can be rotated beside each other.
    ///
    /// # Errors
    /// [`Error::NamedAsArchive`] and [`Error::SameFile`]
    pub(crate) fn check_all(files: &[&Self]) -> Result<(), Error> {
        let places: Vec<Place> = files.iter().map(|file| Place::of(file)).collect();
        for (at, (file, place)) in files.iter().zip(&places).enumerate() {
            for (other, there) in files.iter().zip(&places).skip(at + 1) {
                for (file, place, other, there) in [(file, place, other, there), (other, there, file, place)]
                {
                    if place.is_archive_of(there) {
                        let (path, of) = (file.path.clone(), other.path.clone());
                        return Err(Error::NamedAsArchive { path, of });
                    }
                }
                if place.path != there.path && place.identity.is_some() && place.identity == there.identity {
                    let (path, other) = (file.path.clone(), other.path.clone());
                    return Err(Error::SameFile { path, other });
                }
            }
        }
        Ok(())
    }
}

/// Where a log file is, whatever links lead there.
struct Place {
    path: PathBuf,
    /// None of a file that is not there yet, and of a device or a pipe.
    identity: Option<Identity>,
}

impl Place {
    fn of(file: &LogFile) -> Self {
        let path = file.real_path();
        let directory = path.parent().and_then(|parent| fs::canonicalize(parent).ok());
        let path = match (directory, path.file_name()) {
            (Some(directory), Some(name)) => directory.join(name),
            _ => path,
        };
        let is_file = fs::metadata(&path).is_ok_and(|metadata| metadata.is_file());
        Self {
            identity: is_file.then(|| Identity::of_path(&path).ok()).flatten(),
            path,
        }
    }

    fn is_archive_of(&self, other: &Self) -> bool {
        let names = Names::new(&other.path);
        self.path.parent() == other.path.parent()
            && self
                .path
                .file_name()
                .is_some_and(|name| names.parse(name).is_some())
    }
}
