use std::{path::PathBuf, sync::Arc};

use groundcrew_base::Secret;
use serde::{Deserialize, Serialize};

use super::{LocalDir, Storage};
use crate::Error;

/// Where backups are kept, as operators say it: a bucket, or a directory.
///
/// # Examples
/// ```
/// use groundcrew_backup::storage::{Storage, StorageConfig};
///
/// let mut config = StorageConfig::default();
/// config.directory = Some("/var/backups/shop".into());
/// assert_eq!(config.open()?.location(), "/var/backups/shop");
/// # Ok::<(), groundcrew_backup::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "envcfg", derive(groundcrew_envcfg::Config))]
#[cfg_attr(feature = "envcfg", config(default))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct StorageConfig {
    /// The bucket; `BACKUP_BUCKET`. Needs the feature `s3`.
    #[cfg_attr(feature = "envcfg", config(env = "BACKUP_BUCKET"))]
    pub bucket: Option<String>,
    /// What every key in the bucket begins with; `BACKUP_PREFIX`, default nothing.
    #[cfg_attr(feature = "envcfg", config(env = "BACKUP_PREFIX"))]
    pub prefix: String,
    /// The directory, where there is no bucket; `BACKUP_DIR`.
    #[cfg_attr(feature = "envcfg", config(env = "BACKUP_DIR"))]
    pub directory: Option<PathBuf>,
    /// The bucket's region; `AWS_REGION`, default `us-east-1`.
    #[cfg_attr(feature = "envcfg", config(env = "AWS_REGION"))]
    pub region: String,
    /// Another server than Amazon's; `AWS_ENDPOINT_URL`. Plain HTTP only on this machine.
    #[cfg_attr(feature = "envcfg", config(env = "AWS_ENDPOINT_URL"))]
    pub endpoint: Option<String>,
    /// `AWS_ACCESS_KEY_ID`.
    #[cfg_attr(feature = "envcfg", config(env = "AWS_ACCESS_KEY_ID", public))]
    pub access_key: Option<String>,
    /// `AWS_SECRET_ACCESS_KEY`.
    #[cfg_attr(feature = "envcfg", config(env = "AWS_SECRET_ACCESS_KEY"))]
    pub secret_key: Option<Secret>,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            bucket: None,
            prefix: String::new(),
            directory: None,
            region: "us-east-1".to_owned(),
            endpoint: None,
            access_key: None,
            secret_key: None,
        }
    }
}

impl StorageConfig {
    /// Makes the store. Does not connect.
    ///
    /// # Errors
    /// When neither a bucket nor a directory is set, or the bucket's settings do not fit.
    pub fn open(&self) -> Result<Arc<dyn Storage>, Error> {
        match (&self.bucket, &self.directory) {
            (Some(bucket), _) => self.open_bucket(bucket),
            (None, Some(directory)) => Ok(Arc::new(LocalDir::new(directory))),
            (None, None) => Err(Error::Config {
                name: "bucket",
                why: "set BACKUP_BUCKET, or BACKUP_DIR for a directory".to_owned(),
            }),
        }
    }

    #[cfg(not(feature = "s3"))]
    fn open_bucket(&self, bucket: &str) -> Result<Arc<dyn Storage>, Error> {
        let _ = self;
        Err(Error::Config {
            name: "bucket",
            why: format!("{bucket} needs the feature s3"),
        })
    }

    #[cfg(feature = "s3")]
    fn open_bucket(&self, bucket: &str) -> Result<Arc<dyn Storage>, Error> {
        let (Some(access_key), Some(secret_key)) = (self.access_key.clone(), self.secret_key.clone()) else {
            let why = "a bucket needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned();
            return Err(Error::Config {
                name: "access_key",
                why,
            });
        };
        let mut store = super::S3::builder(bucket, &self.region)
            .prefix(&self.prefix)
            .credentials(move || (access_key.clone(), secret_key.clone()));
        if let Some(endpoint) = &self.endpoint {
            refuse_plain_http(endpoint)?;
            store = store.endpoint(endpoint);
        }
        Ok(Arc::new(store.build()))
    }
}

/// Backups and credentials do not cross a network unencrypted.
#[cfg(feature = "s3")]
fn refuse_plain_http(endpoint: &str) -> Result<(), Error> {
    let wrong = |why: &str| Error::Config {
        name: "endpoint",
        why: format!("{endpoint}: {why}"),
    };
    let (scheme, rest) = endpoint
        .split_once("://")
        .ok_or_else(|| wrong("expected a URL"))?;
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    match scheme {
        "https" => Ok(()),
        "http" if host == "localhost" || host.starts_with("127.") || rest.starts_with("[::1]") => Ok(()),
        "http" => Err(wrong("plain HTTP is only taken on this machine")),
        _ => Err(wrong("expected https://")),
    }
}

#[cfg(all(test, feature = "s3"))]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        let cases = [
            ("https://s3.example.com", true),
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000/", true),
            ("http://localhost.example.com", false),
            ("http://s3.example.com", false),
            ("s3.example.com", false),
        ];

        for (endpoint, taken) in cases {
            assert_eq!(refuse_plain_http(endpoint).is_ok(), taken, "{endpoint}");
        }
    }

    #[test]
    fn a_bucket_without_credentials_is_refused() {
        let config = StorageConfig {
            bucket: Some("b".to_owned()),
            ..StorageConfig::default()
        };

        assert_eq!(
            config.open().err().map(|error| error.to_string()).as_deref(),
            Some("setting access_key: a bucket needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        );
    }
}
