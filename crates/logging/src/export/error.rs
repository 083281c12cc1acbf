use groundcrew_connect::tls::TlsError;

use crate::courier::CourierError;

/// Says why lines cannot be sent to a service. Neither an address nor a key stands in it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ExportError(#[from] pub(super) Failure);

#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the address is none")]
    Address,
    #[error("the key cannot be sent in a header")]
    Key,
    #[error("setting up TLS")]
    Tls(#[source] TlsError),
    #[error("sending a batch")]
    Send(#[source] CourierError),
    #[error("compressing a batch")]
    Compress(#[source] std::io::Error),
}
