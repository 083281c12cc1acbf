//! Scrapes as HTTP requests.
#![cfg(feature = "gzip")]
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    io::Read as _,
    pin::pin,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use bytes::Bytes;
use groundcrew_base::Secret;
use groundcrew_metrics::{Bounded, Collector, Descriptor, MetricsEndpoint, Registry, Samples};
use http::{Method, Request, Response};

fn registry() -> Registry {
    let registry = Registry::new();
    registry.counter("jobs_total", "Jobs").unwrap().inc();
    registry
        .histogram("age_seconds", "Age", &[1.0])
        .unwrap()
        .observe(0.5);
    registry
}

fn ask(endpoint: &MetricsEndpoint, uri: &str, headers: &[(&str, &str)]) -> Response<Bytes> {
    ask_by(endpoint, Method::GET, uri, headers)
}

fn ask_by(
    endpoint: &MetricsEndpoint,
    method: Method,
    uri: &str,
    headers: &[(&str, &str)],
) -> Response<Bytes> {
    let request = Request::builder().method(method).uri(uri);
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    endpoint.answer(&request.body(()).unwrap())
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[test]
fn the_format_is_what_the_scraper_accepts() {
    let registry = registry();
    let endpoint = MetricsEndpoint::new(&registry);

    let text = ask(&endpoint, "/metrics", &[("accept", "image/png")]);
    let open_metrics = ask(
        &endpoint,
        "/metrics",
        &[
            ("accept", "text/plain;q=0.2"),
            (
                "accept",
                "application/openmetrics-text;version=1.0.0;escaping=underscores",
            ),
        ],
    );
    let protobuf = ask(
        &endpoint,
        "/metrics",
        &[(
            "accept",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        )],
    );

    assert_eq!(
        header(&text, "content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(header(&text, "vary"), "accept, accept-encoding");
    assert_eq!(text.body(), registry.encode().as_bytes());
    assert_eq!(
        header(&open_metrics, "content-type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
    );
    assert_eq!(open_metrics.body(), registry.encode_open_metrics().as_bytes());
    assert_eq!(
        header(&protobuf, "content-type"),
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
    );
    let head = b"\x0a\x0ajobs_total\x12\x04Jobs\x18\x00";
    assert_eq!(protobuf.body()[1..=head.len()], head[..]);
}

#[test]
fn what_is_not_a_scrape_is_refused() {
    let endpoint = MetricsEndpoint::new(&registry());

    let post = ask_by(&endpoint, Method::POST, "/metrics", &[]);
    let head = ask_by(&endpoint, Method::HEAD, "/metrics", &[]);
    let get = ask(&endpoint, "/metrics", &[]);

    assert_eq!(
        (post.status().as_u16(), header(&post, "allow")),
        (405, "GET, HEAD")
    );
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
    assert_eq!(header(&head, "content-length"), get.body().len().to_string());
}

#[test]
fn a_token_is_asked_for() {
    let endpoint = MetricsEndpoint::new(&registry()).bearer_token(Secret::from("s3cret"));
    let status = |headers: &[(&str, &str)]| ask(&endpoint, "/metrics", headers).status().as_u16();

    assert_eq!(status(&[("authorization", "Bearer s3cret")]), 200);
    assert_eq!(status(&[("authorization", "bearer  s3cret ")]), 200);
    for wrong in [
        "Bearer s3cre",
        "Bearer s3creT",
        "Bearer ",
        "Bearer",
        "Basic s3cret",
        "s3cret",
    ] {
        assert_eq!(status(&[("authorization", wrong)]), 401, "{wrong}");
    }
    assert_eq!(status(&[]), 401);
    let refused = ask_by(&endpoint, Method::POST, "/metrics", &[]);
    assert_eq!(
        (refused.status().as_u16(), header(&refused, "www-authenticate")),
        (401, "Bearer")
    );
    assert!(!format!("{endpoint:?}").contains("s3cret"));
}

#[test]
fn names_choose_families() {
    let registry = registry();
    let endpoint = MetricsEndpoint::new(&registry);
    let lines = |uri: &str| {
        let response = ask(&endpoint, uri, &[]);
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        text.lines()
            .filter_map(|line| Some(line.strip_prefix("# TYPE ")?.split(' ').next()?.to_owned()))
            .collect::<Vec<_>>()
    };

    assert_eq!(lines("/metrics?name[]=age_seconds_bucket"), ["age_seconds"]);
    assert_eq!(lines("/metrics?name%5B%5D=jobs"), ["jobs_total"]);
    assert_eq!(lines("/metrics?name[]=jobs_total&name[]=age_seconds").len(), 2);
    assert_eq!(lines("/metrics?name[]=nothing"), [""; 0]);
    assert_eq!(lines("/metrics?other=1").len(), 2);
}

#[test]
fn a_long_answer_is_compressed_for_who_accepts_it() {
    let registry = registry();
    let accept = [("accept-encoding", "gzip, deflate")];
    let endpoint = MetricsEndpoint::new(&registry);
    let short = ask(&endpoint, "/metrics", &accept);
    for number in 0..30 {
        registry
            .gauge(&format!("gauge_{number}"), "One of many gauges")
            .unwrap();
    }

    let long = ask(&endpoint, "/metrics", &accept);
    let plain = ask(&endpoint, "/metrics", &[]);

    assert_eq!(header(&short, "content-encoding"), "");
    assert_eq!(header(&long, "content-encoding"), "gzip");
    assert_eq!(header(&plain, "content-encoding"), "");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&long.body()[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, registry.encode());
    assert_eq!(plain.body(), text.as_bytes());
}

/// Counts its runs, and holds each until it is let go.
#[derive(Default)]
struct Gate {
    runs: AtomicU64,
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl Collector for Gate {
    fn describe(&self) -> Vec<Descriptor> {
        vec![Descriptor::counter("runs_total", "Runs")]
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        let closed = self.is_open.lock().unwrap();
        drop(self.opened.wait_while(closed, |is_open| !*is_open).unwrap());
        samples.counter("runs_total", &[], run);
    }
}

#[test]
fn scrapes_at_the_same_time_share_one_encoding_also_when_the_first_goes_away() {
    let registry = Registry::new();
    let gate = Arc::new(Gate::default());
    registry.collector(Arc::clone(&gate)).unwrap();
    let endpoint = MetricsEndpoint::new(&registry);
    let request = Request::get("/metrics").body(()).unwrap();
    let poll = |future: std::pin::Pin<&mut (dyn Future<Output = Response<Bytes>> + Send)>| {
        future.poll(&mut Context::from_waker(Waker::noop()))
    };

    let mut first = Box::pin(endpoint.answer_async(&request));
    assert!(poll(first.as_mut()).is_pending());
    let mut second = pin!(endpoint.answer_async(&request));
    assert!(poll(second.as_mut()).is_pending());
    drop(first);
    let blocking = thread::spawn(move || endpoint.answer(&Request::get("/metrics").body(()).unwrap()));
    gate.open();

    let third = blocking.join().unwrap();
    let second = loop {
        if let Poll::Ready(response) = poll(second.as_mut()) {
            break response;
        }
        thread::yield_now();
    };
    assert!(
        second
            .body()
            .starts_with(b"# HELP runs_total Runs\n# TYPE runs_total counter\nruns_total 1\n")
    );
    // Unless it came after the gate was open, the blocking one has shared it too.
    assert!(gate.runs.load(Ordering::SeqCst) == 1 || third.body() != second.body());
}

#[test]
fn a_scraper_that_will_not_wait_gets_its_answer_in_time() {
    let registry = registry();
    let gate = Arc::new(Gate::default());
    let patient = Bounded::new(Arc::clone(&gate)).deadline(Duration::from_secs(3600));
    registry.collector(patient).unwrap();
    let endpoint = MetricsEndpoint::new(&registry);

    let response = ask(
        &endpoint,
        "/metrics",
        &[("x-prometheus-scrape-timeout-seconds", "0.05")],
    );
    gate.open();

    let text = str::from_utf8(response.body()).unwrap();
    assert!(text.contains("jobs_total 1\n"));
    assert!(
        text.contains("scrape_collector_success{collector=\"runs_total\"} 0\n"),
        "{text}"
    );
}

#[test]
fn strangers_who_ask_for_something_different_each_get_no_thread_each() {
    type Answer = std::pin::Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;

    let registry = Registry::new();
    let gate = Arc::new(Gate::default());
    registry.collector(Arc::clone(&gate)).unwrap();
    let endpoint = MetricsEndpoint::new(&registry);
    let ask = |number: u32| {
        let uri = format!("/metrics?name[]=runs_total&name[]=n{number}");
        let request = Request::get(uri).body(()).unwrap();
        let answer: Answer = Box::pin(endpoint.answer_async(&request));
        answer
    };
    let poll = |future: &mut Answer| match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(response) => Some(response),
        Poll::Pending => None,
    };

    let mut scrapes: Vec<_> = (0..50).map(ask).collect();
    let refused: Vec<Response<Bytes>> = scrapes.iter_mut().filter_map(poll).collect();

    assert_eq!(refused.len(), 18);
    for response in &refused {
        assert_eq!(response.status(), 503);
        assert_eq!(header(response, "retry-after"), "1");
    }
    // Who asks for what is being encoded already shares it.
    let mut shared = ask(0);
    assert!(poll(&mut shared).is_none());
    gate.open();
    let response = loop {
        if let Some(response) = poll(&mut shared) {
            break response;
        }
        thread::yield_now();
    };
    assert_eq!(response.status(), 200);
}
