use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    path::{Path, PathBuf},
};

use groundcrew_base::looks_secret;

use super::{
    expand::{Expand, Referred},
    faults::Faults,
    file::{self, Missing},
    mistake::Mistake,
    parser::{Assignment, Parser},
};
use crate::{EnvSource, Origin, Problem, ProblemKind, Value, Warning};

/// The variables of dotenv files that lie one above the other, and what is wrong with the files.
#[derive(Debug)]
pub(super) struct Entries {
    map: BTreeMap<String, Entry>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
    /// The files, the lowest first.
    pub(super) paths: Vec<PathBuf>,
    /// Variables whose line is wrong: what refers to them is not wrong itself.
    wrong: BTreeSet<String>,
    /// How many more bytes references may put into values.
    room: usize,
}

#[derive(Debug)]
struct Entry {
    text: String,
    path: PathBuf,
    line: u32,
    column: u32,
    layer: u32,
}

/// One file to read, with what its references find in the sources above it; without `above` there are none.
#[derive(Clone, Copy)]
pub(super) struct Layer<'a> {
    pub(super) path: &'a Path,
    pub(super) number: u32,
    pub(super) above: Option<&'a dyn EnvSource>,
}

impl Entries {
    pub(super) const fn new() -> Self {
        Self {
            map: BTreeMap::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
            paths: Vec::new(),
            wrong: BTreeSet::new(),
            room: MAX_EXPANSION,
        }
    }

    pub(super) fn lookup(&self, name: &str) -> Option<Value> {
        let entry = self.map.get(name)?;
        let value = Value::new(entry.text.clone(), entry.origin());
        Some(value.in_layer(entry.layer))
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.map.keys().cloned().collect()
    }

    /// Reads a file whose variables go above those read before.
    pub(super) fn open(&mut self, layer: Layer<'_>, missing: Missing) {
        self.paths.push(layer.path.to_owned());
        match file::read(layer.path, missing) {
            Ok(Some(file)) => {
                let secret = self.read(layer, &file.bytes);
                if let Some(variable) = secret.filter(|_| file.is_exposed) {
                    let file = layer.path.to_owned();
                    self.warnings.push(Warning::Exposed { file, variable });
                }
            }
            Ok(None) => {}
            Err(message) => {
                let mut problem = Problem::new(ProblemKind::File, String::new(), message);
                problem.variable = None;
                self.problems.push(problem);
            }
        }
    }

    /// Reads the text of a file; gives the first variable that looks secret, if any does.
    pub(super) fn read(&mut self, layer: Layer<'_>, bytes: &[u8]) -> Option<String> {
        let mut secret = None;
        let mut faults = Faults::new(layer.path);
        let mut parser = Parser::new(bytes);
        while let Some(statement) = parser.next() {
            match statement {
                Ok(assignment) => match self.value(&assignment, layer.above) {
                    Ok(text) => {
                        if secret.is_none() && !text.is_empty() && looks_secret(assignment.name) {
                            secret = Some(assignment.name.to_owned());
                        }
                        self.insert(layer, &assignment, text);
                    }
                    Err(mistakes) => {
                        self.wrong.insert(assignment.name.to_owned());
                        for (mistake, offset) in mistakes {
                            let offset = assignment.offset + offset;
                            faults.push(parser.fault(mistake, offset, Some(assignment.name)));
                        }
                    }
                },
                Err(fault) => {
                    self.wrong.extend(fault.variable.clone());
                    faults.push(fault);
                }
            }
        }
        self.problems.extend(faults.into_problems());
        secret
    }

    fn value(
        &mut self,
        assignment: &Assignment<'_>,
        above: Option<&dyn EnvSource>,
    ) -> Result<String, Vec<(Mistake, usize)>> {
        let mut room = self.room;
        let refer = above.map(|above| |name: &str| self.refer(above, name));
        let value = Expand::new(assignment, refer, &mut room).run();
        self.room = room;
        value
    }

    /// What a reference finds: what is above, else what was read so far.
    fn refer(&self, above: &dyn EnvSource, name: &str) -> Referred {
        if let Some(value) = above.lookup(name).filter(|value| !value.is_empty()) {
            let text = value.into_parts().0.into_string();
            return text.map_or(Referred::NotUnicode, Referred::Text);
        }
        match self.map.get(name) {
            Some(entry) if !entry.text.is_empty() => Referred::Text(entry.text.clone()),
            None if self.wrong.contains(name) => Referred::Wrong,
            _ => Referred::Unset,
        }
    }

    fn insert(&mut self, layer: Layer<'_>, assignment: &Assignment<'_>, text: String) {
        let entry = Entry {
            text,
            path: layer.path.to_owned(),
            line: assignment.place.line,
            column: assignment.place.column,
            layer: layer.number,
        };
        match self.map.entry(assignment.name.to_owned()) {
            btree_map::Entry::Vacant(place) => {
                place.insert(entry);
            }
            btree_map::Entry::Occupied(mut place) => {
                let before = place.insert(entry);
                if before.layer == layer.number {
                    self.warnings.push(Warning::Duplicate {
                        variable: assignment.name.to_owned(),
                        first: before.origin(),
                        last: place.get().origin(),
                    });
                }
            }
        }
    }
}

impl Entry {
    fn origin(&self) -> Origin {
        Origin::File {
            path: self.path.clone(),
            line: self.line,
            column: self.column,
        }
    }
}

/// Far more than all values of a service, little enough to hold in memory.
const MAX_EXPANSION: usize = 1 << 20;
