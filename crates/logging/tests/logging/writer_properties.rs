//! Random loads, sinks and policies: nothing is lost that is not counted.

use std::{
    io,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use groundcrew_base::ByteSize;
use groundcrew_logging::{Logging, Overflow, Sink};
use proptest::prelude::*;
use tracing::{Dispatch, Level, dispatcher, error, info, warn};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::capture::{DEADLINE, assert_exact, quiet};

/// What a sink does with a call.
#[derive(Clone, Copy, Debug)]
enum Answer {
    All,
    /// So many bytes, which may end inside of a line.
    Part(usize),
    Nothing,
    More,
    Fail,
    Panic,
    Slow,
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        6 => Just(Answer::All),
        2 => (1_usize..400).prop_map(Answer::Part),
        1 => Just(Answer::Nothing),
        1 => Just(Answer::More),
        1 => Just(Answer::Fail),
        1 => Just(Answer::Panic),
        1 => Just(Answer::Slow),
    ]
}

/// Does one after the other, over and over, and counts the line feeds it has taken.
struct Scripted {
    answers: Vec<Answer>,
    calls: usize,
    taken: Arc<Mutex<u64>>,
}

impl Sink for Scripted {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let answer = self.answers[self.calls % self.answers.len()];
        self.calls += 1;
        let most = match answer {
            Answer::All => lines.len(),
            Answer::Part(most) => most.min(lines.len()),
            Answer::Nothing => 0,
            Answer::More => return Ok(lines.len() + 1),
            Answer::Fail => return Err(io::ErrorKind::StorageFull.into()),
            Answer::Panic => panic!("as the script says"),
            Answer::Slow => {
                thread::park_timeout(Duration::from_millis(1));
                lines.len()
            }
        };
        let feeds = lines[..most].iter().filter(|byte| **byte == b'\n').count();
        *self.taken.lock().unwrap() += feeds as u64;
        Ok(most)
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Log(Level, usize),
    Flush,
    FlushInVain,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let level = prop_oneof![Just(Level::ERROR), Just(Level::WARN), Just(Level::INFO)];
    prop_oneof![
        20 => (level, 0_usize..600).prop_map(|(level, size)| Step::Log(level, size)),
        1 => Just(Step::Flush),
        1 => Just(Step::FlushInVain),
        1 => Just(Step::Reopen),
    ]
}

fn overflow() -> impl Strategy<Value = Overflow> {
    prop_oneof![
        Just(Overflow::Block),
        (0_u64..2000).prop_map(|micros| Overflow::BlockFor(Duration::from_micros(micros))),
        Just(Overflow::DropNewest),
        Just(Overflow::DropBelow(Level::WARN)),
        Just(Overflow::DropBelow(Level::ERROR)),
    ]
}

fn observe(logging: &Logging) {
    let stats = logging.stats();
    assert_exact(&stats.lines);
    stats.sinks.iter().for_each(|sink| assert_exact(&sink.lines));
}

fn take(logging: &Logging, step: Step) {
    match step {
        Step::Log(level, size) => {
            let text = "x".repeat(size);
            match level {
                Level::ERROR => error!(text, "x"),
                Level::WARN => warn!(text, "x"),
                _ => info!(text, "x"),
            }
        }
        Step::Flush => logging.flush(DEADLINE).unwrap(),
        Step::FlushInVain => drop(logging.flush(Duration::ZERO)),
        Step::Reopen => logging.reopen(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_written_or_counted_at_every_moment(
        overflow in overflow(),
        scripts in prop::collection::vec(prop::collection::vec(answer(), 1..8), 1..4),
        threads in prop::collection::vec(prop::collection::vec(step(), 1..60), 1..4),
        deadline in prop_oneof![Just(DEADLINE), Just(Duration::ZERO)],
    ) {
        let mut config = quiet();
        config.max_line = ByteSize::kib(1);
        config.queue_size = ByteSize::kib(4);
        config.overflow = overflow;
        let mut builder = Logging::builder().config(config);
        let mut taken = Vec::new();
        for (at, answers) in scripts.into_iter().enumerate() {
            let count = Arc::<Mutex<u64>>::default();
            taken.push(Arc::clone(&count));
            let least = [Level::TRACE, Level::ERROR, Level::WARN][at];
            builder = builder.sink(format!("sink-{at}"), least, Scripted { answers, calls: 0, taken: count });
        }
        let (layer, logging) = builder.build().unwrap();
        let dispatch = Dispatch::new(Registry::default().with(layer));

        thread::scope(|scope| {
            let working: Vec<_> = threads
                .iter()
                .map(|steps| scope.spawn(|| dispatcher::with_default(&dispatch, || {
                    steps.iter().for_each(|step| take(&logging, *step));
                })))
                .collect();
            while working.iter().any(|thread| !thread.is_finished()) {
                observe(&logging);
                thread::yield_now();
            }
        });
        drop(logging.shutdown(deadline));
        observe(&logging);
        prop_assert!(logging.shutdown(DEADLINE).is_clean());

        let stats = logging.stats();
        let logged = threads.iter().flatten().filter(|step| matches!(step, Step::Log(..))).count() as u64;
        prop_assert_eq!(stats.events.error + stats.events.warn + stats.events.info, logged);
        prop_assert!(stats.sinks[0].lines.accepted >= logged);
        for (sink, taken) in stats.sinks.iter().zip(taken) {
            assert_exact(&sink.lines);
            prop_assert_eq!(sink.lines.pending, 0);
            prop_assert_eq!(sink.lines.written, *taken.lock().unwrap());
        }
    }
}
