use std::{
    fs::{File, Metadata},
    io::ErrorKind,
    path::Path,
};

use crate::bounded;

/// Whether a file must exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    IsWrong,
    IsFine,
}

/// The bytes of a file, and whether every user of the machine may read them.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) bytes: Vec<u8>,
    pub(super) is_exposed: bool,
}

/// Reads a file, or says what is wrong with it.
pub(super) fn read(path: &Path, missing: Missing) -> Result<Option<Contents>, String> {
    let name = path.display();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound && missing == Missing::IsFine => return Ok(None),
        Err(error) => return Err(format!("cannot open {name}: {}", error.kind())),
    };
    let is_exposed = file.metadata().is_ok_and(|metadata| is_exposed(&metadata));
    let bytes = bounded::read(file).map_err(|error| format!("cannot read {name}: {}", error.kind()))?;
    if bounded::is_cut(&bytes) {
        return Err(format!(
            "cannot read {name}: larger than {} bytes",
            bounded::MOST_BYTES
        ));
    }
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Err(format!("cannot read {name}: it is UTF-16, save it as UTF-8"));
    }
    Ok(Some(Contents { bytes, is_exposed }))
}

#[cfg(unix)]
fn is_exposed(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;

    metadata.is_file() && metadata.permissions().mode() & READ_BY_OTHERS != 0
}

#[cfg(not(unix))]
const fn is_exposed(_metadata: &Metadata) -> bool {
    false
}

#[cfg(unix)]
const READ_BY_OTHERS: u32 = 0o004;
