//! What the families say about themselves.

use std::sync::Arc;

use crate::{
    definition::Shape,
    descriptor::Kind,
    exemplar::ExemplarView,
    exposition::escape_label,
    registry::CellsEntry,
    series::{Cells, Reading, Series},
    unix_time,
};

/// Families of what the others could not record as they were told; shown once there is something to tell.
pub(crate) fn families(of: &[Arc<CellsEntry>]) -> [Arc<CellsEntry>; 2] {
    let family = |name: &str, help: &str, cells: Arc<dyn Cells>| {
        Arc::new(CellsEntry {
            name: name.to_owned(),
            help: help.to_owned(),
            kind: Kind::Counter,
            expires_after: None,
            cells,
        })
    };
    let [overflow, rejected] = NAMES;
    [
        family(overflow, OVERFLOW_HELP, Arc::new(Overflow(of.to_vec()))),
        family(rejected, REJECTED_HELP, Arc::new(Rejected(of.to_vec()))),
    ]
}

struct Overflow(Vec<Arc<CellsEntry>>);

impl Cells for Overflow {
    fn shape(&self) -> Shape {
        Shape::labelled(&["family", "label"])
    }

    fn len(&self) -> usize {
        0
    }

    fn is_empty(&self) -> bool {
        let mut is_empty = true;
        self.each(&mut |_| is_empty = false);
        is_empty
    }

    fn each(&self, show: &mut dyn FnMut(&Series<'_>)) {
        let created = unix_time::process_start();
        for family in &self.0 {
            family.cells.each_overflow(&mut |label, count| {
                if count > 0 {
                    let mut labels = String::new();
                    escape_label(&mut labels, "family", &family.name);
                    escape_label(&mut labels, "label", label);
                    show(&Series {
                        labels: &labels,
                        value: Reading::Count(count),
                        created,
                        exemplars: ExemplarView::NONE,
                    });
                }
            });
        }
    }
}

struct Rejected(Vec<Arc<CellsEntry>>);

impl Cells for Rejected {
    fn shape(&self) -> Shape {
        Shape::labelled(&["family"])
    }

    fn len(&self) -> usize {
        0
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|family| family.cells.rejected() == 0)
    }

    fn each(&self, show: &mut dyn FnMut(&Series<'_>)) {
        let created = unix_time::process_start();
        for family in &self.0 {
            let count = family.cells.rejected();
            if count > 0 {
                let mut labels = String::new();
                escape_label(&mut labels, "family", &family.name);
                show(&Series {
                    labels: &labels,
                    value: Reading::Count(count),
                    created,
                    exemplars: ExemplarView::NONE,
                });
            }
        }
    }
}

/// Taken in every registry.
pub(crate) const NAMES: [&str; 2] = ["metrics_overflow_total", "metrics_rejected_total"];
const OVERFLOW_HELP: &str =
    "Lookups that went to the series __other__ because a label, or as the label \"\" the family, was full";
const REJECTED_HELP: &str =
    "Observations that were left out: not a number, infinite, or negative where only growth has a meaning";
