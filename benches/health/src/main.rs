//! groundcrew-health and groundcrew-lifecycle against a static answer, axum's own server, axum-health and an engine that asks on each request.

mod answers;
mod blocked;
mod per_request;
mod real_checks;
mod served;
mod verdicts;

use std::process::ExitCode;

use harness::Suite;

fn main() -> ExitCode {
    let mut suite = Suite::new();
    answers::compare(&mut suite);
    served::compare(&mut suite);
    suite.slow_rows("probe", blocked::rows);
    suite.slow_rows("verdict", verdicts::rows);
    suite.run()
}
