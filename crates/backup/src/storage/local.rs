use std::{
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::{
    fs::{self, File},
    io::{AsyncRead, AsyncWriteExt},
};

use super::{ObjectWriter, Storage, StorageError};

/// Keeps backups in a directory. Files are readable by their owner alone.
///
/// An object is written beside its place, synced, and renamed.
#[derive(Clone, Debug)]
pub struct LocalDir(PathBuf);

impl LocalDir {
    /// Uses this directory, which is made when the first object is stored.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    async fn create(&self, key: &str) -> Result<LocalWriter, StorageError> {
        let place = self.0.join(key);
        let directory = place.parent().unwrap_or(&self.0).to_owned();
        make_directory(directory.clone())
            .await
            .map_err(failed("making the directory of", key))?;
        let draft = directory.join(format!(".tmp-{:016x}", fastrand::u64(..)));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = fs::OpenOptions::from(options)
            .open(&draft)
            .await
            .map_err(failed("creating", key))?;
        Ok(LocalWriter {
            key: key.to_owned(),
            place,
            directory,
            draft: Draft(draft),
            file,
        })
    }
}

#[async_trait]
impl Storage for LocalDir {
    fn location(&self) -> String {
        self.0.display().to_string()
    }

    async fn begin(&self, key: &str) -> Result<Box<dyn ObjectWriter>, StorageError> {
        Ok(Box::new(self.create(key).await?))
    }

    async fn put_new(&self, key: &str, body: Bytes) -> Result<(), StorageError> {
        let mut writer = self.create(key).await?;
        writer.write(body).await?;
        writer.publish(Publish::IfAbsent).await
    }

    async fn open(&self, key: &str) -> Result<Box<dyn AsyncRead + Send + Unpin>, StorageError> {
        let file = File::open(self.0.join(key))
            .await
            .map_err(failed("opening", key))?;
        Ok(Box::new(file))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        let root = self.0.clone();
        let found = tokio::task::spawn_blocking(move || walk(&root)).await;
        let mut keys = found
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(failed("listing", prefix))?;
        keys.retain(|key| key.starts_with(prefix));
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> Result<(), StorageError> {
        let place = self.0.join(key);
        match fs::remove_file(&place).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("deleting", key)(error)),
            _ => {
                // Succeeds only for directories that have become empty, which is what is wanted.
                for directory in place
                    .ancestors()
                    .skip(1)
                    .take_while(|directory| *directory != self.0)
                {
                    if fs::remove_dir(directory).await.is_err() {
                        break;
                    }
                }
                Ok(())
            }
        }
    }
}

struct LocalWriter {
    key: String,
    place: PathBuf,
    directory: PathBuf,
    draft: Draft,
    file: File,
}

enum Publish {
    Replace,
    IfAbsent,
}

impl LocalWriter {
    async fn publish(&mut self, how: Publish) -> Result<(), StorageError> {
        let doing = || failed("storing", &self.key);
        self.file.flush().await.map_err(doing())?;
        self.file.sync_all().await.map_err(doing())?;
        match how {
            Publish::Replace => fs::rename(&self.draft.0, &self.place).await.map_err(doing())?,
            // A hard link, unlike a rename, refuses a name that is taken.
            Publish::IfAbsent => fs::hard_link(&self.draft.0, &self.place).await.map_err(doing())?,
        }
        let directory = File::open(&self.directory).await.map_err(doing())?;
        directory.sync_all().await.map_err(doing())
    }
}

#[async_trait]
impl ObjectWriter for LocalWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StorageError> {
        self.file
            .write_all(&chunk)
            .await
            .map_err(failed("writing", &self.key))
    }

    async fn finish(&mut self) -> Result<(), StorageError> {
        self.publish(Publish::Replace).await
    }

    async fn abort(self: Box<Self>) {}
}

/// A file that goes away unless it was renamed.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // After a rename there is nothing to remove.
        drop(std::fs::remove_file(&self.0));
    }
}

async fn make_directory(directory: PathBuf) -> io::Result<()> {
    tokio::task::spawn_blocking(move || {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
    })
    .await
    .unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn walk(root: &Path) -> io::Result<Vec<String>> {
    let mut keys = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        let entries = match std::fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            } else if !entry.file_name().to_string_lossy().starts_with(".tmp-")
                && let Ok(key) = entry.path().strip_prefix(root)
            {
                keys.push(key.to_string_lossy().into_owned());
            }
        }
    }
    Ok(keys)
}

fn failed(doing: &'static str, key: &str) -> impl FnOnce(io::Error) -> StorageError {
    let key = key.to_owned();
    move |source| match source.kind() {
        io::ErrorKind::NotFound => StorageError::NotFound { key },
        io::ErrorKind::AlreadyExists => StorageError::AlreadyExists { key },
        io::ErrorKind::PermissionDenied => StorageError::Denied { key },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StorageError::NoSpace { key },
        _ => StorageError::Io { doing, key, source },
    }
}
