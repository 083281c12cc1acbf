use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::Error;

/// Fills a directory beside `directory` and moves it there at the end: a directory that exists is complete.
/// `is_there` says whether another run was faster.
pub(super) fn directory(
    directory: &Path,
    is_there: impl Fn() -> bool,
    fill: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut partial = directory.as_os_str().to_owned();
    partial.push(format!(".partial-{}", std::process::id()));
    let partial = PathBuf::from(partial);
    fs::create_dir_all(&partial).map_err(|source| Error::Write {
        path: partial.clone(),
        source,
    })?;
    fill(&partial)?;
    match fs::rename(&partial, directory) {
        Err(_) if is_there() => {
            drop(fs::remove_dir_all(&partial));
            Ok(())
        }
        Err(source) => Err(Error::Write {
            path: directory.to_owned(),
            source,
        }),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> PathBuf {
        let place = std::env::temp_dir().join(format!("xtask-install-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&place));
        fs::create_dir_all(&place).expect("a directory can be made");
        place
    }

    #[test]
    fn what_failed_half_way_is_not_there() {
        let place = place("half");
        let directory = place.join("tool-1.0");

        let failed = super::directory(
            &directory,
            || false,
            |partial| {
                fs::write(partial.join("a"), "half").expect("the directory is there");
                Err(Error::UnknownPackage {
                    name: String::from("tool"),
                })
            },
        );

        assert!(matches!(failed, Err(Error::UnknownPackage { .. })));
        assert!(!directory.exists());
        fs::remove_dir_all(place).expect("it is ours");
    }

    #[test]
    fn the_faster_of_two_runs_wins() {
        let place = place("race");
        let directory = place.join("tool-1.0");
        let file = directory.join("program");

        super::directory(
            &directory,
            || file.is_file(),
            |partial| {
                fs::create_dir_all(&directory).expect("the other run is first");
                fs::write(&file, "theirs").expect("the other run is first");
                fs::write(partial.join("program"), "ours").map_err(|source| Error::Write {
                    path: partial.to_owned(),
                    source,
                })
            },
        )
        .expect("it is installed");

        assert_eq!(fs::read_to_string(&file).ok().as_deref(), Some("theirs"));
        assert_eq!(fs::read_dir(&place).map_or(0, Iterator::count), 1);
        fs::remove_dir_all(place).expect("it is ours");
    }
}
