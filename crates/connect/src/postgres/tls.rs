use std::fmt;

use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::tls::{self, Identity, Roots, TlsError, Verification};

/// Makes TLS streams for tokio-postgres, with what the URL asked for.
#[derive(Clone)]
pub struct PostgresTls(MakeRustlsConnect);

impl PostgresTls {
    pub(super) fn new(
        roots: &Roots,
        verification: Verification,
        identity: Option<&Identity>,
    ) -> Result<Self, TlsError> {
        let config = match identity {
            Some(identity) => tls::client_config_with_identity(roots, verification, identity)?,
            None => tls::client_config(roots, verification)?,
        };
        Ok(Self(MakeRustlsConnect::new(config)))
    }
}

impl<S> MakeTlsConnect<S> for PostgresTls
where
    MakeRustlsConnect: MakeTlsConnect<S>,
{
    type Stream = <MakeRustlsConnect as MakeTlsConnect<S>>::Stream;
    type TlsConnect = <MakeRustlsConnect as MakeTlsConnect<S>>::TlsConnect;
    type Error = <MakeRustlsConnect as MakeTlsConnect<S>>::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Self::TlsConnect, Self::Error> {
        <MakeRustlsConnect as MakeTlsConnect<S>>::make_tls_connect(&mut self.0, domain)
    }
}

impl fmt::Debug for PostgresTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresTls")
    }
}
