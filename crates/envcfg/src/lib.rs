#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

// The derive writes `::groundcrew_envcfg`, also in this crate.
extern crate self as groundcrew_envcfg;

mod alias;
mod bounded;
mod check;
mod checks;
#[cfg(feature = "cli")]
pub mod cli;
mod condition;
mod config;
mod consequence;
mod default_problems;
mod default_text;
mod describe;
pub mod docs;
mod dotenv;
mod encoded;
mod excerpt;
mod field;
mod field_spec;
mod finish;
mod fix;
mod github;
mod glance;
mod layers;
mod leaf;
mod leaf_error;
mod limit;
mod loaded;
mod loader;
mod look;
mod name_filter;
mod old_name;
mod one_line;
mod order;
mod origin;
#[cfg(feature = "preflight")]
mod part;
mod peek;
mod placeholder;
#[cfg(feature = "validator")]
mod plain_url;
#[cfg(feature = "preflight")]
pub mod preflight;
mod problem;
mod process_env;
mod profile;
mod profile_name;
mod raw;
#[cfg(feature = "reload")]
pub mod reload;
mod remembered;
mod render;
mod report;
mod rule;
mod rule_kind;
mod scrub;
mod secret_files;
mod secret_type;
mod secrets_dir;
mod service_link;
mod shared;
mod shown;
#[cfg(target_os = "linux")]
mod snapshot;
mod source;
mod sources;
mod style;
mod suggest;
mod termination_log;
mod tried;
mod type_probe;
mod unique;
mod value_type;
mod variable;
mod vars;
mod via;
mod warning;
mod withheld;
mod wrong_lines;

pub use checks::Checks;
pub use config::Config;
pub use docs::env_example;
pub use dotenv::Dotenv;
pub use field_spec::{FieldSpec, RequiredIf};
pub use fix::FixIn;
pub use groundcrew_base::{ByteSize, Secret};
pub use groundcrew_envcfg_derive::Config;
pub use layers::Layers;
pub use limit::Limit;
pub use loaded::Loaded;
pub use old_name::OldName;
pub use origin::Origin;
pub use problem::{Problem, ProblemKind};
pub use process_env::ProcessEnv;
pub use profile::{Profile, UnknownProfile};
pub use report::Report;
pub use rule::Rule;
pub use rule_kind::RuleKind;
pub use secrets_dir::SecretsDir;
pub use shared::Shared;
pub use source::{EnvSource, Value};
pub use sources::Sources;
pub use style::Style;
pub use tried::Tried;
pub use value_type::ValueType;
pub use vars::Vars;
pub use warning::Warning;

use alias::Alias;
use condition::Condition;
use describe::Describe;
use docs::Docs;
use field::Field;
use glance::Glance;
use leaf::Leaf;
use leaf_error::LeafError;
use loader::{Found, Loader};
use name_filter::NameFilter;
use raw::Raw;
use unique::Tree;
use variable::Variable;

/// What generated code calls. Not for people, and may change in any release.
#[doc(hidden)]
pub mod __private {
    pub use crate::{
        alias::Alias,
        check::{Expose, ExposePlain, ExposeSecret, Length, has_bits, has_length, in_range},
        condition::{Assumed, Condition},
        default_text::{DefaultText, TextByDisplay, TextBySerialize, TextOfSecret, TextUnknown},
        describe::Describe,
        field::Field,
        glance::Glance,
        leaf::Leaf,
        leaf_error::LeafError,
        loader::{Found, Loader},
        name_filter::NameFilter,
        raw::Raw,
        secret_type::{ExposesText, HoldsSecret, NotSecret, Probe},
        unique::{Text, Tree, duplicate},
        value_type::ValueType,
        via::{Via, ViaFromStr, ViaSerde},
    };
    #[cfg(feature = "validator")]
    pub use crate::{check::nested_message, plain_url::is_plain_url};
    pub use groundcrew_base::{format_duration, has_scheme};
    #[cfg(feature = "validator")]
    pub use validator;
}
