use crate::{Collector, Descriptor, Samples};

/// Exposes `build_info{version,revision} 1`: which build is running, to be joined with other metrics.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{BuildInfo, Registry};
///
/// let registry = Registry::new();
/// registry.with_prefix("app").collector(BuildInfo::new("1.4.0").revision("5f3c2a1"))?;
/// assert!(registry.encode().contains(r#"app_build_info{version="1.4.0",revision="5f3c2a1"} 1"#));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BuildInfo {
    version: String,
    revision: Option<String>,
}

impl BuildInfo {
    /// A build of this version, mostly `env!("CARGO_PKG_VERSION")`.
    #[must_use]
    pub fn new(version: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            revision: None,
        }
    }

    /// The commit that was built. Default: the label is absent.
    #[must_use]
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = Some(revision.into());
        self
    }
}

impl Collector for BuildInfo {
    fn describe(&self) -> Vec<Descriptor> {
        vec![Descriptor::gauge(
            NAME,
            "The build that is running; the value is always 1",
        )]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let version = ("version", self.version.as_str());
        match &self.revision {
            Some(revision) => samples.gauge(NAME, &[version, ("revision", revision)], 1_u64),
            None => samples.gauge(NAME, &[version], 1_u64),
        }
    }
}

const NAME: &str = "build_info";
