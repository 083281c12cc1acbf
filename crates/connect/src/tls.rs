//! TLS for every client: rustls with the aws-lc-rs provider, passed explicitly.
//!
//! ```
//! use groundcrew_connect::tls::{self, Roots, Verification};
//!
//! let config = tls::client_config(&Roots::System, Verification::Full)?;
//! assert!(config.alpn_protocols.is_empty());
//! # Ok::<(), groundcrew_connect::tls::TlsError>(())
//! ```

use std::{fmt, path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    client::WebPkiServerVerifier,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

mod reading;
mod verifier;

#[doc(hidden)]
pub use reading::Reading;
use verifier::{AnyCertificate, ChainOnly};

/// Where the trusted certificate authorities come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// The operating system's store, `SSL_CERT_FILE` and `SSL_CERT_DIR` included.
    #[default]
    System,
    /// A PEM file with one or more certificates, and nothing else.
    File(PathBuf),
}

/// How much of the server's certificate is verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verification {
    /// The chain and the name.
    #[default]
    Full,
    /// The chain; any name will do.
    Chain,
    /// Nothing: protects against listeners, not against impostors.
    None,
}

impl fmt::Display for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("the system's store"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// A client certificate and its key, both PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a pair of files is complete")]
pub struct Identity {
    /// The certificate, with its chain if there is one.
    pub certificate: PathBuf,
    /// The private key, unencrypted.
    pub key: PathBuf,
}

/// Makes the TLS configuration of a client.
///
/// # Errors
/// When the roots cannot be read, or hold no certificate.
pub fn client_config(roots: &Roots, verification: Verification) -> Result<ClientConfig, TlsError> {
    build(roots, verification, None)
}

/// Makes the TLS configuration of a client that shows a certificate itself.
///
/// # Errors
/// As [`client_config`], and when the certificate or the key cannot be read or do not fit.
pub fn client_config_with_identity(
    roots: &Roots,
    verification: Verification,
    identity: &Identity,
) -> Result<ClientConfig, TlsError> {
    build(roots, verification, Some(identity))
}

/// Says why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A certificate or key file cannot be read.
    #[error("reading {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// A certificate or key file has not been read in time: the mount may hang.
    #[error("reading the certificates of {place} takes too long")]
    Slow {
        /// The files, or the operating system's store.
        place: String,
    },
    /// No trusted certificate authority was found.
    #[error("no certificate authority found in {place}")]
    NoRoots {
        /// Where they were looked for.
        place: String,
    },
    /// rustls refuses the combination.
    #[error("setting up TLS")]
    Setup(#[source] rustls::Error),
    /// The roots cannot be used for verification.
    #[error("setting up certificate verification")]
    Verifier(#[source] rustls::client::VerifierBuilderError),
}

fn build(
    roots: &Roots,
    verification: Verification,
    identity: Option<&Identity>,
) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?;
    let builder = match verification {
        Verification::Full => builder.with_root_certificates(load(roots)?),
        Verification::Chain => {
            let inner = webpki(load(roots)?, provider)?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(ChainOnly::new(inner)))
        }
        Verification::None => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate::new(provider))),
    };
    let Some(identity) = identity else {
        return Ok(builder.with_no_client_auth());
    };
    let key = PrivateKeyDer::from_pem_file(&identity.key).map_err(|source| TlsError::File {
        path: identity.key.clone(),
        source,
    })?;
    builder
        .with_client_auth_cert(certificates(&identity.certificate)?, key)
        .map_err(TlsError::Setup)
}

fn webpki(
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(TlsError::Verifier)
}

fn load(roots: &Roots) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::System => store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
        Roots::File(path) => store.add_parsable_certificates(certificates(path)?),
    };
    if store.is_empty() {
        return Err(TlsError::NoRoots {
            place: roots.to_string(),
        });
    }
    Ok(store)
}

fn certificates(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let file = |source| TlsError::File {
        path: path.clone(),
        source,
    };
    CertificateDer::pem_file_iter(path)
        .map_err(file)?
        .collect::<Result<_, _>>()
        .map_err(file)
}
