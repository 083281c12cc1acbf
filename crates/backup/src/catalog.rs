use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use serde::Deserialize;
use tokio::io::AsyncReadExt;

use crate::{BackupId, Error, Manifest, ManifestError, Storage, storage::StorageError};

/// Reads and changes the list of backups, which is the store itself: there is no second book.
#[derive(Clone)]
pub struct Catalog(Arc<dyn Storage>);

/// What stands in the store under one id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry {
    /// A whole backup.
    Backup(Box<Manifest>),
    /// Data without a manifest: a backup that is being written, or one that failed. Not a backup.
    Incomplete {
        /// Its id.
        id: BackupId,
    },
    /// A manifest that cannot be read, because it is damaged or of a newer format;
    /// [`Catalog::manifest`] says which. Retention leaves it alone.
    Damaged {
        /// Its id.
        id: BackupId,
    },
}

impl Entry {
    /// The id.
    #[must_use]
    pub const fn id(&self) -> &BackupId {
        match self {
            Self::Backup(manifest) => &manifest.id,
            Self::Incomplete { id } | Self::Damaged { id } => id,
        }
    }

    /// The manifest, if this is a backup.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        match self {
            Self::Backup(manifest) => Some(manifest),
            Self::Incomplete { .. } | Self::Damaged { .. } => None,
        }
    }
}

impl Catalog {
    /// The catalog of a store.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>) -> Self {
        Self(storage)
    }

    /// Everything in the store, oldest first. Objects that are not ours are passed over.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self) -> Result<Vec<Entry>, Error> {
        let mut found: BTreeMap<BackupId, bool> = BTreeMap::new();
        for key in self.0.list(ROOT).await? {
            let rest = key.strip_prefix(ROOT).unwrap_or_default();
            let Some((id, object)) = rest.split_once('/') else {
                continue;
            };
            let Ok(id) = id.parse() else { continue };
            *found.entry(id).or_default() |= object == MANIFEST;
        }
        let mut entries = Vec::with_capacity(found.len());
        for (id, whole) in found {
            if whole {
                entries.extend(self.entry(id).await?);
            } else {
                entries.push(Entry::Incomplete { id });
            }
        }
        Ok(entries)
    }

    /// The newest whole backup whose manifest can be read.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn newest(&self) -> Result<Option<Manifest>, Error> {
        let keys = self.0.list(ROOT).await?;
        let id = |key: &String| {
            let (id, object) = key.strip_prefix(ROOT)?.split_once('/')?;
            (object == MANIFEST).then(|| id.parse().ok()).flatten()
        };
        let ids: BTreeSet<BackupId> = keys.iter().filter_map(id).collect();
        for id in ids.into_iter().rev() {
            if let Some(Entry::Backup(manifest)) = self.entry(id).await? {
                return Ok(Some(*manifest));
            }
        }
        Ok(None)
    }

    /// What a manifest stands for; `None` when it was deleted since it was listed.
    async fn entry(&self, id: BackupId) -> Result<Option<Entry>, Error> {
        match self.manifest(&id).await {
            Ok(manifest) => Ok(Some(Entry::Backup(Box::new(manifest)))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(Error::Manifest { .. } | Error::NewerFormat { .. }) => Ok(Some(Entry::Damaged { id })),
            Err(error) => Err(error),
        }
    }

    /// The manifest of one backup.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such backup, [`Error::Manifest`] when it is damaged,
    /// [`Error::NewerFormat`] when a newer release wrote it.
    pub async fn manifest(&self, id: &BackupId) -> Result<Manifest, Error> {
        let opened = self.0.open(&manifest_key(id)).await;
        let reader = match opened {
            Err(StorageError::NotFound { .. }) => return Err(Error::NotFound { id: id.clone() }),
            opened => opened?,
        };
        let mut body = Vec::new();
        reader
            .take(LARGEST_MANIFEST)
            .read_to_end(&mut body)
            .await
            .map_err(Error::io("reading the manifest"))?;
        let damaged = |source| Error::Manifest {
            id: id.clone(),
            source: ManifestError(source),
        };
        // First alone: the rest of a newer one may not be readable here.
        let Version { format } = serde_json::from_slice(&body).map_err(damaged)?;
        if format > Manifest::FORMAT {
            return Err(Error::NewerFormat {
                id: id.clone(),
                found: format,
                known: Manifest::FORMAT,
            });
        }
        serde_json::from_slice(&body).map_err(damaged)
    }

    pub(crate) async fn publish(&self, manifest: &Manifest) -> Result<(), Error> {
        let id = manifest.id.clone();
        let body = serde_json::to_vec_pretty(manifest).map_err(|source| Error::Manifest {
            id,
            source: ManifestError(source),
        })?;
        Ok(self
            .0
            .put_new(&manifest_key(&manifest.id), Bytes::from(body))
            .await?)
    }

    /// Deletes one backup, its manifest first: a crash between leaves data without a manifest, never a
    /// manifest without data.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn delete(&self, id: &BackupId) -> Result<(), Error> {
        self.0.delete(&manifest_key(id)).await?;
        for key in self.0.list(&format!("{ROOT}{id}/")).await? {
            self.0.delete(&key).await?;
        }
        Ok(())
    }

    pub(crate) fn storage(&self) -> &Arc<dyn Storage> {
        &self.0
    }
}

#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Catalog").field(&self.0.location()).finish()
    }
}

pub(crate) fn data_key(id: &BackupId, object: &str) -> String {
    format!("{ROOT}{id}/data/{object}")
}

fn manifest_key(id: &BackupId) -> String {
    format!("{ROOT}{id}/{MANIFEST}")
}

const ROOT: &str = "v1/";
const MANIFEST: &str = "manifest.json";
const LARGEST_MANIFEST: u64 = 64 << 20;
