//! What the ready alerts look at. `<name>` is a selector of the job, `x*` is until the end of the test.

mod process;
mod service;

use super::Urgency;

/// A ready alert.
pub(super) struct Ready {
    pub(super) name: &'static str,
    pub(super) urgency: Urgency,
    /// Minutes.
    pub(super) hold: u64,
    pub(super) scope: Scope,
    /// Labels of the alert besides its scope, with their values in the case that fires.
    pub(super) labels: &'static [(&'static str, &'static str)],
    pub(super) expr: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) fires: &'static [(&'static str, &'static str)],
    pub(super) quiet: &'static [(&'static str, &'static str)],
    /// When the case that fires does, in minutes.
    pub(super) after: u64,
}

/// What an alert is about.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    Instance,
    Job,
}

/// All of them.
pub(super) fn ready() -> impl Iterator<Item = &'static Ready> {
    process::READY.iter().chain(service::READY)
}
