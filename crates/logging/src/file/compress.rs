use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use serde::{Deserialize, Serialize};

use super::disk;

/// How full files are compressed. Both formats are those of the tools of that name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Compress {
    /// Not at all.
    #[default]
    Off,
    /// As `gzip` does; needs the feature `gzip`.
    Gzip,
    /// As `zstd` does, smaller and about five times as fast; needs the feature `zstd`.
    Zstd,
}

impl Compress {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Whether this build can do it.
    pub(crate) const fn is_available(self) -> bool {
        match self {
            Self::Off => true,
            Self::Gzip => cfg!(feature = "gzip"),
            Self::Zstd => cfg!(feature = "zstd"),
        }
    }

    /// What the name of a compressed file ends with.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Off => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

/// Writes `plain` compressed to `target`, down to the disk, with its mode, owner and times.
///
/// # Errors
/// When that fails, or the plain file changes meanwhile; of the kind `Interrupted` when `cancel` was set.
pub(super) fn compress(
    plain: &Path,
    target: &Path,
    compress: Compress,
    cancel: &AtomicBool,
) -> io::Result<()> {
    let file = File::open(plain)?;
    let metadata = file.metadata()?;
    let mut source = Source {
        file,
        read: 0,
        cancel,
    };
    let out = create(target)?;
    let out = match compress {
        Compress::Gzip => gzip(&mut source, out),
        Compress::Zstd => zstd(&mut source, out, metadata.len()),
        Compress::Off => Err(io::ErrorKind::Unsupported.into()),
    }?;
    if source.read != metadata.len() {
        return Err(io::Error::other("the file changed while it was compressed"));
    }
    keep_attributes(&out, &metadata)?;
    disk::sync(&out, target)
}

fn create(target: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // Nobody else reads it before it is complete.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(target)
}

fn keep_attributes(out: &File, metadata: &fs::Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};

        // Who may not give files away keeps them.
        fchown(out, Some(metadata.uid()), Some(metadata.gid())).ok();
    }
    out.set_permissions(metadata.permissions())?;
    match metadata.modified() {
        Ok(modified) => out.set_modified(modified),
        Err(_) => Ok(()),
    }
}

/// Ends the work between two reads when it is cancelled.
struct Source<'a> {
    file: File,
    read: u64,
    cancel: &'a AtomicBool,
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(io::Error::other(Cancelled));
        }
        let read = self.file.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// The reason why an archive was not finished: logging ends.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
pub(super) struct Cancelled;

#[cfg(feature = "gzip")]
fn gzip(source: &mut impl Read, out: File) -> io::Result<File> {
    let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
    copy(source, &mut encoder)?;
    encoder.finish()
}

#[cfg(not(feature = "gzip"))]
fn gzip(_: &mut impl Read, _: File) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(feature = "zstd")]
fn zstd(source: &mut impl Read, out: File, size: u64) -> io::Result<File> {
    let mut encoder = zstd::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.set_pledged_src_size(Some(size))?;
    copy(source, &mut encoder)?;
    encoder.finish()
}

#[cfg(not(feature = "zstd"))]
fn zstd(_: &mut impl Read, _: File, _: u64) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(any(feature = "gzip", feature = "zstd"))]
fn copy(source: &mut impl Read, encoder: &mut impl io::Write) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        encoder.write_all(buffer.get(..read).unwrap_or_default())?;
    }
}

#[cfg(any(feature = "gzip", feature = "zstd"))]
const CHUNK: usize = 128 * 1024;

#[cfg(all(test, feature = "gzip", target_os = "linux"))]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_file_that_has_more_than_it_had_at_the_start_is_not_taken_for_whole() {
        let dir = TempDir::new().unwrap();
        // It says that it is empty, and is not.
        let growing = Path::new("/proc/self/status");

        let error = compress(
            growing,
            &dir.path().join("status.gz"),
            Compress::Gzip,
            &AtomicBool::new(false),
        );

        assert_eq!(
            error.unwrap_err().to_string(),
            "the file changed while it was compressed"
        );
    }
}
