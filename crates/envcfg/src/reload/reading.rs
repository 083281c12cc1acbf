use std::{path::PathBuf, sync::Arc};

use tokio::task::spawn_blocking;

use super::stamp::Stamps;
use crate::{Config, EnvSource, Loaded, Problem, ProblemKind, Report};

/// Reads files and loads; blocks.
pub(super) type Read<C> = Arc<dyn Fn() -> Reading<C> + Send + Sync>;

/// One load, and what its files looked like before it.
pub(super) struct Reading<C> {
    /// Absent if the load panicked.
    pub(super) stamps: Option<Stamps>,
    pub(super) result: Result<Loaded<C>, Report>,
}

impl<C: Send + 'static> Reading<C> {
    pub(super) async fn take(read: &Read<C>) -> Self {
        let read = Arc::clone(read);
        let reading = spawn_blocking(move || read()).await;
        reading.unwrap_or_else(|_| Self {
            stamps: None,
            result: Err(panicked()),
        })
    }
}

/// Loads from a fresh source. Whatever changes after the stamps were taken is seen by the next comparison.
pub(super) fn read<C: Config, S: EnvSource>(source: &impl Fn() -> S) -> Reading<C> {
    let mut files = watched::<C>(&source());
    let mut tries = 0;
    loop {
        let stamps = Stamps::of(&files);
        let source = source();
        let result = C::load(&source);
        // A load that succeeds may name other files than the one before.
        let now = watched::<C>(&source);
        tries += 1;
        if now == files || tries == MOST_TRIES {
            return Reading {
                stamps: Some(stamps),
                result,
            };
        }
        files = now;
    }
}

/// The files of the source, and those that `NAME_FILE` variables point to.
fn watched<C: Config>(source: &impl EnvSource) -> Vec<PathBuf> {
    let mut files = source.files();
    let pointers = C::fields().into_iter().filter(|spec| spec.file);
    files.extend(pointers.filter_map(|spec| {
        let value = source.lookup(&format!("{}_FILE", spec.name))?;
        (!value.is_empty()).then(|| PathBuf::from(value.into_parts().0))
    }));
    files.sort_unstable();
    files.dedup();
    files
}

fn panicked() -> Report {
    let message = "a type or a check of the configuration panicked";
    Report::new(vec![Problem::overall(ProblemKind::Check, message)], Vec::new())
}

/// Files that change faster are found out by the next comparison.
const MOST_TRIES: u32 = 4;
