//! The messages of `grpc/health/v1/health.proto`.

use std::collections::BTreeMap;

/// `HealthCheckRequest`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Asked {
    #[prost(string, tag = "1")]
    pub(super) service: String,
}

/// `HealthCheckResponse`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Answer {
    #[prost(enumeration = "ServingStatus", tag = "1")]
    status: i32,
}

impl Answer {
    pub(super) fn of(serving: ServingStatus) -> Self {
        Self {
            status: serving.into(),
        }
    }
}

/// `HealthCheckResponse.ServingStatus`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(super) enum ServingStatus {
    Unknown = 0,
    Serving = 1,
    NotServing = 2,
    /// To those who watch alone.
    ServiceUnknown = 3,
}

/// `HealthListRequest`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct List {}

/// `HealthListResponse`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Listed {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(super) statuses: BTreeMap<String, Answer>,
}
