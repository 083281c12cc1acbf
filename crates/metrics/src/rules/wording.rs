use super::{
    alert::{Alert, Recording, Urgency},
    promql::in_template,
};

/// The labels and texts that the user gives to rules.
#[derive(Clone, Debug)]
pub(super) struct Wording {
    pub(super) severity_label: String,
    pub(super) page: String,
    pub(super) ticket: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) runbook: Option<String>,
}

impl Wording {
    /// The labels that a rule file gives to an alert: templates.
    pub(super) fn alert_labels(&self, alert: &Alert) -> Vec<(String, String)> {
        let own = self.own_labels(alert.urgency);
        let own = own.map(|(name, value)| (name, in_template(&value)));
        own.chain(alert.labels.iter().cloned()).collect()
    }

    /// All labels of an alert that fires, except its name.
    pub(super) fn expected_labels(&self, alert: &Alert) -> Vec<(String, String)> {
        let mut labels: Vec<(String, String)> = self.own_labels(alert.urgency).collect();
        let given = alert.labels.iter();
        labels.extend(given.map(|(name, value)| (name.clone(), value.replace("{{\"{{\"}}", "{{"))));
        labels.extend(alert.from_expr.iter().cloned());
        labels
    }

    pub(super) fn recording_labels(&self, recording: &Recording) -> Vec<(String, String)> {
        self.labels.iter().chain(&recording.labels).cloned().collect()
    }

    /// The annotations of an alert: templates.
    pub(super) fn annotations(&self, alert: &Alert) -> Vec<(String, String)> {
        self.texts(alert, |text| {
            // What the text says first, then what it takes from the labels.
            let mut template = in_template(text);
            for (name, _) in &alert.from_expr {
                template = template.replace(&format!("{{{name}}}"), &format!("{{{{ $labels.{name} }}}}"));
            }
            template
        })
    }

    /// The annotations as they are when the alert of the test case fires.
    pub(super) fn expected_annotations(&self, alert: &Alert) -> Vec<(String, String)> {
        self.texts(alert, |text| {
            let mut text = text.to_owned();
            for (name, value) in &alert.from_expr {
                text = text.replace(&format!("{{{name}}}"), value);
            }
            text
        })
    }

    fn texts(&self, alert: &Alert, write: impl Fn(&str) -> String) -> Vec<(String, String)> {
        let runbook = self
            .runbook
            .as_ref()
            .map(|url| ("runbook_url", url.replace("{alert}", &alert.name)));
        [
            ("summary", alert.summary.clone()),
            ("description", alert.description.clone()),
        ]
        .into_iter()
        .chain(runbook)
        .map(|(name, text)| (name.to_owned(), write(&text)))
        .collect()
    }

    fn own_labels(&self, urgency: Urgency) -> impl Iterator<Item = (String, String)> {
        let severity = match urgency {
            Urgency::Page => &self.page,
            Urgency::Ticket => &self.ticket,
        };
        [(self.severity_label.clone(), severity.clone())]
            .into_iter()
            .chain(self.labels.iter().cloned())
    }
}

impl Default for Wording {
    fn default() -> Self {
        Self {
            severity_label: "severity".to_owned(),
            page: "page".to_owned(),
            ticket: "ticket".to_owned(),
            labels: Vec::new(),
            runbook: None,
        }
    }
}
