//! Files are read up to a size: a name may lead to a device or to a backup of everything.

use std::{
    fs::File,
    io::{self, Read as _},
};

/// The first [`MOST_BYTES`] of a file, and one more if there are more.
pub(crate) fn read(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether what was [`read`] is not all of the file.
pub(crate) const fn is_cut(bytes: &[u8]) -> bool {
    bytes.len() as u64 > MOST_BYTES
}

/// More than any dotenv file, key or chain of certificates, little enough to hold in memory.
pub(crate) const MOST_BYTES: u64 = 1 << 20;
