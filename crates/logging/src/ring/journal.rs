use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    ring::{
        check::{checksum, checksum_of},
        layout::{self, Intent},
        map::Words,
    },
    sink::MOST_OUTLETS,
};

/// Notes in the ring what is about to be written where, so that a process that comes later can tell what was
/// written when this one died.
#[derive(Debug)]
pub(crate) struct Journal {
    words: Words,
    /// The file of each outlet that is one.
    files: Vec<Option<Target>>,
}

/// A file as the ring knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) path: PathBuf,
    /// The hash of its path within the directory of the ring, which may be moved.
    pub(super) name: u64,
}

impl Journal {
    pub(super) const fn new(words: Words, files: Vec<Option<Target>>) -> Self {
        Self { words, files }
    }

    /// Notes which outlet writes to which file.
    pub(super) fn note_files(&self) {
        let name = |slot: usize| {
            let target = self.files.get(slot).and_then(Option::as_ref);
            target.map_or(0, |target| target.name)
        };
        let names: Vec<u64> = (0..MOST_OUTLETS).map(name).collect();
        for (slot, name) in names.iter().enumerate() {
            self.words.store(layout::file_at(slot), *name);
        }
        self.words.store(layout::FILES_CHECK_AT, checksum_of(&names));
    }

    /// To be called before the lines of a batch are written to an outlet.
    pub(crate) fn note(&self, outlet: usize, generation: u64) {
        if let Some(Some(target)) = self.files.get(outlet) {
            self.store(outlet, target, generation, None);
        }
    }

    /// The same before the lines from `replayed_from` on are written again.
    pub(super) fn note_part(&self, target: &Target, generation: u64, replayed_from: usize) {
        let is_it = |known: &Option<Target>| known.as_ref() == Some(target);
        if let Some(slot) = self.files.iter().position(is_it) {
            self.store(slot, target, generation, Some(replayed_from));
        }
    }

    fn store(&self, slot: usize, target: &Target, generation: u64, replayed_from: Option<usize>) {
        let Target { path, name } = target;
        // What is not there has no number and no length.
        let (inode, size) = fs::metadata(path)
            .map(|file| (inode(&file), file.len()))
            .unwrap_or_default();
        let intent = Intent {
            generation,
            name: *name,
            inode,
            size,
            first: replayed_from.unwrap_or_default() as u64,
            is_replay: replayed_from.is_some(),
        };
        store(&self.words, slot, &intent);
    }
}

/// Stores the intent so that half of it is none.
fn store(words: &Words, slot: usize, intent: &Intent) {
    if slot >= MOST_OUTLETS {
        return;
    }
    let at = layout::intent_at(slot);
    words.store(at, 0);
    let [generation, rest @ ..] = intent.words();
    for (nth, word) in rest.into_iter().enumerate() {
        words.store(at + 1 + nth, word);
    }
    words.store(at, generation);
}

impl Target {
    /// The file at `path`, for a ring in `directory`.
    pub(super) fn new(directory: &Path, path: PathBuf) -> Self {
        let (directory, real) = (without_links(directory), without_links(&path));
        let name = real.strip_prefix(&directory).unwrap_or(&real);
        Self {
            name: checksum(0, name.as_os_str().as_encoded_bytes()).max(1),
            path,
        }
    }

    /// The same file where it takes the lines of files that are no more.
    pub(super) fn for_others(&self) -> Self {
        Self {
            name: !self.name,
            path: self.path.clone(),
        }
    }
}

/// The path without symbolic links, whether all of it is there or not.
fn without_links(path: &Path) -> PathBuf {
    let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut ancestors = path.ancestors();
    let found = ancestors.find_map(|there| {
        let real = fs::canonicalize(there).ok()?;
        Some(real.join(path.strip_prefix(there).ok()?))
    });
    // What stays the same is named alike, with a slash at its end and without.
    found.map_or_else(|| path.clone(), |path| path.components().collect())
}

#[cfg(unix)]
pub(super) fn inode(file: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}

#[cfg(not(unix))]
pub(super) const fn inode(_: &fs::Metadata) -> u64 {
    0
}
