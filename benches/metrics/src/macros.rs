//! The macros of `metrics`, recorded by its Prometheus exporter.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

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

/// The recorder of the process.
fn install() -> PrometheusHandle {
    static RECORDER: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    RECORDER
        .get_or_init(|| {
            PrometheusBuilder::new()
                .install_recorder()
                .expect("nobody else installs one")
        })
        .clone()
}
