use std::time::Duration;

/// How soon somebody must look at an alert: the value of its label `severity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "complete by definition")]
pub enum Urgency {
    /// Now, by night too. The label is `page` unless [`Monitoring::severity`](super::Monitoring::severity) says otherwise.
    Page,
    /// In the next days. The label is `ticket` by default.
    Ticket,
}

/// A rule that alerts, with the cases that show when it does.
#[derive(Clone, Debug)]
pub(super) struct Alert {
    pub(super) name: String,
    pub(super) expr: String,
    /// How long the condition must hold.
    pub(super) hold: Duration,
    pub(super) urgency: Urgency,
    /// Labels that the rule sets.
    pub(super) labels: Vec<(String, String)>,
    /// Labels that come from the expression, with their values in the case that fires.
    pub(super) from_expr: Vec<(String, String)>,
    /// `{instance}` stands for the value of that label.
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) cases: Vec<Case>,
}

/// What a Prometheus sees, and whether the alert fires then.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) title: &'static str,
    pub(super) fires: bool,
    /// Series, and their values in promtool's notation, one a minute.
    pub(super) series: Vec<(String, String)>,
    /// How many minutes after the first value.
    pub(super) minutes: u64,
}

/// A rule that records.
#[derive(Clone, Debug)]
pub(super) struct Recording {
    pub(super) name: String,
    pub(super) expr: String,
    pub(super) labels: Vec<(String, String)>,
}

/// Rules that are evaluated in their order.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) recordings: Vec<Recording>,
    pub(super) alerts: Vec<Alert>,
}
