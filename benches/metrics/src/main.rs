//! groundcrew-metrics against prometheus-client, measured, tikv's prometheus and the macros of metrics.
//!
//! Every candidate counts the same requests: 500 label sets of a method, a route and a status, in an order of 4,096.

mod expiring;
mod http;
mod macros;
mod measured_rival;
mod memory;
mod ours;
mod process;
mod prometheus_clients;
mod requests;
mod scrapes;
mod shapes;
mod threads;

use std::process::ExitCode;

use harness::Suite;

use crate::shapes::{Called, Inlined, Shape, Shared};

fn main() -> ExitCode {
    let mut suite = Suite::new();
    with_bars::<Inlined>(&mut suite);
    with_bars::<Called>(&mut suite);
    with_bars::<Shared>(&mut suite);
    routes(&mut suite);
    other_counters(&mut suite);
    other_histograms(&mut suite);
    of_expiring(&mut suite);
    handles(&mut suite);
    scrapes::compare(&mut suite);
    suite.slow_rows("scrape.peak", scrapes::peaks);
    process::scrape(&mut suite);
    process::disabled(&mut suite);
    http::compare(&mut suite);
    suite.slow_rows("memory", memory::rows);
    suite.slow_rows("threads", || vec![threads::one_series()]);
    suite.slow_rows("stall", || vec![threads::stall()]);
    suite.run()
}

/// Makes what is needed once it is: callgrind counts one side alone.
fn lazily<K: FnMut(u64)>(make: impl Fn() -> K) -> impl FnMut(u64) {
    let mut kernel = None;
    move |count| kernel.get_or_insert_with(&make)(count)
}

/// Bars hold in whatever code the recording stands.
fn with_bars<S: Shape>(suite: &mut Suite) {
    counters::<S>(suite);
    closed_labels::<S>(suite);
    histograms::<S>(suite);
}

fn counters<S: Shape>(suite: &mut Suite) {
    suite
        .compare_loops(
            &format!("counter.{}.prometheus_client", S::NAME),
            lazily(ours::counter::<S>),
            "prometheus-client, static route",
            lazily(prometheus_clients::counter::<S>),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_most(110.0)
        .instructions_at_least(3.0)
        .allocations_at_most(0.0)
        .wall();
    suite
        .compare_loops(
            &format!("counter.{}.prometheus_client_owned", S::NAME),
            lazily(ours::counter::<S>),
            "prometheus-client, String route",
            lazily(prometheus_clients::counter_owned::<S>),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_least(4.0)
        .allocations()
        .wall();
    suite
        .compare_loops(
            &format!("counter.{}.measured_dense", S::NAME),
            lazily(ours::counter::<S>),
            "measured, all values known",
            lazily(measured_rival::counter_dense::<S>),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_least(1.3)
        .wall();
    suite
        .compare_loops(
            &format!("counter.{}.macros", S::NAME),
            lazily(ours::counter::<S>),
            "metrics, static labels",
            lazily(macros::counter::<S>),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_least(12.0)
        .wall();
}

fn closed_labels<S: Shape>(suite: &mut Suite) {
    suite
        .compare_loops(
            &format!("closed.{}.measured_dense", S::NAME),
            lazily(ours::closed::<S>),
            "measured, two enums",
            lazily(measured_rival::closed::<S>),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_least(3.0)
        .allocations_at_most(0.0)
        .wall();
}

fn histograms<S: Shape>(suite: &mut Suite) {
    suite
        .compare_loops(
            &format!("histogram.{}.prometheus_client", S::NAME),
            lazily(ours::histogram::<S>),
            "prometheus-client, static route",
            lazily(prometheus_clients::histogram::<S>),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_least(2.8)
        .allocations_at_most(0.0)
        .wall();
}

/// Short, usual and long texts, in a function that is called.
fn routes(suite: &mut Suite) {
    for len in [5, 20, 40] {
        suite
            .compare_loops(
                &format!("counter.route_{len}"),
                lazily(move || ours::counter_of_routes(len)),
                "prometheus-client, static route",
                lazily(move || prometheus_clients::counter_of_routes(len)),
            )
            .iterations_at_least(ITERATIONS)
            .instructions_at_most(110.0)
            .instructions_at_least(3.0)
            .wall();
    }
}

/// As a part of the loop.
fn other_counters(suite: &mut Suite) {
    let ours = || lazily(ours::counter::<Inlined>);
    suite
        .compare_loops(
            "counter.measured_sparse",
            ours(),
            "measured, routes interned",
            lazily(measured_rival::counter_sparse),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .wall();
    suite
        .compare_loops(
            "counter.tikv",
            ours(),
            "prometheus",
            lazily(prometheus_clients::tikv_counter),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .wall();
    suite
        .compare_loops(
            "counter.macros_owned",
            ours(),
            "metrics, owned labels",
            lazily(macros::counter_owned),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .allocations();
}

fn other_histograms(suite: &mut Suite) {
    let ours = || lazily(ours::histogram::<Inlined>);
    suite
        .compare_loops(
            "histogram.measured_dense",
            ours(),
            "measured, all values known",
            lazily(measured_rival::histogram_dense),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .wall();
    suite
        .compare_loops(
            "histogram.tikv",
            ours(),
            "prometheus",
            lazily(prometheus_clients::tikv_histogram),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .wall();
}

fn of_expiring(suite: &mut Suite) {
    suite
        .compare_loops(
            "expiring.counter",
            lazily(expiring::counter),
            "series that stay",
            lazily(ours::counter::<Inlined>),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .allocations_at_most(0.0)
        .wall();
    suite
        .compare_loops(
            "expiring.histogram",
            lazily(expiring::histogram),
            "series that stay",
            lazily(ours::histogram::<Inlined>),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .allocations_at_most(0.0)
        .wall();
}

fn handles(suite: &mut Suite) {
    suite
        .compare_loops(
            "handle.prometheus_client",
            lazily(ours::handle),
            "prometheus-client",
            lazily(prometheus_clients::handle),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .wall();
}

/// Families hash with seeds of their own, so that what it takes to fill them varies from run to run.
const ITERATIONS: u64 = 50_000;
