use std::{
    ffi::OsString,
    fs::{self, File, Metadata},
    hash::{DefaultHasher, Hash, Hasher},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::bounded;

/// What is behind each watched path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamps(Vec<(PathBuf, Stamp)>);

impl Stamps {
    pub(super) fn of(files: &[PathBuf]) -> Self {
        let stamps = files.iter().map(|path| (path.clone(), Stamp::of(path, None)));
        Self(stamps.collect())
    }

    /// Looks at the same paths again, and reads only what looks changed.
    pub(super) fn again(&self) -> Self {
        let stamps = self.0.iter();
        Self(
            stamps
                .map(|(path, stamp)| (path.clone(), Stamp::of(path, Some(stamp))))
                .collect(),
        )
    }

    /// The paths whose content is another than in `other`.
    pub(super) fn changed_since<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = &'s Path> {
        let same = |path: &PathBuf, stamp: &Stamp| other.0.iter().any(|(p, s)| p == path && s == stamp);
        let changed = self.0.iter().filter(move |(path, stamp)| !same(path, stamp));
        changed.map(|(path, _)| path.as_path())
    }
}

/// What is behind one path; equal if the content is, however it came there.
#[derive(Clone, Debug)]
struct Stamp {
    looks: Option<Looks>,
    content: Content,
}

impl PartialEq for Stamp {
    fn eq(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

impl Eq for Stamp {}

/// Enough to tell that a file was not written to, once its last change is old enough for the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Looks {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Unreadable(io::ErrorKind),
    /// The hash stays in this process.
    File(u64),
    Directory(Vec<(OsString, Stamp)>),
}

impl Stamp {
    fn of(path: &Path, before: Option<&Self>) -> Self {
        Self::look(path, before).unwrap_or_else(|error| Self {
            looks: None,
            content: Content::Unreadable(error.kind()),
        })
    }

    fn look(path: &Path, before: Option<&Self>) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        if metadata.is_dir() {
            let content = Content::Directory(entries(path, before)?);
            return Ok(Self { looks: None, content });
        }
        let looks = Looks::of(&metadata);
        match before {
            Some(before) if before.looks == Some(looks) && looks.is_old() => Ok(before.clone()),
            _ => Ok(Self {
                content: Content::File(hash(path, &metadata)?),
                looks: Some(looks),
            }),
        }
    }

    fn entry(&self, name: &OsString) -> Option<&Self> {
        let Content::Directory(entries) = &self.content else {
            return None;
        };
        entries
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, stamp)| stamp)
    }
}

impl Looks {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Two writes within one tick of the file system's clock look the same.
    fn is_old(&self) -> bool {
        let changed = UNIX_EPOCH + Duration::from_secs(u64::try_from(self.changed.0).unwrap_or(0));
        let age = SystemTime::now().duration_since(changed);
        age.is_ok_and(|age| age > COARSEST_CLOCK)
    }
}

/// The files of a directory by name, without what Kubernetes keeps there for itself.
fn entries(path: &Path, before: Option<&Stamp>) -> io::Result<Vec<(OsString, Stamp)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        if !name.as_encoded_bytes().starts_with(b"..") && !path.is_dir() {
            let before = before.and_then(|before| before.entry(&name));
            entries.push((name, Stamp::of(&path, before)));
        }
    }
    entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(entries)
}

fn hash(path: &Path, metadata: &Metadata) -> io::Result<u64> {
    // Opening a pipe would wait for its writer.
    if !metadata.is_file() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let bytes = bounded::read(File::open(path)?)?;
    let mut hasher = DefaultHasher::new();
    (metadata.len(), bytes).hash(&mut hasher);
    Ok(hasher.finish())
}

/// That of FAT.
const COARSEST_CLOCK: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn content_counts_and_not_how_it_came_there() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "same").unwrap();
        let before = Stamps::of(std::slice::from_ref(&path));

        fs::remove_file(&path).unwrap();
        let gone = before.again();
        fs::write(directory.path().join("other"), "same").unwrap();
        symlink("other", &path).unwrap();
        let linked = gone.again();
        fs::write(&path, "SAME").unwrap();
        let written = linked.again();

        assert_ne!(gone, before);
        assert_eq!(linked, before);
        assert_ne!(written, linked);
        assert_eq!(
            written.changed_since(&linked).collect::<Vec<_>>(),
            [path.as_path()]
        );
        assert_eq!(linked.changed_since(&before).count(), 0);
    }

    #[test]
    fn a_directory_is_what_its_files_are() {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("a"), "1").unwrap();
        let before = Stamps::of(&[directory.path().to_owned()]);

        fs::write(directory.path().join("..hidden"), "1").unwrap();
        fs::create_dir(directory.path().join("below")).unwrap();
        let same = before.again();
        fs::write(directory.path().join("b"), "2").unwrap();
        let more = same.again();

        assert_eq!(same, before);
        assert_ne!(more, same);
    }

    #[test]
    fn a_file_at_rest_is_not_read_again() {
        let old = |seconds: u64| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let changed = (i64::try_from(now - seconds).unwrap(), 0);
            let looks = Looks {
                device: 1,
                inode: 1,
                size: 1,
                modified: (0, 0),
                changed,
            };
            looks.is_old()
        };

        assert!(old(10));
        assert!(!old(0));
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let stamp = Stamp::of(Path::new("/dev/null"), None);

        assert_eq!(stamp.content, Content::Unreadable(io::ErrorKind::Unsupported));
    }
}
