use serde::{Deserialize, Serialize};

/// Who sees the reasons and details of checks. Names and statuses are always shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DetailsPolicy {
    /// Nobody.
    Never,
    /// Who asks from this machine and not through a proxy: without `X-Forwarded-*`, `Forwarded`, `Via`, `X-Real-Ip` and other
    /// headers that proxies add. That is a container's own health check, `kubectl exec`, a shell. The default. Needs
    /// `ConnectInfo<SocketAddr>`, which `ProbeListener` and lifecycle's `serve` give. Behind a proxy on this machine that adds
    /// none of them, as nginx does not by itself, it takes every client for one of this machine: choose another there.
    #[default]
    Loopback,
    /// Who sends `Authorization: Bearer <details_token>`.
    Token,
    /// Everybody. To make checks run with `?fresh=1` is for those that [`Loopback`](Self::Loopback) or
    /// [`Token`](Self::Token) would show details to.
    Always,
}
