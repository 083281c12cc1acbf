//! The messages of `grpc/health/v1/health.proto`.

use std::collections::BTreeMap;

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    pub(super) service: String,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct HealthCheckResponse {
    #[prost(enumeration = "ServingStatus", tag = "1")]
    status: i32,
}

impl HealthCheckResponse {
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

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct HealthListRequest {}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct HealthListResponse {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(super) statuses: BTreeMap<String, HealthCheckResponse>,
}
