use clap::Args;

mod budget;
mod build;
mod edges;
mod features;
mod files;
mod manifests;
mod public_types;
mod supply;

use crate::{Error, ledger::Ledger, metadata::Metadata, setup};

/// Runs every static check; goes on after a failure and lists all of them.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Format what can be formatted instead of only telling.
    #[arg(long)]
    fix: bool,
    /// Run only the steps whose name contains this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Whether a formatter may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Tell,
    Fix,
}

impl Check {
    pub(crate) fn run(self) -> Result<(), Error> {
        setup::ensure(setup::Group::Check)?;
        let metadata = Metadata::load()?;
        let mode = if self.fix { Mode::Fix } else { Mode::Tell };
        let mut ledger = Ledger::default();
        for (name, step) in steps() {
            if self.only.as_deref().is_none_or(|text| name.contains(text)) {
                ledger.step(name, || step(&metadata, mode));
            }
        }
        ledger.finish()
    }
}

type Step = fn(&Metadata, Mode) -> Result<crate::ledger::Outcome, Error>;

/// All steps, the quick ones first.
fn steps() -> [(&'static str, Step); 22] {
    [
        ("format of Rust", build::format),
        ("format of TOML", files::toml),
        ("manifests", manifests::check),
        ("edges between crates", edges::declared),
        ("no sibling by default", edges::resolved),
        ("dependency budgets", budget::check),
        ("licences, bans, sources", supply::deny),
        ("advisories", supply::advisories),
        ("spelling", files::spelling),
        ("shell scripts", files::shell),
        ("workflows", files::workflows),
        ("workflow security", files::workflow_security),
        ("Dockerfiles", files::dockerfiles),
        ("compose files", files::compose),
        ("Kubernetes files", files::kubernetes),
        ("Prometheus rules", files::prometheus_rules),
        ("clippy", build::clippy),
        ("clippy of the benchmarks", build::clippy_benches),
        ("clippy of tokio_unstable", build::clippy_tokio_unstable),
        ("rustdoc", build::rustdoc),
        ("foreign types in public", public_types::check),
        ("features one by one", features::check),
    ]
}
