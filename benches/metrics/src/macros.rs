//! The macros of `metrics`, recorded by its Prometheus exporter.

use axum_prometheus::{AXUM_HTTP_REQUESTS_DURATION_SECONDS, utils::SECONDS_DURATION_BUCKETS};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{
    requests::Request,
    shapes::{Inlined, Shape},
};

pub(crate) fn counter<S: Shape>() -> impl FnMut(u64) + 'static {
    S::of(install(), Request::clone, |_, request| {
        metrics::counter!(
            "requests_total",
            "method" => request.method.as_str(),
            "route" => request.route,
            "status" => request.status.as_str()
        )
        .increment(1);
    })
}

pub(crate) fn counter_owned() -> impl FnMut(u64) + 'static {
    Inlined::of(install(), Request::clone, |_, request| {
        metrics::counter!(
            "owned_requests_total",
            "method" => request.method.as_str(),
            "route" => request.route.to_owned(),
            "status" => request.status.code().to_string()
        )
        .increment(1);
    })
}

/// The recorder of the process, which has one: axum-prometheus records into it too, with the buckets that it has by default.
pub(crate) fn install() -> PrometheusHandle {
    static RECORDER: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    RECORDER
        .get_or_init(|| {
            let durations = Matcher::Full(AXUM_HTTP_REQUESTS_DURATION_SECONDS.to_owned());
            PrometheusBuilder::new()
                .set_buckets_for_metric(durations, SECONDS_DURATION_BUCKETS)
                .expect("there are buckets")
                .install_recorder()
                .expect("nobody else installs one")
        })
        .clone()
}
