use crate::{Collector, Descriptor, Samples};

/// Exposes `build_info{version,revision,rustc,profile} 1`: which build is running, to be joined with other
/// metrics. [`build_info!`](crate::build_info!) fills it in.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{BuildInfo, Registry};
///
/// let registry = Registry::new();
/// let build = BuildInfo::new("1.4.0").revision("5f3c2a1").profile("release").rustc("1.95.0");
/// registry.with_prefix("app").collector(build)?;
/// assert!(registry.encode().contains(
///     r#"app_build_info{version="1.4.0",revision="5f3c2a1",rustc="1.95.0",profile="release"} 1"#
/// ));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BuildInfo {
    version: String,
    revision: Option<String>,
    rustc: String,
    profile: String,
}

impl BuildInfo {
    /// A build of this version, mostly `env!("CARGO_PKG_VERSION")`.
    #[must_use]
    pub fn new(version: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            revision: None,
            rustc: env!("BUILD_RUSTC").to_owned(),
            profile: env!("BUILD_PROFILE").to_owned(),
        }
    }

    /// The commit that was built. Default: the label is absent.
    #[must_use]
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = Some(revision.into()).filter(|revision| !revision.is_empty());
        self
    }

    /// The version of the compiler. Default: the one that has built this crate.
    #[must_use]
    pub fn rustc(mut self, version: impl Into<String>) -> Self {
        self.rustc = version.into();
        self
    }

    /// How it was built. Default: `release` or `debug`, by the Cargo profile or the one it inherits from.
    #[must_use]
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = profile.into();
        self
    }
}

/// Gives the [`BuildInfo`] of the package it is written in.
///
/// Its version is Cargo's; its revision the first of the variables `GIT_REVISION`, `VERGEN_GIT_SHA`, `GITHUB_SHA`
/// and `CI_COMMIT_SHA` that was set when it was compiled.
///
/// # Examples
/// ```
/// use groundcrew_metrics::{Registry, build_info};
///
/// let registry = Registry::new();
/// registry.collector(build_info!())?;
/// assert!(registry.encode().contains(concat!("build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"")));
/// # Ok::<(), groundcrew_metrics::RegisterError>(())
/// ```
#[macro_export]
macro_rules! build_info {
    () => {
        $crate::BuildInfo::new(::core::env!("CARGO_PKG_VERSION")).revision(
            ::core::option_env!("GIT_REVISION")
                .or(::core::option_env!("VERGEN_GIT_SHA"))
                .or(::core::option_env!("GITHUB_SHA"))
                .or(::core::option_env!("CI_COMMIT_SHA"))
                .unwrap_or_default(),
        )
    };
}

impl Collector for BuildInfo {
    fn describe(&self) -> Vec<Descriptor> {
        vec![
            Descriptor::info(NAME, "The build that is running; the value is always 1")
                .labels(["version", "revision", "rustc", "profile"]),
        ]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let mut labels = vec![("version", self.version.as_str())];
        labels.extend(self.revision.as_deref().map(|revision| ("revision", revision)));
        labels.extend([("rustc", self.rustc.as_str()), ("profile", &self.profile)]);
        samples.info(NAME, &labels);
    }

    fn name(&self) -> &str {
        "build_info"
    }
}

const NAME: &str = "build_info";
