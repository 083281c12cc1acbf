use std::{
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use groundcrew_envcfg::{Config, EnvSource, Shared, Value, Vars};

#[derive(Debug, PartialEq, Config)]
struct Settings {
    port: u16,
}

/// Counts how often a load looks at it.
struct Counted {
    vars: Vars,
    lookups: AtomicUsize,
}

impl Counted {
    fn new(port: &str) -> Self {
        Self {
            vars: Vars::from([("PORT", port)]),
            lookups: AtomicUsize::new(0),
        }
    }
}

impl EnvSource for Counted {
    fn lookup(&self, name: &str) -> Option<Value> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        self.vars.lookup(name)
    }

    fn names(&self) -> Vec<String> {
        self.vars.names()
    }
}

#[test]
fn the_first_load_that_succeeds_decides() {
    let shared = Shared::<Settings>::new();
    assert_eq!(shared.loaded(), None);
    assert_eq!(shared.load(&Vars::from([("PORT", "80")])).unwrap().port, 80);

    let later = Counted::new("81");

    assert_eq!(shared.load(&later).unwrap().port, 80);
    assert_eq!(shared.get().unwrap().port, 80);
    assert_eq!(later.lookups.into_inner(), 0);
}

#[test]
fn a_load_that_fails_is_reported_and_may_be_tried_again() {
    let shared = Shared::<Settings>::new();

    let report = shared.load(&Vars::from([("PORT", "80x")])).unwrap_err();

    assert_eq!(report.problems()[0].variable(), Some("PORT"));
    assert_eq!(shared.loaded(), None);
    assert_eq!(shared.load(&Vars::from([("PORT", "80")])).unwrap().port, 80);
}

#[test]
fn the_environment_is_read_when_it_is_first_asked_for() {
    let shared = Shared::<Surely>::new();

    let report = shared.get().unwrap_err();

    assert_eq!(report.problems()[0].variable(), Some("SURELY_NOT_SET_ANYWHERE"));
}

#[derive(Debug, Config)]
struct Surely {
    surely_not_set_anywhere: u16,
}

#[test]
fn threads_that_ask_at_once_share_one_load() {
    static SETTINGS: Shared<Settings> = Shared::new();
    let source = Counted::new("80");
    let start = Barrier::new(8);

    let seen: Vec<&'static Settings> = thread::scope(|scope| {
        let ask = || {
            start.wait();
            SETTINGS.load(&source).unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });

    assert!(seen.iter().all(|settings| std::ptr::eq(*settings, seen[0])));
    assert_eq!(source.lookups.into_inner(), 1);
}
