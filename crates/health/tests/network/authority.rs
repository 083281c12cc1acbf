//! Certificates for `localhost`, and a server that shows them.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use groundcrew_connect::tls::Roots;
use groundcrew_health::checks::TlsCheck;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// When a certificate begins and ends to be good.
#[derive(Clone, Copy)]
pub(crate) struct Validity {
    pub(crate) begins: SystemTime,
    pub(crate) ends: SystemTime,
}

impl Validity {
    pub(crate) fn until(ends: SystemTime) -> Self {
        Self {
            begins: UNIX_EPOCH,
            ends,
        }
    }

    fn set(self, params: &mut CertificateParams) {
        let date =
            |time: SystemTime| rcgen::date_time_ymd(1970, 1, 1) + time.duration_since(UNIX_EPOCH).unwrap();
        (params.not_before, params.not_after) = (date(self.begins), date(self.ends));
    }
}

/// A TLS server on loopback that answers each request with 200.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    directory: TempDir,
    _accepting: JoinSet<()>,
}

impl Server {
    /// One whose certificate is of an authority of its own.
    pub(crate) async fn start(validity: Validity) -> Self {
        let authority = authority("authority");
        let (certificate, key) = localhost(validity, &authority);
        Self::showing(vec![certificate.der().clone()], &key, &authority.pem()).await
    }

    /// One between whose certificate and its authority there is another.
    pub(crate) async fn with_intermediate(validity: Validity, intermediate: Validity) -> Self {
        let authority = authority("authority");
        let mut params = signer("intermediate");
        intermediate.set(&mut params);
        let between = CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &authority).unwrap();
        let (certificate, key) = localhost(validity, &between);
        let chain = vec![certificate.der().clone(), between.der().clone()];
        Self::showing(chain, &key, &authority.pem()).await
    }

    async fn showing(chain: Vec<CertificateDer<'static>>, key: &KeyPair, authority: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ca.pem"), authority).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(config));
            while let Ok((stream, _)) = listener.accept().await {
                answer(&acceptor, stream).await;
            }
        });
        Self {
            address,
            directory,
            _accepting: accepting,
        }
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::File(self.directory.path().join("ca.pem"))
    }

    pub(crate) fn check(&self) -> TlsCheck {
        TlsCheck::new("127.0.0.1", self.address.port())
            .server_name("localhost")
            .roots(self.roots())
    }
}

/// Who comes without a request, or breaks off the handshake, is let go.
async fn answer(acceptor: &TlsAcceptor, stream: TcpStream) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    if matches!(stream.read(&mut [0; 4096]).await, Ok(1..)) {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        drop(stream.write_all(answer).await);
        drop(stream.shutdown().await);
    }
}

fn signer(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    CertifiedIssuer::self_signed(signer(name), KeyPair::generate().unwrap()).unwrap()
}

fn localhost(validity: Validity, issuer: &Issuer<'_, KeyPair>) -> (Certificate, KeyPair) {
    let mut params = CertificateParams::new([String::from("localhost")]).unwrap();
    validity.set(&mut params);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, issuer).unwrap(), key)
}
