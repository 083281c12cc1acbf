//! groundcrew-metrics against prometheus-client, measured, tikv's prometheus and the macros of metrics.
//!
//! Every candidate counts the same requests: 500 label sets of a method, a route and a status, in an order of 4,096.

mod macros;
mod measured_rival;
mod memory;
mod ours;
mod prometheus_clients;
mod requests;
mod scrapes;
mod threads;

use std::process::ExitCode;

use harness::Suite;

fn main() -> ExitCode {
    let mut suite = Suite::new();
    counters(&mut suite);
    closed_labels(&mut suite);
    histograms(&mut suite);
    handles(&mut suite);
    scrapes::compare(&mut suite);
    suite.slow_rows("scrape.peak", scrapes::peaks);
    suite.slow_rows("memory", memory::rows);
    suite.slow_rows("threads", || vec![threads::one_series()]);
    suite.slow_rows("stall", || vec![threads::stall()]);
    suite.run()
}

fn counters(suite: &mut Suite) {
    suite
        .compare_loops(
            "counter.prometheus_client",
            ours::counter(),
            "prometheus-client, static route",
            prometheus_clients::counter(),
        )
        .instructions_at_most(110.0)
        .instructions_at_least(3.0)
        .allocations_at_most(0.0)
        .wall();
    suite
        .compare_loops(
            "counter.prometheus_client_owned",
            ours::counter(),
            "prometheus-client, String route",
            prometheus_clients::counter_owned(),
        )
        .instructions_at_least(4.0)
        .allocations()
        .wall();
    suite
        .compare_loops(
            "counter.measured_dense",
            ours::counter(),
            "measured, all values known",
            measured_rival::counter_dense(),
        )
        .instructions_at_least(1.3)
        .wall();
    suite
        .compare_loops(
            "counter.measured_sparse",
            ours::counter(),
            "measured, routes interned",
            measured_rival::counter_sparse(),
        )
        .instructions()
        .wall();
    suite
        .compare_loops(
            "counter.tikv",
            ours::counter(),
            "prometheus",
            prometheus_clients::tikv_counter(),
        )
        .instructions()
        .wall();
    suite
        .compare_loops(
            "counter.macros",
            ours::counter(),
            "metrics, static labels",
            macros::counter(),
        )
        .instructions_at_least(12.0)
        .wall();
    suite
        .compare_loops(
            "counter.macros_owned",
            ours::counter(),
            "metrics, owned labels",
            macros::counter_owned(),
        )
        .instructions()
        .allocations();
}

fn closed_labels(suite: &mut Suite) {
    suite
        .compare_loops(
            "closed.measured_dense",
            ours::closed(),
            "measured, two enums",
            measured_rival::closed(),
        )
        .instructions_at_least(3.0)
        .allocations_at_most(0.0)
        .wall();
}

fn histograms(suite: &mut Suite) {
    suite
        .compare_loops(
            "histogram.prometheus_client",
            ours::histogram(),
            "prometheus-client, static route",
            prometheus_clients::histogram(),
        )
        .instructions_at_least(2.8)
        .allocations_at_most(0.0)
        .wall();
    suite
        .compare_loops(
            "histogram.measured_dense",
            ours::histogram(),
            "measured, all values known",
            measured_rival::histogram_dense(),
        )
        .instructions()
        .wall();
    suite
        .compare_loops(
            "histogram.tikv",
            ours::histogram(),
            "prometheus",
            prometheus_clients::tikv_histogram(),
        )
        .instructions()
        .wall();
}

fn handles(suite: &mut Suite) {
    suite
        .compare_loops(
            "handle.prometheus_client",
            ours::handle(),
            "prometheus-client",
            prometheus_clients::handle(),
        )
        .instructions()
        .wall();
}
