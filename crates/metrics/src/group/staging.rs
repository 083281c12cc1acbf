use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    RegisterError, Registry,
    objective::Objective,
    registry::{Entry, State},
    shared::SharedRecorders,
};

impl Registry {
    /// A registry in which the same names are taken, for metrics that are to be registered together or not at all.
    pub(crate) fn staged(&self) -> Self {
        let names = self.locked().names.clone();
        let state = State {
            names,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            prefix: Arc::clone(&self.prefix),
            shared: SharedRecorders::default(),
            clock: self.clock.clone(),
        }
    }

    /// Takes over what was staged; nothing of it if somebody has taken one of the names meanwhile.
    pub(crate) fn adopt(&self, staged: &Self) -> Result<(), RegisterError> {
        let staged = std::mem::take(&mut *staged.locked());
        let names: Vec<_> = staged
            .entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Cells(cells) => Some((cells.name.as_str(), cells.kind)),
                Entry::Collector(_) | Entry::Attached(_) => None,
            })
            .collect();
        let mut state = self.locked();
        state.take(&names)?;
        if !state.is_disabled {
            state.objectives.extend(staged.objectives);
            state.entries.extend(staged.entries);
        }
        Ok(())
    }

    /// As [`with_prefix`](Self::with_prefix), but an empty prefix is none.
    pub(crate) fn within(&self, prefix: &str) -> Self {
        if prefix.is_empty() {
            self.clone()
        } else {
            self.with_prefix(prefix)
        }
    }

    /// Remembers what is promised about the metric of this full name.
    pub(crate) fn promise(&self, name: String, objectives: Vec<Objective>) {
        if !objectives.is_empty() {
            self.locked().objectives.insert(name, objectives);
        }
    }

    /// What is promised about the metric of this full name.
    pub(crate) fn objectives(&self, name: &str) -> Vec<Objective> {
        self.locked().objectives.get(name).cloned().unwrap_or_default()
    }

    pub(crate) fn staged_entries(&self) -> Vec<Entry> {
        self.locked().entries.clone()
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
