//! Whether somebody takes connections, and for how long its certificate is good.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use groundcrew_connect::tls::Roots;
use groundcrew_health::{
    Check, Detail, Status, Verdict,
    checks::{TcpCheck, TlsCheck},
};
use groundcrew_testkit::Proxy;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet, time::Instant};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs::default_provider,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

const DAY: Duration = Duration::from_hours(24);

fn word(verdict: &Verdict) -> Option<&Detail> {
    verdict.details().find("verdict")
}

#[tokio::test]
async fn tcp_tells_up_from_down_from_frozen() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let check = TcpCheck::new(address.clone());

    let up = check.run().await;
    drop(listener);
    let down = check.run().await;
    // RFC 5737: nobody answers there; where the network says so at once, that is down.
    let limit = Duration::from_millis(200);
    let began = Instant::now();
    let nobody = TcpCheck::new("192.0.2.1:9").timeout(limit).run().await;
    let unknown = TcpCheck::new("no-such-host.invalid:25").run().await;

    assert_eq!((up.status(), word(&up)), (Status::Healthy, Some(&"up".into())));
    assert_eq!(
        (down.status(), word(&down)),
        (Status::Unhealthy, Some(&"down".into()))
    );
    assert!(down.reason().unwrap().starts_with(&address), "{down:?}");
    assert_eq!(nobody.status(), Status::Unhealthy);
    assert!(
        began.elapsed() >= limit || word(&nobody) == Some(&"down".into()),
        "{nobody:?}"
    );
    assert_eq!(
        (unknown.status(), word(&unknown)),
        (Status::Unhealthy, Some(&"down".into()))
    );
}

/// A TLS server on loopback, for `localhost`, with a certificate that ends so long after now.
struct Server {
    address: SocketAddr,
    directory: TempDir,
    _accepting: JoinSet<()>,
}

impl Server {
    async fn with_certificate_for(left: Duration) -> Self {
        Self::until(SystemTime::now() + left).await
    }

    async fn until(end: SystemTime) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let mut params = CertificateParams::new([String::from("localhost")]).unwrap();
        params.not_after = rcgen::date_time_ymd(1970, 1, 1) + end.duration_since(UNIX_EPOCH).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ca.pem"), authority.pem()).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(config));
            while let Ok((stream, _)) = listener.accept().await {
                drop(acceptor.accept(stream).await);
            }
        });
        Self {
            address,
            directory,
            _accepting: accepting,
        }
    }

    fn check(&self) -> TlsCheck {
        TlsCheck::new("127.0.0.1", self.address.port())
            .server_name("localhost")
            .roots(Roots::File(self.directory.path().join("ca.pem")))
    }
}

#[tokio::test]
async fn a_certificate_is_good_then_expiring_then_refused() {
    let good = Server::with_certificate_for(DAY * 90 + DAY / 2)
        .await
        .check()
        .run()
        .await;
    let server = Server::with_certificate_for(DAY * 13 + DAY / 2).await;
    let expiring = server.check().run().await;
    let in_time = server.check().warn_within(DAY * 7).run().await;
    let expired = Server::until(SystemTime::now() - DAY).await.check().run().await;

    assert_eq!(
        (good.status(), word(&good)),
        (Status::Healthy, Some(&"up".into()))
    );
    assert_eq!(good.details().find("daysLeft"), Some(&Detail::UInt(90)));
    assert_eq!(
        (expiring.status(), expiring.reason()),
        (Status::Degraded, Some("the certificate ends in 13 days"))
    );
    assert_eq!(word(&expiring), Some(&"expiring".into()));
    assert_eq!(in_time.status(), Status::Healthy);
    assert_eq!(
        (expired.status(), word(&expired)),
        (Status::Unhealthy, Some(&"handshake".into()))
    );
    assert!(expired.reason().unwrap().contains("expired"), "{expired:?}");
}

#[tokio::test]
async fn a_wrong_name_a_strange_signer_and_silence_are_unhealthy() {
    let (server, stranger) = tokio::join!(
        Server::with_certificate_for(DAY * 90),
        Server::with_certificate_for(DAY * 90)
    );
    let proxy = Proxy::start(server.address).await.unwrap();
    proxy.black_hole();

    let misnamed = server.check().server_name("example.com").run().await;
    let strange = stranger
        .check()
        .roots(Roots::File(server.directory.path().join("ca.pem")));
    let strange = strange.run().await;
    let no_roots = server
        .check()
        .roots(Roots::File("/nowhere.pem".into()))
        .run()
        .await;
    let silent = TlsCheck::new("127.0.0.1", proxy.addr().port()).timeout(Duration::from_millis(200));
    let silent = silent.run().await;

    for verdict in [&misnamed, &strange, &no_roots, &silent] {
        assert_eq!(verdict.status(), Status::Unhealthy, "{verdict:?}");
    }
    assert_eq!(word(&misnamed), Some(&"handshake".into()));
    assert_eq!(word(&strange), Some(&"handshake".into()));
    assert!(
        no_roots.reason().unwrap().contains("/nowhere.pem"),
        "{no_roots:?}"
    );
    assert_eq!(silent.reason(), Some("no answer within 200ms"));
}
