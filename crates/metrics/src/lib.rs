// Without the derives the example of the front page does not compile.
#![cfg_attr(any(not(doctest), feature = "derive"), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

// The derives name the crate from outside, also when they are used inside of it.
extern crate self as groundcrew_metrics;

mod admitted;
#[cfg(feature = "tokio")]
mod async_collector;
mod attached;
mod bounded;
mod buckets;
mod build_info;
mod builder;
mod cgroup;
mod collector;
mod counter;
mod definition;
mod descriptor;
mod digits;
#[cfg(feature = "http")]
mod endpoint;
mod error;
mod exemplar;
mod expiry;
mod exposition;
#[cfg(feature = "facade")]
mod facade;
mod family;
mod figures;
mod fingerprints;
mod float;
mod foreign;
mod gauge;
mod group;
mod histogram;
#[cfg(feature = "axum")]
mod http;
mod info;
mod int_gauge;
mod interop;
#[cfg(feature = "jemalloc")]
mod jemalloc;
mod label_key;
mod label_limit;
mod label_set;
mod labels;
mod last_good;
mod limits;
mod metric;
#[cfg(feature = "mimalloc")]
mod mimalloc;
mod name;
mod native;
mod objective;
mod performance;
mod positioned;
mod process;
mod quantile;
mod recorders;
mod registered;
mod registry;
#[cfg(feature = "rules")]
#[cfg_attr(docsrs, doc(cfg(feature = "rules")))]
pub mod rules;
#[cfg(feature = "tokio")]
mod runtime;
#[cfg(feature = "tokio")]
mod scheduling_lag;
mod scrape;
mod series;
mod shared;
mod store;
mod sync;
mod table;
mod telemetry;
mod timer;
mod touched;
mod trace;
mod unix_time;
mod window;

pub use prometheus_client;

/// What the derive of [`Metrics`] refers to.
#[doc(hidden)]
pub mod __group {
    pub use crate::{
        group::{
            Group, GroupMember, Member, check_boundary, check_counter, check_family, check_histogram,
            check_label, check_name, check_objective, name_of,
        },
        objective::Objective,
    };
}

#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use crate::endpoint::MetricsEndpoint;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use crate::endpoint::metrics_router;
#[cfg(feature = "facade")]
#[cfg_attr(docsrs, doc(cfg(feature = "facade")))]
pub use crate::facade::{FacadeBuilder, FacadeRecorder};
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use crate::http::{
    HttpMetrics, HttpMetricsBuilder, HttpMetricsLayer, HttpMetricsService, HttpPreset, HttpRoute,
    MeteredBody, ResponseFuture,
};
#[cfg(feature = "jemalloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "jemalloc")))]
pub use crate::jemalloc::JemallocCollector;
#[cfg(feature = "mimalloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "mimalloc")))]
pub use crate::mimalloc::MimallocCollector;
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use crate::{
    async_collector::{AsyncCollector, Polling, PollingTask},
    runtime::TokioCollector,
    scheduling_lag::SchedulingLag,
};
pub use crate::{
    bounded::Bounded,
    build_info::BuildInfo,
    builder::FamilyBuilder,
    cgroup::CgroupCollector,
    collector::{Collector, SampleValue, Samples},
    counter::{Counter, CounterF64},
    definition::{Definition, LabelDefinition},
    descriptor::Descriptor,
    error::RegisterError,
    exposition::Format,
    family::Family,
    figures::{CacheFigures, DatabaseFigures, HttpFigures},
    gauge::{Gauge, GaugeGuard},
    group::Metrics,
    histogram::Histogram,
    info::Info,
    int_gauge::IntGauge,
    labels::{LabelKey, LabelValue, LabelVisitor, Labels},
    metric::Metric,
    native::NativeBuckets,
    performance::{Performance, PerformanceReport, performance},
    process::ProcessCollector,
    recorders::{
        BusinessMetrics, CacheHitRate, DbMetrics, Direction, ErrorMetrics, GameMetrics, HandInPlay,
        NamePreset, Severity, WebSocketMetrics,
    },
    registry::Registry,
    timer::Timer,
    trace::{ExemplarSource, TraceContext},
};
#[cfg(feature = "derive")]
#[cfg_attr(docsrs, doc(cfg(feature = "derive")))]
pub use groundcrew_metrics_derive::{LabelValue, Labels, Metrics};
