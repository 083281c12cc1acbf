use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, SanType,
};

use crate::{error::Error, sandbox::Sandbox};

/// The PEM files of a server that speaks TLS: a private authority and a certificate it has signed for
/// `localhost` and `127.0.0.1`.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl CertificateFiles {
    /// The authority's certificate: what a client must trust (`sslrootcert`).
    #[must_use]
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// The server's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    pub(crate) fn key(&self) -> &Path {
        &self.key
    }

    /// Makes a new authority and certificate; the key is readable by the sandbox's servers alone.
    pub(crate) fn create(sandbox: &Sandbox) -> Result<Self, Error> {
        let made = Pem::generate().map_err(|error| Error::Certificate {
            reason: error.to_string(),
        })?;
        let files = Self {
            authority: sandbox.path("ca.crt"),
            certificate: sandbox.path("server.crt"),
            key: sandbox.path("server.key"),
        };
        sandbox.write(&files.authority, &made.authority, 0o644)?;
        sandbox.write(&files.certificate, &made.certificate, 0o644)?;
        sandbox.write_private(&files.key, &made.key)?;
        Ok(files)
    }
}

struct Pem {
    authority: String,
    certificate: String,
    key: String,
}

impl Pem {
    fn generate() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params
            .distinguished_name
            .push(DnType::CommonName, "test authority");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;

        let mut params = CertificateParams::new([String::from("localhost")])?;
        params
            .subject_alt_names
            .push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        params.distinguished_name.push(DnType::CommonName, "localhost");
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &authority)?;
        Ok(Self {
            authority: authority.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}
