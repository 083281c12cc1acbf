use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    ring::{
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
    files: Vec<Option<PathBuf>>,
}

impl Journal {
    pub(super) const fn new(words: Words, files: Vec<Option<PathBuf>>) -> Self {
        Self { words, files }
    }

    /// Notes which outlet writes to which file.
    pub(super) fn note_files(&self) {
        for slot in 0..MOST_OUTLETS {
            let path = self.files.get(slot).and_then(Option::as_deref);
            let file = path.map_or(0, path_hash);
            self.words.store(layout::file_at(slot), file);
        }
    }

    /// To be called before the lines of a batch are written to an outlet.
    pub(crate) fn note(&self, outlet: usize, generation: u64) {
        if let Some(Some(path)) = self.files.get(outlet) {
            self.note_part(path, generation, None);
        }
    }

    /// The same before the lines from `replayed_from` on are written again.
    pub(super) fn note_part(&self, path: &Path, generation: u64, replayed_from: Option<usize>) {
        let is_it = |known: &Option<PathBuf>| known.as_deref() == Some(path);
        let Some(slot) = self.files.iter().position(is_it) else {
            return;
        };
        // What is not there has no number and no length.
        let (inode, size) = fs::metadata(path)
            .map(|file| (inode(&file), file.len()))
            .unwrap_or_default();
        let intent = Intent {
            generation,
            name: path_hash(path),
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
    words.store(at + 1, intent.name);
    words.store(at + 2, intent.inode);
    words.store(at + 3, intent.size);
    words.store(at + 4, intent.first);
    words.store(at + 5, u64::from(intent.is_replay));
    words.store(at, intent.generation);
}

/// FNV-1a of the path.
pub(super) fn path_hash(path: &Path) -> u64 {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(unix)]
pub(super) fn inode(file: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}

#[cfg(not(unix))]
pub(super) const fn inode(_: &fs::Metadata) -> u64 {
    0
}
