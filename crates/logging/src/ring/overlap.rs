use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::ring::{journal::inode, layout::Intent};

/// How many of `lines`, which the writer was about to write as `intent` says, stand in the file at `path` or in
/// those that it was rotated to.
///
/// The lines are looked for from the place where the file ended before, and nowhere else: lines may be alike.
pub(super) fn already_written(path: &Path, intent: &Intent, lines: &[&[u8]]) -> io::Result<usize> {
    let longest: usize = lines.iter().map(|line| line.len()).sum();
    let files = siblings(path)?;
    let begun = files.iter().find(|file| file.inode == intent.inode);
    let (mut count, since) = match begun {
        Some(file) => {
            let written = read_from(&file.path, intent.size, longest)?;
            let (count, whole) = matching(&written, lines);
            if !whole || file.path == path {
                return Ok(count);
            }
            (count, file.modified)
        }
        // The file was not there yet.
        None if intent.inode == 0 => (0, SystemTime::UNIX_EPOCH),
        None => return Ok(0),
    };
    // It was rotated in between: what follows is at the start of younger files.
    let mut left: Vec<&Sibling> = files
        .iter()
        .filter(|file| file.inode != intent.inode && file.modified >= since)
        .collect();
    while let Some(rest) = lines.get(count..).filter(|rest| !rest.is_empty()) {
        let longest: usize = rest.iter().map(|line| line.len()).sum();
        let mut found = None;
        for (at, file) in left.iter().enumerate() {
            let (matched, _) = matching(&read_from(&file.path, 0, longest)?, rest);
            if matched > 0 {
                found = Some((at, matched));
                break;
            }
        }
        let Some((at, matched)) = found else { break };
        count += matched;
        left.remove(at);
    }
    Ok(count)
}

/// How many of the lines the bytes begin with, and whether nothing else follows.
fn matching(bytes: &[u8], lines: &[&[u8]]) -> (usize, bool) {
    let mut rest = bytes;
    let mut count = 0;
    for line in lines {
        match rest.strip_prefix(*line) {
            Some(after) => rest = after,
            None => break,
        }
        count += 1;
    }
    (count, rest.is_empty())
}

struct Sibling {
    path: PathBuf,
    inode: u64,
    modified: SystemTime,
}

/// The file itself and those beside it whose names begin as its does.
fn siblings(path: &Path) -> io::Result<Vec<Sibling>> {
    let stem = path.file_stem().unwrap_or_default();
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let is_like = |name: &OsStr| name.as_encoded_bytes().starts_with(stem.as_encoded_bytes());
        let metadata = entry.metadata()?;
        if is_like(&entry.file_name()) && metadata.is_file() {
            files.push(Sibling {
                path: entry.path(),
                inode: inode(&metadata),
                modified: metadata.modified()?,
            });
        }
    }
    Ok(files)
}

fn read_from(path: &Path, start: u64, longest: usize) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(longest as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs::{read, write};

    use tempfile::TempDir;

    use super::*;

    fn intent(path: &Path) -> Intent {
        let file = fs::metadata(path).unwrap();
        Intent {
            generation: 1,
            inode: inode(&file),
            size: file.len(),
            ..Intent::default()
        }
    }

    fn append(path: &Path, bytes: &[u8]) {
        write(path, [read(path).unwrap(), bytes.to_vec()].concat()).unwrap();
    }

    #[test]
    fn lines_are_found_behind_the_old_end_only() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("combined.log");
        write(&path, "a\na\n").unwrap();
        let intent = intent(&path);
        let lines: [&[u8]; 3] = [b"a\n", b"a\n", b"b\n"];

        assert_eq!(already_written(&path, &intent, &lines).unwrap(), 0);
        append(&path, b"a\na\nhalf");
        assert_eq!(already_written(&path, &intent, &lines).unwrap(), 2);
    }

    #[test]
    fn lines_are_followed_through_a_rotation() {
        let dir = TempDir::new().unwrap();
        let (path, archive) = (
            dir.path().join("combined.log"),
            dir.path().join("combined.000001.log"),
        );
        write(&path, "old\n").unwrap();
        let intent = intent(&path);
        append(&path, b"a\n");
        fs::rename(&path, &archive).unwrap();
        write(&path, "b\nc\n").unwrap();
        write(dir.path().join("other.log"), "d\n").unwrap();

        let lines: [&[u8]; 4] = [b"a\n", b"b\n", b"c\n", b"d\n"];

        assert_eq!(already_written(&path, &intent, &lines).unwrap(), 3);
    }
}
