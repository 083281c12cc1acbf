use std::{hint::black_box, net::Ipv4Addr};

use tracing::{Span, debug, info, info_span};

/// What happens around an event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scenario {
    /// It is in no span.
    NoSpan,
    /// It is in a span of three fields.
    Span,
    /// It is in two spans of three fields each.
    Nested,
    /// A span of three fields is made for it alone.
    Request,
    /// The same, and it holds what looks like secrets, as service logs do, and one that is one.
    Suspicious,
    /// The same, and what it holds is encoded, some of it twice and in two ways, with three secrets in it.
    Encoded,
    /// Its level is filtered out; a hundred of them, for one is lost in what the process does besides.
    Disabled,
}

impl Scenario {
    /// Does it so many times.
    pub(crate) fn run(self, count: u64) {
        match self {
            Self::NoSpan => repeat(count, event),
            Self::Span => request().in_scope(|| repeat(count, event)),
            Self::Nested => request().in_scope(|| hand().in_scope(|| repeat(count, event))),
            Self::Request => repeat(count, || request().in_scope(event)),
            Self::Suspicious => request().in_scope(|| repeat(count, suspicious_event)),
            Self::Encoded => request().in_scope(|| repeat(count, encoded_event)),
            Self::Disabled => repeat(count * 100, || debug!(pot = black_box(12.5), "hand dealt")),
        }
    }
}

fn repeat(count: u64, operation: impl Fn()) {
    for _ in 0..count {
        operation();
    }
}

fn event() {
    info!(
        pot = black_box(12.5),
        street = black_box("river"),
        seats = black_box(6_u64),
        "hand dealt"
    );
}

/// Signs and words that a redactor must look at, of which only the address of the player is one to hide.
fn suspicious_event() {
    info!(
        pot = black_box(12.5),
        url = black_box("https://tables.example.com:8443/api/v1/tables/17/hands?seat=6&page=2"),
        player = black_box("bob@example.com"),
        seats = black_box(6_u64),
        "hand 4711 dealt: seat=6 stake=25 token_count=3, shuffled at 2026-11-22T04:56:15.123456Z"
    );
}

/// An address with an address in it, JSON in HTML in an address, and a value with an escape in it.
fn encoded_event() {
    info!(
        pot = black_box(12.5),
        url = black_box(
            "/login?next=https%3A%2F%2Ftables.example.com%2Fhands%3Fseat%3D6%2526token%253Dabcdef&page=2"
        ),
        body = black_box(
            "%26quot%3Buser%26quot%3B%3A%26quot%3Bbob%26quot%3B%2C%26quot%3Bpassword%26quot%3B%3A%26quot%3Bab"
        ),
        seats = black_box(6_u64),
        r"hand 4711 dealt: Authorization: Bearer abcdef1\u002Bghijkl2\u003d\u003d"
    );
}

fn request() -> Span {
    let ip = black_box(Ipv4Addr::new(192, 0, 2, 7));
    info_span!("request", requestId = black_box(REQUEST), attempt = black_box(1_u64), %ip)
}

fn hand() -> Span {
    info_span!(
        "hand",
        handId = black_box(4711_u64),
        table = black_box("t-17"),
        stake = black_box(25_u64)
    )
}

/// The identifier that the spans carry.
pub(crate) const REQUEST: &str = "0190f5e3-7a2b-7c4d-8e9f-a1b2c3d4e5f6";
