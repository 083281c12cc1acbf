//! The documents that a configuration writes about itself.
//!
//! Names, types, defaults, rules and doc comments stand in the struct alone; [`Config::docs`] turns them into
//! files for people and for tools. None of them holds the value of a secret.
//!
//! | document | what it is | format |
//! |---|---|---|
//! | [`EnvExample`] | a commented `.env` file to copy | lines of `NAME=value` |
//! | [`Markdown`] | the reference of every variable | GitHub Flavored Markdown |
//! | `JsonSchema` (feature `json`) | what editors and checks in CI read | JSON Schema, draft 2020-12 |
//! | [`Kubernetes`] | a `ConfigMap`, a Secret without values, and how a container takes them | Kubernetes API `v1` |
//! | [`Compose`] | the part of a compose file | the Compose Specification |
//!
//! [`assert_current!`](crate::assert_current) fails a test when a file that is checked in is out of date.
//!
//! # Examples
//! ```
//! use groundcrew_envcfg::Config;
//!
//! #[derive(Config)]
//! struct Settings {
//!     /// The port to listen on
//!     #[config(default = 3000)]
//!     port: u16,
//! }
//!
//! let docs = Settings::docs();
//! assert!(docs.markdown().to_string().contains("The port to listen on"));
//! assert!(docs.kubernetes().config_map().contains(r#"PORT: "3000""#));
//! ```

mod compose;
mod current;
#[cfg(feature = "json")]
mod ecma;
mod env_example;
mod facts;
#[cfg(feature = "json")]
mod json_schema;
mod kubernetes;
mod markdown;
#[cfg(feature = "json")]
mod pattern;
mod resource_name;
#[cfg(feature = "json")]
mod text_pattern;
mod yaml;

pub use compose::Compose;
pub use current::{Stale, check_current};
pub use env_example::{EnvExample, env_example};
#[cfg(feature = "json")]
pub use json_schema::JsonSchema;
pub use kubernetes::Kubernetes;
pub use markdown::Markdown;

#[cfg(feature = "cli")]
pub(crate) use current::write;
pub(crate) use env_example::quoted as dotenv_quoted;
#[cfg(feature = "cli")]
pub(crate) use facts::facts;

use crate::{Config, FieldSpec};

/// The documents of one configuration, as [`Config::docs`] gives them.
#[derive(Clone, Debug)]
pub struct Docs {
    fields: Vec<FieldSpec>,
}

impl Docs {
    /// The documents of `C`.
    #[must_use]
    pub fn of<C: Config>() -> Self {
        Self { fields: C::fields() }
    }

    /// What the documents are made from.
    #[must_use]
    pub fn fields(&self) -> &[FieldSpec] {
        &self.fields
    }

    /// A commented `.env` file.
    #[must_use]
    pub fn env_example(&self) -> EnvExample {
        EnvExample::new(self.fields.clone())
    }

    /// The reference of every variable.
    #[must_use]
    pub fn markdown(&self) -> Markdown {
        Markdown::new(self.fields.clone())
    }

    /// A JSON Schema of the variables.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn json_schema(&self) -> JsonSchema {
        JsonSchema::new(self.fields.clone())
    }

    /// Resources for Kubernetes.
    #[must_use]
    pub fn kubernetes(&self) -> Kubernetes {
        Kubernetes::new(self.fields.clone())
    }

    /// A part of a compose file.
    #[must_use]
    pub fn compose(&self) -> Compose {
        Compose::new(self.fields.clone())
    }
}
