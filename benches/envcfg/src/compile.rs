//! What it costs to build a program with the schema: processor time of a cold build and of a rebuild after a change of
//! `main.rs`, and the size of the stripped program.
//!
//! The programs are written into the target directory and built from what cargo has downloaded already, with the
//! versions of this workspace.

mod build;
mod candidate;

use harness::{Kind, Row};

use build::{Build, Cost};
use candidate::Candidate;

/// Each of ours beside every rival.
pub(crate) fn rows() -> Vec<Row> {
    let ours = costs(candidate::ours());
    let rivals = costs(candidate::rivals());
    let pairs = ours
        .iter()
        .flat_map(|ours| rivals.iter().map(move |rival| (ours, rival)));
    pairs
        .flat_map(|((ours, our_cost), (rival, cost))| beside((ours, our_cost), (rival, cost)))
        .collect()
}

fn costs(candidates: Vec<Candidate>) -> Vec<(Candidate, Cost)> {
    candidates
        .into_iter()
        .map(|candidate| {
            let cost = Build::of(&candidate).cost();
            (candidate, cost)
        })
        .collect()
}

fn beside((ours, our_cost): (&Candidate, &Cost), (rival, cost): (&Candidate, &Cost)) -> [Row; 3] {
    let row = |part, kind, unit, values| {
        let name = format!("{}_vs_{}.{part}", ours.name, rival.name);
        Row::relative(&name, kind, unit, values, rival.description, None)
    };
    [
        row("cold", Kind::Ratio, "CPU s", (our_cost.cold, cost.cold)),
        row("rebuild", Kind::Ratio, "CPU s", (our_cost.rebuild, cost.rebuild)),
        row("size", Kind::Bytes, "bytes", (our_cost.size, cost.size)),
    ]
}
