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
mod threads;

use std::process::ExitCode;

use harness::Suite;

fn main() -> ExitCode {
    let mut suite = Suite::new();
    counters(&mut suite);
    counters_of_macros(&mut suite);
    closed_labels(&mut suite);
    histograms(&mut suite);
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
fn lazily<K: FnMut(u64)>(make: fn() -> K) -> impl FnMut(u64) {
    let mut kernel = None;
    move |count| kernel.get_or_insert_with(make)(count)
}

fn counters(suite: &mut Suite) {
    suite
        .compare_loops(
            "counter.prometheus_client",
            lazily(ours::counter),
            "prometheus-client, static route",
            lazily(prometheus_clients::counter),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_most(110.0)
        .instructions_at_least(3.0)
        .allocations_at_most(0.0)
        .wall();
    suite
        .compare_loops(
            "counter.prometheus_client_owned",
            lazily(ours::counter),
            "prometheus-client, String route",
            lazily(prometheus_clients::counter_owned),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_least(4.0)
        .allocations()
        .wall();
    suite
        .compare_loops(
            "counter.measured_dense",
            lazily(ours::counter),
            "measured, all values known",
            lazily(measured_rival::counter_dense),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_least(1.3)
        .wall();
    suite
        .compare_loops(
            "counter.measured_sparse",
            lazily(ours::counter),
            "measured, routes interned",
            lazily(measured_rival::counter_sparse),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .wall();
    suite
        .compare_loops(
            "counter.tikv",
            lazily(ours::counter),
            "prometheus",
            lazily(prometheus_clients::tikv_counter),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .wall();
}

fn counters_of_macros(suite: &mut Suite) {
    suite
        .compare_loops(
            "counter.macros",
            lazily(ours::counter),
            "metrics, static labels",
            lazily(macros::counter),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_least(12.0)
        .wall();
    suite
        .compare_loops(
            "counter.macros_owned",
            lazily(ours::counter),
            "metrics, owned labels",
            lazily(macros::counter_owned),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .allocations();
}

fn closed_labels(suite: &mut Suite) {
    suite
        .compare_loops(
            "closed.measured_dense",
            lazily(ours::closed),
            "measured, two enums",
            lazily(measured_rival::closed),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_least(3.0)
        .allocations_at_most(0.0)
        .wall();
}

fn histograms(suite: &mut Suite) {
    suite
        .compare_loops(
            "histogram.prometheus_client",
            lazily(ours::histogram),
            "prometheus-client, static route",
            lazily(prometheus_clients::histogram),
        )
        .iterations_at_least(ITERATIONS)
        .instructions_at_least(2.8)
        .allocations_at_most(0.0)
        .wall();
    suite
        .compare_loops(
            "histogram.measured_dense",
            lazily(ours::histogram),
            "measured, all values known",
            lazily(measured_rival::histogram_dense),
        )
        .iterations_at_least(ITERATIONS)
        .instructions()
        .wall();
    suite
        .compare_loops(
            "histogram.tikv",
            lazily(ours::histogram),
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
            lazily(ours::counter),
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
            lazily(ours::histogram),
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
