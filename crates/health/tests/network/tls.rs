//! Certificates that end, have ended or begin later.

use std::{
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use groundcrew_connect::tls::Roots;
use groundcrew_health::{Check, Detail, Status, checks::TlsCheck};
use groundcrew_testkit::Proxy;

use crate::{
    DAY,
    authority::{Server, Validity},
    hanging_file::HangingFile,
    word,
};

fn left(left: Duration) -> Validity {
    Validity::until(SystemTime::now() + left)
}

#[tokio::test]
async fn a_certificate_is_good_then_expiring_then_refused() {
    let good = Server::start(left(DAY * 90 + DAY / 2)).await.check().run().await;
    let server = Server::start(left(DAY * 13 + DAY / 2)).await;
    let expiring = server.check().run().await;
    let in_time = server.check().warn_within(DAY * 7).run().await;
    let expired = Server::start(Validity::until(SystemTime::now() - DAY))
        .await
        .check()
        .run()
        .await;

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
    let (server, stranger) = tokio::join!(Server::start(left(DAY * 90)), Server::start(left(DAY * 90)));
    let proxy = Proxy::start(server.address).await.unwrap();
    proxy.black_hole();

    let misnamed = server.check().server_name("example.com").run().await;
    let strange = stranger.check().roots(server.roots());
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

#[tokio::test]
async fn a_file_of_authorities_that_hangs_keeps_nobody_else_waiting() {
    let (server, file) = (Server::start(left(DAY * 90)).await, HangingFile::new());
    let hangs = server.check().roots(Roots::File(file.path()));
    let hasty = hangs.clone().timeout(Duration::from_millis(100));

    for _ in 0..3 {
        let (slow, other) = tokio::join!(hasty.run(), async { server.check().run().await });

        let why = format!(
            "reading the certificates of {} takes too long",
            file.path().display()
        );
        assert_eq!(word(&slow), Some(&"error".into()));
        assert_eq!(slow.reason(), Some(why.as_str()));
        assert_eq!(other.status(), Status::Healthy);
    }

    let Roots::File(authority) = server.roots() else {
        panic!("the roots are a file");
    };
    file.release(&fs::read_to_string(authority).unwrap());
    let hangs = hangs.timeout(Duration::from_secs(30));
    assert_eq!(hangs.run().await.status(), Status::Healthy);
}

#[tokio::test]
async fn a_clone_with_other_authorities_does_not_wait_for_a_file_that_hangs() {
    let (server, file) = (Server::start(left(DAY * 90)).await, HangingFile::new());
    let hangs = server.check().roots(Roots::File(file.path()));
    let hangs = hangs.timeout(Duration::from_millis(100));
    let other = hangs.clone().roots(server.roots());
    let other = other.timeout(Duration::from_secs(30));

    let (slow, known) = (hangs.run().await, other.run().await);

    assert_eq!(word(&slow), Some(&"error".into()));
    assert_eq!(known.status(), Status::Healthy, "{known:?}");
}

#[tokio::test]
async fn a_file_of_authorities_that_is_replaced_is_used() {
    let (old, new) = tokio::join!(Server::start(left(DAY * 90)), Server::start(left(DAY * 90)));
    let (Roots::File(trusted), Roots::File(renewed)) = (old.roots(), new.roots()) else {
        panic!("the roots are files");
    };
    let check = new.check().roots(Roots::File(trusted.clone()));
    let strange = check.run().await;

    fs::rename(renewed, trusted).unwrap();
    let known = check.run().await;

    assert_eq!(word(&strange), Some(&"handshake".into()));
    assert_eq!(known.status(), Status::Healthy);
}

/// What a browser trusts is a chain.
#[tokio::test]
async fn the_certificate_that_ends_first_counts() {
    let (near, far) = (DAY * 5 + DAY / 2, DAY * 90 + DAY / 2);
    for (own, between) in [(far, near), (near, far)] {
        let verdict = Server::with_intermediate(left(own), left(between))
            .await
            .check()
            .run()
            .await;

        assert_eq!(
            (verdict.status(), verdict.reason()),
            (Status::Degraded, Some("the certificate ends in 5 days"))
        );
        assert_eq!(verdict.details().find("daysLeft"), Some(&Detail::UInt(5)));
        let ends = SystemTime::now() + near;
        let ends = ends.duration_since(UNIX_EPOCH).unwrap().as_secs();
        let Some(Detail::UInt(told)) = verdict.details().find("notAfter") else {
            panic!("{verdict:?}");
        };
        assert!(told.abs_diff(ends) < 3600, "{told} {ends}");
    }
    let good = Server::with_intermediate(left(far), left(far))
        .await
        .check()
        .run()
        .await;
    assert_eq!(good.details().find("daysLeft"), Some(&Detail::UInt(90)));
    assert_eq!(good.status(), Status::Healthy);
}

#[tokio::test]
async fn a_certificate_that_begins_later_or_whose_signer_has_ended_is_refused() {
    let later = Validity {
        begins: SystemTime::now() + DAY,
        ends: SystemTime::now() + DAY * 90,
    };
    let over = Validity::until(SystemTime::now() - DAY);

    let early = Server::start(later).await.check().run().await;
    let unsigned = Server::with_intermediate(left(DAY * 90), over)
        .await
        .check()
        .run()
        .await;

    for (verdict, reason) in [(early, "not valid yet"), (unsigned, "expired")] {
        assert_eq!(
            (verdict.status(), word(&verdict)),
            (Status::Unhealthy, Some(&"handshake".into()))
        );
        assert!(verdict.reason().unwrap().contains(reason), "{verdict:?}");
    }
}
