use std::{env, sync::OnceLock};

use tracing::{Dispatch, dispatcher};

use crate::{processor, scenario::Scenario};

/// A subscriber to be measured.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    pub(crate) dispatch: fn() -> Dispatch,
    /// Waits until what was logged is written.
    pub(crate) settle: fn(),
}

impl Candidate {
    /// Gives the loop of a scenario; the subscriber is made at its first call.
    ///
    /// In a process of its own the subscriber is the global one, as it is in a service.
    pub(crate) fn runner(&self, scenario: Scenario) -> impl FnMut(u64) + use<> {
        let (make, settle) = (self.dispatch, self.settle);
        let dispatch = OnceLock::new();
        move |count| {
            let dispatch: &Dispatch = dispatch.get_or_init(|| {
                let dispatch = make();
                // What is allocated once, such as buffers that grow, is not what an event costs.
                for _ in 0..WARM_UPS {
                    dispatcher::with_default(&dispatch, || scenario.run(WARM_UP));
                    settle();
                }
                if is_alone() {
                    dispatcher::set_global_default(dispatch.clone()).expect("this process sets it once");
                }
                dispatch
            });
            if is_alone() {
                scenario.run(count);
            } else {
                dispatcher::with_default(dispatch, || scenario.run(count));
            }
            settle();
        }
    }
}

const WARM_UP: u64 = 4000;
const WARM_UPS: u32 = 8;

/// Whether this process runs one candidate.
fn is_alone() -> bool {
    harness::runs_one_kernel() || env::args().any(|argument| argument == processor::ARGUMENT)
}
