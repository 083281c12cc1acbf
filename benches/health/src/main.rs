//! groundcrew-health against a static answer, axum-health and an engine that asks on each request.

mod answers;
mod blocked;
mod per_request;

use std::process::ExitCode;

use harness::Suite;

fn main() -> ExitCode {
    let mut suite = Suite::new();
    answers::compare(&mut suite);
    suite.slow_rows("probe", blocked::rows);
    suite.run()
}
