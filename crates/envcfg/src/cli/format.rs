use clap::ValueEnum;

use crate::Docs;

/// The form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// The reference of every variable in Markdown
    Markdown,
    /// A commented .env file
    Env,
    /// Resources for kubectl, without the values of secrets
    Kubernetes,
    /// The part of a container that takes both
    KubernetesContainer,
    /// The part of a compose file
    Compose,
}

impl Format {
    /// The document in this form.
    pub(super) fn document(self, docs: &Docs) -> String {
        match self {
            Self::Markdown => docs.markdown().to_string(),
            Self::Env => docs.env_example().to_string(),
            Self::Kubernetes => docs.kubernetes().to_string(),
            Self::KubernetesContainer => docs.kubernetes().container(),
            Self::Compose => docs.compose().to_string(),
        }
    }
}
