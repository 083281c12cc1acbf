//! The code of the derive is nobody's to correct: no lint of the struct's crate sees it.

#![deny(
    missing_docs,
    unused,
    unused_qualifications,
    unreachable_pub,
    elided_lifetimes_in_paths,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    let_underscore_drop,
    unsafe_code,
    clippy::pedantic,
    clippy::nursery
)]

use std::time::Duration;

use groundcrew_envcfg::{Checks, Config, Secret, Vars};

/// Everything that a field may have and that needs no feature.
#[derive(Debug, Config)]
#[config(prefix = "APP_", check = Settings::check)]
pub struct Settings {
    /// The port to listen on.
    #[config(default = 3000, range(min = 1000))]
    pub port: u16,
    /// How long to wait.
    #[config(default = "30s", range(max = "1m"), alias = "PATIENCE")]
    pub wait: Duration,
    /// A secret.
    #[config(min_entropy = 8, length(min = 4))]
    pub token: Secret,
    /// Who may call.
    #[config(each(scheme("https"), length(max = 90)))]
    pub origins: Option<Vec<String>>,
    /// Not read.
    #[config(skip)]
    pub skipped: u8,
    /// A part.
    #[config(nested, prefix = "PART_")]
    pub part: Option<Part<u8>>,
}

/// A part with a type that its user chooses.
#[derive(Debug, Config)]
pub struct Part<T: serde::Serialize + serde::de::DeserializeOwned> {
    /// The only one.
    pub size: T,
}

impl Settings {
    fn check(&self, checks: &mut Checks<'_, '_>) {
        if self.port == 3001 {
            checks.add("port", "is taken");
        }
    }
}

macro_rules! made {
    ($name:ident { $($field:ident: $ty:ty),* }) => {
        /// Made by a macro.
        #[derive(Debug, Config)]
        pub struct $name {
            $(
                /// Made by a macro.
                #[config(range(max = 9))]
                pub $field: $ty,
            )*
        }
    };
}

made!(Made { loader: u8, found: Option<u8>, r#type: i64 });

fn main() {
    let settings = Settings::from_source(&Vars::from([("APP_TOKEN", "hV2sT0qk"), ("APP_PART_SIZE", "1")]));
    assert!(settings.is_ok());
    let made = Made::from_source(&Vars::from([("LOADER", "1"), ("TYPE", "10")]));
    assert_eq!(made.err().map(|report| report.len()), Some(1));
}
