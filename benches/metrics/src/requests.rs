//! What is counted: 500 label sets of a web service, asked for in an order that repeats after 4,096.

use std::iter;

/// A method, a route and a status.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) route: &'static str,
    pub(crate) status: Status,
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

/// The order in which they are asked for.
pub(crate) fn requests() -> Vec<Request> {
    let methods = [Method::Get, Method::Post, Method::Put, Method::Delete];
    let statuses = [
        Status::Ok,
        Status::Created,
        Status::NotFound,
        Status::TooMany,
        Status::Failed,
    ];
    let routes = routes();
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
    };
    (0..ORDER).map(request).collect()
}

/// Does `record` for one request after the other, as a function that is called: it is used in two places.
pub(crate) fn each_by_call(mut record: impl FnMut(&Request) + 'static) -> impl FnMut(u64) + 'static {
    requests().iter().for_each(&mut record);
    each(record)
}

/// Does `record` for one request after the other, as a part of the loop.
pub(crate) fn each(mut record: impl FnMut(&Request) + 'static) -> impl FnMut(u64) + 'static {
    let requests = std::hint::black_box(requests());
    let mut kernel = move |count| {
        let count = usize::try_from(count).expect("a count");
        let whole = iter::repeat_n(&*requests, count / ORDER);
        for requests in whole.chain([&requests[..count % ORDER]]) {
            for request in requests {
                record(request);
            }
        }
    };
    // So that every series is there.
    kernel(ORDER as u64);
    kernel
}

static CODES: [u16; 5] = [200, 201, 404, 429, 500];
const ORDER: usize = 4096;
