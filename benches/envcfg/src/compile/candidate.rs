//! The programs that are built: the same sources that the other comparisons run.

/// A program and what it depends on.
pub(super) struct Candidate {
    /// Part of the names of the rows.
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    /// The lines of `[dependencies]`.
    pub(super) dependencies: String,
    pub(super) main: &'static str,
    pub(super) choices: String,
    pub(super) schema: String,
}

pub(super) fn ours() -> Vec<Candidate> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/envcfg");
    let with = |features| format!("groundcrew-envcfg = {{ path = {path:?}, {features} }}\n{SERDE}");
    vec![
        Candidate {
            name: "compile",
            description: "groundcrew-envcfg",
            dependencies: with("default-features = true"),
            main: OURS,
            choices: CHOICES.to_owned(),
            schema: include_str!("../ours.rs").to_owned(),
        },
        Candidate {
            name: "compile_light",
            description: "groundcrew-envcfg, without `validator`",
            dependencies: with("default-features = false"),
            main: OURS,
            choices: CHOICES.to_owned(),
            schema: include_str!("../ours.rs")
                .replace("#[validate(url)]", r#"#[config(scheme("https"))]"#)
                .replace("#[validate(", "#[config("),
        },
    ]
}

pub(super) fn rivals() -> Vec<Candidate> {
    let serde_choices = || CHOICES.to_owned();
    let hand = || include_str!("../hand.rs").to_owned();
    vec![
        Candidate {
            name: "handwritten",
            description: "hand-written, without rules",
            dependencies: String::new(),
            main: HAND,
            choices: CHOICES
                .replace("use serde::Deserialize;\n", "")
                .replace("Deserialize, ", "")
                .replace("#[serde(rename_all = \"lowercase\")]\n", ""),
            schema: hand(),
        },
        Candidate {
            name: "serde",
            description: "hand-written, serde's derive for the enums",
            dependencies: SERDE.to_owned(),
            main: HAND,
            choices: serde_choices(),
            schema: hand(),
        },
        Candidate {
            name: "confique",
            description: "confique, without formats and rules",
            dependencies: format!("confique = {{ version = \"0.4.0\", default-features = false }}\n{SERDE}"),
            main: CONFIQUE,
            choices: serde_choices(),
            schema: include_str!("../by_confique.rs").to_owned(),
        },
        Candidate {
            name: "figment",
            description: "figment with `env`, without rules",
            dependencies: format!("figment = {{ version = \"0.10.19\", features = [\"env\"] }}\n{SERDE}"),
            main: FIGMENT,
            choices: serde_choices(),
            schema: include_str!("../by_serde.rs")
                .replace("use validator::Validate;\n", "")
                .replace(", Validate", "")
                .replace("#[validate", "// #[validate"),
        },
        Candidate {
            name: "envy_validator",
            description: "envy, validator's derive",
            dependencies: format!(
                "envy = \"0.4.2\"\nvalidator = {{ version = \"0.21\", features = [\"derive\"] }}\n{SERDE}"
            ),
            main: ENVY,
            choices: serde_choices(),
            schema: include_str!("../by_serde.rs").to_owned(),
        },
    ]
}

const CHOICES: &str = include_str!("../choices.rs");
const SERDE: &str = "serde = { version = \"1\", features = [\"derive\"] }\n";

const OURS: &str = "mod choices;
mod schema;

use groundcrew_envcfg::Config as _;

fn main() {
    match schema::Settings::from_env() {
        Ok(settings) => println!(\"{settings:?}\"),
        Err(report) => eprintln!(\"{report}\"),
    }
}
";

const HAND: &str = "mod choices;
mod schema;

fn main() {
    match schema::Settings::load() {
        Ok(settings) => println!(\"{settings:?}\"),
        Err(error) => eprintln!(\"{error}\"),
    }
}
";

const CONFIQUE: &str = "mod choices;
mod schema;

use confique::Config as _;

fn main() {
    match schema::Settings::builder().env().load() {
        Ok(settings) => println!(\"{settings:?}\"),
        Err(error) => eprintln!(\"{error}\"),
    }
}
";

const FIGMENT: &str = "mod choices;
mod schema;

use figment::{Figment, providers::Env};

fn main() {
    match Figment::from(Env::raw()).extract::<schema::Settings>() {
        Ok(settings) => println!(\"{settings:?}\"),
        Err(error) => eprintln!(\"{error}\"),
    }
}
";

const ENVY: &str = "mod choices;
mod schema;

use validator::Validate as _;

fn main() {
    match envy::from_env::<schema::Settings>() {
        Ok(settings) => match settings.validate() {
            Ok(()) => println!(\"{settings:?}\"),
            Err(errors) => eprintln!(\"{errors}\"),
        },
        Err(error) => eprintln!(\"{error}\"),
    }
}
";
