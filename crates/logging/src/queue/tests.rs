use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use proptest::prelude::*;

use super::*;
use crate::stats::LineCounts;

const LONG: Duration = Duration::from_secs(20);

fn queue_of(capacity: usize, overflow: Overflow, outlets: usize) -> Queue {
    Queue::new(capacity, overflow, outlets, Batch::default())
}

fn totals(queue: &Queue) -> LineCounts {
    let mut total = LineCounts::default();
    for sink in queue.snapshot().0 {
        let lines = sink.lines;
        assert_eq!(
            lines.accepted,
            lines.written + lines.dropped.total() + lines.pending
        );
        total.add(&lines);
    }
    total
}

fn line(size: usize) -> Vec<u8> {
    let mut line = vec![b'x'; size - 1];
    line.push(b'\n');
    line
}

#[derive(Clone, Debug)]
enum Step {
    Push(usize, Level, Route),
    /// Takes what there is, if there is anything.
    Take,
    /// Ends the batch that was taken; so many tenths of its lines fail.
    Finish(u64),
    Close,
    GiveUp,
}

fn step() -> impl Strategy<Value = Step> {
    let level = prop_oneof![Just(Level::ERROR), Just(Level::WARN), Just(Level::INFO)];
    prop_oneof![
        12 => (2_usize..300, level, 0_u32..8).prop_map(|(size, level, route)| Step::Push(size, level, route)),
        3 => Just(Step::Take),
        3 => (0_u64..=10).prop_map(Step::Finish),
        1 => Just(Step::Close),
        1 => Just(Step::GiveUp),
    ]
}

fn overflow() -> impl Strategy<Value = Overflow> {
    prop_oneof![
        Just(Overflow::DropNewest),
        Just(Overflow::BlockFor(Duration::ZERO)),
        Just(Overflow::BlockFor(Duration::from_micros(300))),
        // What must not wait here is of a lesser level than any line that waits for ever.
        Just(Overflow::DropBelow(Level::ERROR)),
    ]
}

/// What each outlet should have counted.
#[derive(Default)]
struct Model {
    accepted: u64,
    refused: u64,
}

/// The batch that is being written: its lines at each of three outlets.
fn finish(queue: &Queue, batch: &Batch, tenths: u64) {
    let outcomes: Vec<Outcome> = (0..3)
        .map(|at| {
            let of_outlet = batch.marks().iter().filter(|mark| mark.route & (1 << at) != 0);
            let count = of_outlet.count() as u64;
            let failed = count * tenths / 10;
            Outcome {
                written: count - failed,
                failed,
                ..Outcome::default()
            }
        })
        .collect();
    queue.finish(batch.len(), &outcomes);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_count_is_exact_after_every_step(
        overflow in overflow(),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let queue = queue_of(1_000, overflow, 3);
        let mut model = Model::default();
        let mut taken: Option<Batch> = None;
        for step in steps {
            match step {
                // A grave line would wait for ever: nobody else is here to take the lines.
                Step::Push(_, Level::ERROR, _) if matches!(overflow, Overflow::DropBelow(_)) => {}
                Step::Push(size, level, route) => {
                    model.accepted += u64::from(route.count_ones());
                    queue.push(&line(size), level, route);
                }
                Step::Take if taken.is_none() => taken = queue.take(Batch::default(), Some(Duration::ZERO)),
                Step::Take => {}
                Step::Finish(tenths) => {
                    if let Some(batch) = taken.take() {
                        finish(&queue, &batch, tenths);
                    }
                }
                Step::Close => queue.close(),
                Step::GiveUp => {
                    queue.await_end(Duration::ZERO);
                }
            }
            let lines = totals(&queue);
            prop_assert_eq!(lines.accepted, model.accepted);
            prop_assert_eq!(lines.dropped.ratelimit + lines.dropped.sampled, model.refused);
            prop_assert!(queue.snapshot().1 <= 1_000);
        }

        if let Some(batch) = taken.take() {
            finish(&queue, &batch, 0);
        }
        queue.end();
        let lines = totals(&queue);
        prop_assert_eq!(lines.pending, 0);
        prop_assert_eq!(lines.accepted, model.accepted);
    }
}

#[test]
fn lines_gather_while_the_writer_lingers() {
    let queue = queue_of(1 << 20, Overflow::Block, 1);
    queue.push(&line(10), Level::INFO, 1);
    queue.push(&line(10), Level::INFO, 1);

    let batch = queue.take(Batch::default(), None).unwrap();

    assert_eq!(batch.len(), 2);
}

#[test]
fn a_grave_line_and_much_to_write_cut_the_lingering_short() {
    let queue = queue_of(4 * ENOUGH, Overflow::Block, 1);
    queue.push(&line(10), Level::ERROR, 1);
    assert!(queue.lock().hurry);
    queue.take(Batch::default(), None).unwrap();
    assert!(!queue.lock().hurry);

    queue.push(&line(ENOUGH - 1), Level::INFO, 1);
    assert!(!queue.lock().hurry);
    queue.push(&line(10), Level::INFO, 1);
    assert!(queue.lock().hurry);
}

#[test]
fn a_thread_that_writes_never_waits_for_room() {
    let queue = queue_of(100, Overflow::Block, 1);
    queue.push(&line(100), Level::INFO, 1);

    thread::scope(|scope| {
        scope.spawn(|| {
            writer::mark_this_thread();
            queue.push(&line(100), Level::ERROR, 1);
        });
    });

    assert_eq!(totals(&queue).dropped.overflow, 1);
}

#[test]
fn a_line_waits_no_longer_than_it_may() {
    let patience = Duration::from_millis(20);
    let queue = queue_of(100, Overflow::BlockFor(patience), 1);
    queue.push(&line(100), Level::INFO, 1);
    let start = Instant::now();

    queue.push(&line(100), Level::INFO, 1);

    assert!(start.elapsed() >= patience);
    assert_eq!(totals(&queue).dropped.overflow, 1);
}

#[test]
fn grave_lines_wait_where_lesser_ones_are_dropped() {
    let queue = queue_of(1_000, Overflow::DropBelow(Level::WARN), 1);
    for _ in 0..10 {
        queue.push(&line(100), Level::INFO, 1);
    }
    let lines = totals(&queue);
    assert_eq!((lines.pending, lines.dropped.overflow), (8, 2));
    queue.push(&line(100), Level::WARN, 1);
    queue.push(&line(100), Level::ERROR, 1);
    assert_eq!(totals(&queue).pending, 10);

    let (sender, waited) = mpsc::channel();
    thread::scope(|scope| {
        let queue = &queue;
        scope.spawn(move || {
            queue.push(&line(100), Level::WARN, 1);
            sender.send(()).unwrap();
        });
        assert!(waited.recv_timeout(Duration::from_millis(30)).is_err());
        let batch = queue.take(Batch::default(), None).unwrap();
        finish(queue, &batch, 0);
        waited.recv_timeout(LONG).unwrap();
    });

    let lines = totals(&queue);
    assert_eq!((lines.written, lines.pending, lines.dropped.overflow), (10, 1, 2));
}

#[test]
fn whoever_waits_for_room_is_let_go_at_the_end() {
    let queue = queue_of(100, Overflow::Block, 1);
    queue.push(&line(100), Level::INFO, 1);

    thread::scope(|scope| {
        let waiting = scope.spawn(|| queue.push(&line(100), Level::INFO, 1));
        while queue.lock().waiting == 0 {
            thread::yield_now();
        }
        queue.close();
        waiting.join().unwrap();
    });

    let lines = totals(&queue);
    assert_eq!((lines.dropped.shutdown, lines.pending), (1, 1));
}
