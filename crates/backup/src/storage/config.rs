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
#[cfg_attr(feature = "envcfg", config(default, check = Self::report))]
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
        if let Some(problem) = self.problems().into_iter().next() {
            return Err(problem.into());
        }
        match (&self.bucket, &self.directory) {
            #[cfg(feature = "s3")]
            (Some(bucket), _) => self.open_bucket(bucket),
            (_, Some(directory)) => Ok(Arc::new(LocalDir::new(directory))),
            (_, None) => Err(Error::Config {
                name: "bucket",
                why: "set BACKUP_BUCKET, or BACKUP_DIR for a directory".to_owned(),
            }),
        }
    }

    /// What is wrong with the store that is set, in the order of the fields. A service may do without one.
    #[cfg(not(feature = "s3"))]
    fn problems(&self) -> Vec<Problem> {
        let bucket = self.bucket.iter();
        let problem = |bucket| Problem {
            name: "bucket",
            why: format!("{bucket} needs the feature s3"),
        };
        bucket.map(problem).collect()
    }

    /// What is wrong with the store that is set, in the order of the fields. A service may do without one.
    #[cfg(feature = "s3")]
    fn problems(&self) -> Vec<Problem> {
        if self.bucket.is_none() {
            return Vec::new();
        }
        [self.checked_endpoint().err(), self.credentials().err()]
            .into_iter()
            .flatten()
            .collect()
    }

    #[cfg(feature = "envcfg")]
    fn report(&self, checks: &mut groundcrew_envcfg::Checks<'_, '_>) {
        for Problem { name, why } in self.problems() {
            checks.add(name, why);
        }
    }

    #[cfg(feature = "s3")]
    fn open_bucket(&self, bucket: &str) -> Result<Arc<dyn Storage>, Error> {
        let (access_key, secret_key) = self.credentials()?;
        let mut store = super::S3::builder(bucket, &self.region)
            .prefix(&self.prefix)
            .credentials(move || (access_key.clone(), secret_key.clone()));
        if let Some(endpoint) = self.checked_endpoint()? {
            store = store.endpoint(endpoint);
        }
        Ok(Arc::new(store.build()))
    }

    #[cfg(feature = "s3")]
    fn credentials(&self) -> Result<(String, Secret), Problem> {
        let name = match (&self.access_key, &self.secret_key) {
            (Some(access), Some(secret)) => return Ok((access.clone(), secret.clone())),
            (None, _) => "access_key",
            (Some(_), None) => "secret_key",
        };
        Err(Problem {
            name,
            why: "a bucket needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned(),
        })
    }

    #[cfg(feature = "s3")]
    fn checked_endpoint(&self) -> Result<Option<&str>, Problem> {
        let endpoint = self.endpoint.as_deref();
        endpoint.map_or(Ok(()), refuse_plain_http).map(|()| endpoint)
    }
}

/// A field and what is wrong with it.
struct Problem {
    name: &'static str,
    why: String,
}

impl From<Problem> for Error {
    fn from(Problem { name, why }: Problem) -> Self {
        Self::Config { name, why }
    }
}

/// Backups and credentials do not cross a network unencrypted.
#[cfg(feature = "s3")]
fn refuse_plain_http(endpoint: &str) -> Result<(), Problem> {
    let wrong = |why: &str| Problem {
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

    #[cfg(feature = "envcfg")]
    #[test]
    fn a_bucket_that_cannot_work_is_a_problem_of_its_variables() {
        use groundcrew_envcfg::{Config, Vars};

        let bucket = Vars::from([
            ("BACKUP_BUCKET", "b"),
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            ("AWS_ENDPOINT_URL", "http://s3.example.com"),
        ]);
        let without_any = StorageConfig::from_source(&Vars::from([("BACKUP_PREFIX", "shop/")]));

        let report = StorageConfig::from_source(&bucket).unwrap_err().to_string();

        for problem in ["AWS_ENDPOINT_URL: ", "AWS_SECRET_ACCESS_KEY: a bucket needs"] {
            assert!(report.contains(problem), "{report}");
        }
        assert!(without_any.is_ok(), "{without_any:?}");
    }
}
