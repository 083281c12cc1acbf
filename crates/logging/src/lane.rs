use std::{sync::Arc, time::Duration};

use tracing::Level;

use crate::{
    Error,
    batch::Batch,
    counts::Refusal,
    frame::Frame,
    overflow::Overflow,
    queue::Queue,
    sink::{Encoding, Outlet},
    writer::{Output, Writer},
};

/// A queue and a thread of its own for one sink: while it stands still, the others go on, as far as the policy lets
/// lines be dropped.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) queue: Arc<Queue>,
    pub(crate) encoding: Encoding,
    pub(crate) least: Level,
    overflow: Overflow,
    /// How many lines were done when one was refused: nobody waits again until there are more.
    stalled: Option<u64>,
}

/// Gives every sink but the log files a lane, if there is another one that it could hold up.
pub(crate) fn spread(
    outlets: Vec<Outlet>,
    is_file: impl Fn(usize) -> bool,
    capacity: usize,
    overflow: Overflow,
    frame: &Arc<Frame>,
) -> Result<Vec<Output>, Error> {
    let is_alone = outlets.len() == 1;
    let outputs = outlets.into_iter().enumerate().map(|(at, outlet)| {
        if is_alone || is_file(at) {
            return Ok(Output::Here(outlet));
        }
        Lane::start(outlet, capacity, overflow, frame).map(Output::Lane)
    });
    outputs.collect()
}

/// The queues of lanes, each with the number of its outlet.
pub(crate) fn queues(outputs: &[Output]) -> Vec<(usize, Arc<Queue>)> {
    let lanes = outputs
        .iter()
        .enumerate()
        .filter_map(|(at, output)| match output {
            Output::Lane(lane) => Some((at, Arc::clone(&lane.queue))),
            Output::Here(_) => None,
        });
    lanes.collect()
}

impl Lane {
    fn start(outlet: Outlet, capacity: usize, overflow: Overflow, frame: &Arc<Frame>) -> Result<Self, Error> {
        let queue = Arc::new(Queue::new(capacity, overflow, 1, Batch::default()));
        let lane = Self {
            queue: Arc::clone(&queue),
            encoding: outlet.encoding,
            least: outlet.least,
            overflow,
            stalled: None,
        };
        Writer::new(queue, Arc::clone(frame), vec![Output::Here(outlet)])
            .silent()
            .start(Batch::default())?;
        Ok(lane)
    }

    /// Takes the lines of a batch that are for the outlet `at`.
    pub(crate) fn take_over(&mut self, batch: &Batch, at: usize) {
        for (line, level) in batch.each_of(at) {
            let is_stalled = self.stalled.is_some_and(|done| done == self.queue.done());
            let patience = match self.overflow.patience(level) {
                Some(_) if is_stalled => Some(Duration::ZERO),
                patience => patience,
            };
            if self.queue.push_within(line, level, 1, patience) == Err(Refusal::Overflow) {
                self.stalled = Some(self.queue.done());
            }
        }
    }

    /// Takes a line if there is room; counts nothing otherwise.
    pub(crate) fn offer(&self, line: &[u8], level: Level) -> bool {
        self.queue.offer(line, level, 1)
    }
}
