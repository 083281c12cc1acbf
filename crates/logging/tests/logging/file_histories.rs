//! Histories of everything that may happen to a file between two lines: no line is lost, none stands twice, none is
//! out of order.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use groundcrew_base::{ByteSize, ManualClock};
use groundcrew_logging::{Compress, LogFile, Logging, Rotate};
use proptest::prelude::*;
use tracing::{Dispatch, dispatcher, info};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::{
    campaign,
    capture::{DEADLINE, quiet},
    folder::{Folder, numbers},
};

#[derive(Clone, Debug)]
enum Step {
    Log { lines: u64, length: usize },
    Restart(Settings),
    Clock(i64),
    MoveAway,
    Reopen,
    Debris,
}

#[derive(Clone, Debug)]
struct Settings {
    size: u64,
    rotate: Rotate,
    compress: Compress,
}

fn settings() -> impl Strategy<Value = Settings> {
    let rotate = prop_oneof![Just(Rotate::Off), Just(Rotate::Hourly), Just(Rotate::Weekly)];
    let compress = prop_oneof![Just(Compress::Off), Just(Compress::Gzip), Just(Compress::Zstd)];
    (1..5000_u64, rotate, compress).prop_map(|(size, rotate, compress)| Settings {
        size,
        rotate,
        compress,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..8_u64, 0..2000_usize).prop_map(|(lines, length)| Step::Log { lines, length }),
        2 => settings().prop_map(Step::Restart),
        2 => (-100_000..100_000_i64).prop_map(Step::Clock),
        1 => Just(Step::MoveAway),
        1 => Just(Step::Reopen),
        1 => Just(Step::Debris),
    ]
}

/// One run of a service on the folder.
struct Service {
    logging: Logging,
    dispatch: Dispatch,
}

impl Service {
    fn start(folder: &Folder, settings: &Settings, clock: &ManualClock) -> Self {
        let file = LogFile::at(folder.path("app.log"))
            .max_size(ByteSize::new(settings.size))
            .max_files(100_000)
            .rotate(settings.rotate)
            .compress(settings.compress);
        let builder = Logging::builder().config(quiet()).clock(clock.clock()).file(file);
        let (layer, logging) = builder.build().unwrap();
        Self {
            logging,
            dispatch: Dispatch::new(Registry::default().with(layer)),
        }
    }

    fn stop(self) {
        assert!(self.logging.shutdown(DEADLINE).is_clean());
    }
}

struct History {
    folder: Folder,
    clock: ManualClock,
    service: Option<Service>,
    logged: u64,
    moved: u64,
}

impl History {
    fn new(first: &Settings) -> Self {
        let folder = Folder::new();
        let clock = ManualClock::new(SystemTime::now());
        Self {
            service: Some(Service::start(&folder, first, &clock)),
            folder,
            clock,
            logged: 0,
            moved: 0,
        }
    }

    fn take(&mut self, step: &Step) {
        let service = self.service.as_ref().unwrap();
        match step {
            Step::Log { lines, length } => {
                dispatcher::with_default(&service.dispatch, || {
                    for n in self.logged..self.logged + lines {
                        info!(n, "{}", "x".repeat(*length));
                    }
                });
                service.logging.flush(DEADLINE).unwrap();
                self.logged += lines;
            }
            Step::Restart(settings) => {
                self.service.take().unwrap().stop();
                self.service = Some(Service::start(&self.folder, settings, &self.clock));
            }
            Step::Clock(seconds) => {
                let (now, by) = (
                    self.clock.clock().now(),
                    Duration::from_secs(seconds.unsigned_abs()),
                );
                self.clock.set(if *seconds < 0 { now - by } else { now + by });
            }
            Step::MoveAway => {
                let moved = self.folder.path(format!("moved.{:04}", self.moved));
                self.moved += u64::from(fs::rename(self.folder.path("app.log"), moved).is_ok());
            }
            Step::Reopen => {
                service.logging.reopen();
                service.logging.flush(DEADLINE).unwrap();
            }
            Step::Debris => fs::write(self.folder.path(".app.999999.log.gz.tmp"), "half").unwrap(),
        }
    }

    fn check(mut self) {
        self.service.take().unwrap().stop();
        let of = |name: &String| numbers(&self.folder.path(name));
        let (moved, ours): (Vec<String>, Vec<String>) = self
            .folder
            .names()
            .into_iter()
            .filter(|name| !name.starts_with('.'))
            .partition(|name| name.starts_with("moved"));
        // The current one sorts last.
        let ours: Vec<u64> = ours.iter().flat_map(of).collect();
        assert!(ours.is_sorted(), "{ours:?}");
        let mut all = [moved.iter().flat_map(of).collect(), ours].concat();
        all.sort_unstable();
        assert_eq!(all, (0..self.logged).collect::<Vec<u64>>());
    }
}

#[test]
fn whatever_happens_to_a_file_every_line_stands_in_one_file_once() {
    let mut config = campaign::cases("file_histories", 20_261_125, 400, 20);
    config.failure_persistence = None;

    proptest!(config, |(first in settings(), steps in prop::collection::vec(step(), 1..30))| {
        let mut history = History::new(&first);
        for step in &steps {
            history.take(step);
        }
        history.check();
    });
}
