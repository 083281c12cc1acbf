use std::borrow::Cow;

/// What the router has matched: a name from a small set, unlike the path.
#[derive(Clone, Debug)]
pub(super) enum Route {
    Named(Cow<'static, str>),
    #[cfg(feature = "axum")]
    Matched(axum::extract::MatchedPath),
    Unmatched,
}

impl Route {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Named(name) => name,
            #[cfg(feature = "axum")]
            Self::Matched(path) => path.as_str(),
            Self::Unmatched => "unmatched",
        }
    }
}
