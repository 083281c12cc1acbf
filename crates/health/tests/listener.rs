//! The listener of the probes and those who take its places.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    future::pending,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use bytes::Bytes;
use groundcrew_health::{Health, ProbeListener, Verdict, probe::probe};
use groundcrew_testkit::eventually;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::sync::{Mutex, MutexGuard};

const LIMIT: Duration = Duration::from_secs(5);

/// How long any probe may take here: a kubelet waits for 1 s.
const PATIENCE: Duration = Duration::from_secs(1);

/// Four times as many as there are places, if the process may have so many.
///
/// One test at a time has them.
async fn many() -> (usize, MutexGuard<'static, ()>) {
    static TURN: Mutex<()> = Mutex::const_new(());
    let turn = TURN.lock().await;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let allowed = limit
        .maximum
        .map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
    let most = 1000.min(allowed.saturating_sub(OTHER_FILES));
    assert!(most > PLACES, "{allowed} descriptors are too few for this test");
    (most, turn)
}

const PLACES: usize = 256;

/// The places of the listener, and what the tests beside this one open.
const OTHER_FILES: usize = 720;

async fn listener() -> (Health, ProbeListener) {
    let health = Health::builder("1")
        .check("fine", || async { Verdict::healthy() })
        .start()
        .unwrap();
    eventually(LIMIT, "ready", async || health.readiness().ok()).await;
    let never = Router::new().route("/never", get(pending::<()>));
    let body = Bytes::from_iter(large());
    let large = Router::new().route("/large", get(async move || body));
    let router = health.router().merge(never).merge(large);
    #[cfg(feature = "grpc")]
    let router = router.merge(health.grpc_router());
    let probes = ProbeListener::bind(([127, 0, 0, 1], 0).into(), router).unwrap();
    (health, probes)
}

/// So many connections on which `said` was sent, and nothing since.
fn silent(address: SocketAddr, count: usize, said: &[u8]) -> Vec<TcpStream> {
    let connect = |_| {
        let mut stream = TcpStream::connect(address).unwrap();
        // Who has been sent away cannot send.
        drop(stream.write_all(said));
        stream
    };
    (0..count).map(connect).collect()
}

/// Asks on new connections until all answers come in time, and gives the longest wait: a machine that is busy may need a few rounds.
async fn asked(address: SocketAddr) -> Duration {
    eventually(LIMIT * 4, "probes are answered in time", async || {
        let asking = move || {
            let waits = ["/livez", "/readyz", "/api/health"].map(|path| {
                let began = Instant::now();
                let status = probe(&format!("http://{address}{path}"), PATIENCE);
                (status.ok() == Some(200)).then(|| began.elapsed())
            });
            waits.into_iter().collect::<Option<Vec<_>>>()
        };
        let waits = tokio::task::spawn_blocking(asking).await.unwrap();
        waits.and_then(|waits| waits.into_iter().max())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connections_that_say_nothing_or_too_little_keep_no_probe_away() {
    let (_health, probes) = listener().await;
    let (address, (count, _turn)) = (probes.address(), many().await);

    for (what, said) in [
        ("say nothing", &b""[..]),
        ("begin a request", b"GET /livez HTTP/1.1\r\nhost: "),
        ("begin one of HTTP/2", b"PRI * HTTP"),
        ("say hello in HTTP/2", HELLO),
        ("have asked once", b"GET /livez HTTP/1.1\r\nhost: probes\r\n\r\n"),
        ("wait for ever", b"GET /never HTTP/1.1\r\nhost: probes\r\n\r\n"),
    ] {
        let held = silent(address, count, said);
        eprintln!(
            "probes beside {count} connections that {what}: {:?}",
            asked(address).await
        );
        drop(held);
    }

    assert!(probes.shutdown(LIMIT).await.is_clean());
}

/// All at once they are more than a second of work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_large_answers_that_nobody_reads_delay_no_probe() {
    let (_health, probes) = listener().await;
    let address = probes.address();

    // A machine that is busy may need a few rounds.
    eventually(LIMIT * 12, "a probe is answered in time", async || {
        let asking = move || {
            let mut held = silent(address, 100, b"");
            for stream in &mut held {
                let request = b"GET /large HTTP/1.1\r\nhost: probes\r\n\r\n";
                stream.write_all(request).unwrap();
            }
            let began = Instant::now();
            let code = probe(&format!("http://{address}/livez"), LIMIT * 4);
            (code.unwrap(), began.elapsed())
        };
        let (code, wait) = tokio::task::spawn_blocking(asking).await.unwrap();
        eprintln!("a probe beside 100 unread answers of 16 MB: {wait:?}");
        assert_eq!(code, 200);
        (wait <= PATIENCE).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_answer_is_whole() {
    let (_health, probes) = listener().await;
    let address = probes.address();

    let read = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = b"GET /large HTTP/1.1\r\nhost: probes\r\nconnection: close\r\n\r\n";
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    };
    let answer = tokio::task::spawn_blocking(read).await.unwrap();

    let head = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
    let (head, body) = answer.split_at(head + 4);
    let length = format!("content-length: {LARGE}\r\n");
    assert!(String::from_utf8_lossy(head).contains(&length), "{head:?}");
    assert!(body.iter().copied().eq(large()));
}

/// The bytes of `/large`.
fn large() -> impl Iterator<Item = u8> {
    (0..LARGE).map(|at| u8::try_from(at / 1000 % 251).unwrap())
}

const LARGE: usize = 16 << 20;

/// The preface and empty settings.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A prober that asks over and over on one connection is not sent away for the sake of the silent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_is_kept_before_who_is_silent() {
    let (_health, probes) = listener().await;
    let mut kept = TcpStream::connect(probes.address()).unwrap();
    kept.set_read_timeout(Some(LIMIT)).unwrap();
    let mut ask = || {
        kept.write_all(b"GET /livez HTTP/1.1\r\nhost: probes\r\n\r\n")
            .unwrap();
        let mut answer = [0; 1024];
        let read = kept.read(&mut answer).unwrap();
        String::from_utf8(answer[..read].to_vec()).unwrap()
    };
    assert!(ask().ends_with("alive\n"));

    let (count, _turn) = many().await;
    let held = silent(probes.address(), count, b"");

    assert!(ask().ends_with("alive\n"));
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_says_nothing_is_closed_after_5_s() {
    let (_health, probes) = listener().await;
    let address = probes.address();
    let closed = move |said: &'static [u8]| {
        let mut stream = silent(address, 1, said).pop().unwrap();
        move || {
            let began = Instant::now();
            stream.set_read_timeout(Some(LIMIT * 3)).unwrap();
            // A server that speaks HTTP/2 has said hello and goodbye.
            stream.read_to_end(&mut Vec::new()).unwrap();
            began.elapsed()
        }
    };

    let waits = [b"", &b"GET /livez HTTP/1.1\r\nhost: "[..], b"PRI * HTTP"]
        .map(|said| tokio::task::spawn_blocking(closed(said)));

    for wait in waits {
        let wait = wait.await.unwrap();
        assert!((4..12).contains(&wait.as_secs()), "{wait:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_silent_do_not_keep_the_listener_from_ending() {
    let (_health, probes) = listener().await;
    let _silent = silent(probes.address(), 100, b"GET /livez HTTP/1.1\r\nhost: ");
    asked(probes.address()).await;

    // Less than an answer would be waited for.
    let ended = probes.shutdown(Duration::from_secs(4)).await;

    assert!(ended.is_clean(), "{ended:?}");
}
