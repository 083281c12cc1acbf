//! How soon a probe is answered while every worker of the service's runtime is blocked.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use groundcrew_health::{Health, ProbeListener};
use harness::{Bar, Kind, Row, tail};
use tokio::runtime::Runtime;

/// Two rows: the 99th percentile on a thread of its own, absolute and beside that on the service's runtime.
pub(crate) fn rows() -> Vec<Row> {
    let service = Service::start();
    let control = control();
    let (own, shared) = (service.own.address(), service.shared);
    let ours = tail(0.99, ROUNDS, 100, || probe(own), || probe(control));
    let rival = tail(0.99, ROUNDS, 20, || probe(shared), || probe(control));
    service.is_over.store(true, Ordering::Relaxed);
    let [ours, rival] = [ours, rival].map(|tail| tail.as_secs_f64() * 1e3);
    // A difference of two tails may be nothing.
    let ours = ours.max(0.01);
    vec![
        Row::absolute("probe.blocked_p99", Kind::Latency, "ms", ours, Bar::AtMost(20.0)),
        Row::relative(
            "probe.blocked_p99_shared",
            Kind::Latency,
            "ms",
            (ours, rival),
            "the same router on the service's runtime",
            Some(20.0),
        ),
    ]
}

struct Service {
    own: ProbeListener,
    shared: SocketAddr,
    is_over: Arc<AtomicBool>,
    _runtime: Runtime,
}

impl Service {
    /// Two workers, and six tasks that block one of them for 100 ms at a time.
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime can be made");
        let _entered = runtime.enter();
        let health = Health::builder("1").start().expect("the names are right");
        let own = ProbeListener::bind(LOOPBACK.into(), health.router()).expect("a port is free");
        let listener = runtime.block_on(tokio::net::TcpListener::bind(SocketAddr::from(LOOPBACK)));
        let listener = listener.expect("a port is free");
        let shared = listener.local_addr().expect("it is bound");
        drop(runtime.spawn(async move { axum::serve(listener, health.router()).await }));
        let is_over = Arc::new(AtomicBool::new(false));
        for _ in 0..BLOCKERS {
            let is_over = Arc::clone(&is_over);
            drop(runtime.spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    block();
                    tokio::task::yield_now().await;
                }
            }));
        }
        drop(_entered);
        Self {
            own,
            shared,
            is_over,
            _runtime: runtime,
        }
    }
}

/// What a service must not do, and does.
#[expect(clippy::disallowed_methods, reason = "it is the fault")]
fn block() {
    thread::sleep(BLOCKED);
}

/// A thread that answers whatever is asked.
fn control() -> SocketAddr {
    let listener = TcpListener::bind(SocketAddr::from(LOOPBACK)).expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            drop(exchange(stream));
        }
    });
    address
}

fn exchange(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = [0; 512];
    let _length = stream.read(&mut request)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// How long one probe on a connection of its own takes.
fn probe(address: SocketAddr) -> Duration {
    let began = Instant::now();
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: probe\r\nconnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    });
    let answer = asked.expect("the listener answers");
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    began.elapsed()
}

const LOOPBACK: ([u8; 4], u16) = ([127, 0, 0, 1], 0);
const ROUNDS: usize = 5;
const BLOCKERS: usize = 6;
const BLOCKED: Duration = Duration::from_millis(100);
