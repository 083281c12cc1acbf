//! What is counted: 500 label sets of a web service, asked for in an order that repeats after 4,096.

/// A method, a route and a status.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) route: &'static str,
    pub(crate) status: Status,
    /// How long it took: each bucket gets as many.
    pub(crate) seconds: f64,
}

/// An enum that every library here can derive for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    groundcrew_metrics::LabelValue,
    measured::FixedCardinalityLabel,
    prometheus_client::encoding::EncodeLabelValue,
)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// The statuses in use; `measured` needs to know them beforehand for its dense index.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, groundcrew_metrics::LabelValue, measured::FixedCardinalityLabel,
)]
pub(crate) enum Status {
    Ok,
    Created,
    NotFound,
    TooMany,
    Failed,
}

impl Method {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }
}

impl Status {
    pub(crate) fn code(self) -> u16 {
        CODES[self as usize]
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "200",
            Self::Created => "201",
            Self::NotFound => "404",
            Self::TooMany => "429",
            Self::Failed => "500",
        }
    }
}

/// The routes, as long as they are in practice.
pub(crate) fn routes() -> Vec<&'static str> {
    let resources = ["players", "tables", "hands", "tournaments", "sessions"];
    let forms = ["", "/{id}", "/{id}/history", "/{id}/events/{event}", "/search"];
    let routes = resources
        .iter()
        .flat_map(|resource| forms.iter().map(move |form| format!("/api/v1/{resource}{form}")));
    routes.map(|route| &*route.leak()).collect()
}

/// Routes of one length in bytes, as many as the others.
fn routes_of(len: usize) -> Vec<&'static str> {
    let route = |number: usize| format!("/{}{number:02}", "r".repeat(len - 3));
    (0..25).map(|number| &*route(number).leak()).collect()
}

/// The order in which they are asked for.
pub(crate) fn requests() -> Vec<Request> {
    in_order(&routes())
}

/// The same with routes of one length in bytes.
pub(crate) fn requests_of(len: usize) -> Vec<Request> {
    in_order(&routes_of(len))
}

fn in_order(routes: &[&'static str]) -> Vec<Request> {
    let methods = [Method::Get, Method::Post, Method::Put, Method::Delete];
    let statuses = [
        Status::Ok,
        Status::Created,
        Status::NotFound,
        Status::TooMany,
        Status::Failed,
    ];
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |count: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 33).expect("31 bits") % count
    };
    let request = |_| Request {
        method: methods[below(methods.len())],
        route: routes[below(routes.len())],
        status: statuses[below(statuses.len())],
        seconds: SECONDS[below(SECONDS.len())],
    };
    (0..ORDER).map(request).collect()
}

/// One for each of the usual buckets, and one beyond the last.
const SECONDS: [f64; 12] = [
    0.003, 0.007, 0.018, 0.04, 0.08, 0.2, 0.4, 0.8, 1.7, 4.0, 8.0, 20.0,
];
static CODES: [u16; 5] = [200, 201, 404, 429, 500];
pub(crate) const ORDER: usize = 4096;
