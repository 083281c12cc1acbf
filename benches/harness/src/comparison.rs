use std::{fmt, hint::black_box, time::Duration};

use crate::{
    Allocations, Error,
    callgrind::instructions,
    row::{Bar, Kind, Row},
    wall::Wall,
};

/// Runs an operation as often as it is told.
pub(crate) type Kernel = Box<dyn FnMut(u64)>;

/// An operation, and how a rival does the same; every measure that is asked for becomes a [`Row`].
pub struct Comparison {
    name: String,
    ours: Kernel,
    rival_name: String,
    rival: Kernel,
    measures: Vec<Measure>,
}

#[derive(Clone, Copy, Debug)]
enum Measure {
    Relative { kind: Kind, bar: Option<f64> },
    Absolute { kind: Kind, bar: Bar },
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) batch: Duration,
    pub(crate) iterations: u64,
}

impl Comparison {
    pub(crate) fn new(name: &str, ours: Kernel, rival_name: &str, rival: Kernel) -> Self {
        Self {
            name: name.to_owned(),
            ours,
            rival_name: rival_name.to_owned(),
            rival,
            measures: Vec::new(),
        }
    }

    /// Counts instructions beside the rival's, without a bar.
    pub fn instructions(&mut self) -> &mut Self {
        self.relative(Kind::Instructions, None)
    }

    /// Counts instructions; the rival's must be at least `bar` times ours.
    pub fn instructions_at_least(&mut self, bar: f64) -> &mut Self {
        self.relative(Kind::Instructions, Some(bar))
    }

    /// Counts calls of the allocator beside the rival's, without a bar.
    pub fn allocations(&mut self) -> &mut Self {
        self.relative(Kind::Allocations, None)
    }

    /// Counts calls of the allocator; there must be at most `bar` an operation.
    pub fn allocations_at_most(&mut self, bar: f64) -> &mut Self {
        self.measures.push(Measure::Absolute {
            kind: Kind::Allocations,
            bar: Bar::AtMost(bar),
        });
        self
    }

    /// Measures wall time beside the rival's, without a bar.
    pub fn wall(&mut self) -> &mut Self {
        self.relative(Kind::Ratio, None)
    }

    fn relative(&mut self, kind: Kind, bar: Option<f64>) -> &mut Self {
        self.measures.push(Measure::Relative { kind, bar });
        self
    }

    pub(crate) fn measure(&mut self, effort: Effort) -> Result<Vec<Row>, Error> {
        let measures = self.measures.clone();
        measures
            .into_iter()
            .map(|measure| self.take(measure, effort))
            .collect()
    }

    fn take(&mut self, measure: Measure, effort: Effort) -> Result<Row, Error> {
        match measure {
            Measure::Absolute { kind, bar } => {
                let (unit, ours) = (unit(kind), allocations(&mut self.ours));
                Ok(Row::absolute(&self.row_name(kind), kind, unit, ours, bar))
            }
            Measure::Relative { kind, bar } => self.beside_rival(kind, bar, effort),
        }
    }

    fn beside_rival(&mut self, kind: Kind, bar: Option<f64>, effort: Effort) -> Result<Row, Error> {
        let name = self.row_name(kind);
        let row = |values| Row::relative(&name, kind, unit(kind), values, &self.rival_name, bar);
        Ok(match kind {
            Kind::Instructions => {
                let ours = instructions(&format!("{}/ours", self.name), effort.iterations)?;
                let theirs = instructions(&format!("{}/rival", self.name), effort.iterations)?;
                row((ours, theirs))
            }
            Kind::Allocations => row((allocations(&mut self.ours), allocations(&mut self.rival))),
            _ => {
                let wall = Wall::measure(&mut self.ours, &mut self.rival, effort.rounds, effort.batch);
                row((wall.ours, wall.rival)).with_ratio(wall.ratio)
            }
        })
    }

    fn row_name(&self, kind: Kind) -> String {
        let suffix = match kind {
            Kind::Ratio => "wall",
            Kind::Instructions => "instructions",
            _ => "allocations",
        };
        format!("{}.{suffix}", self.name)
    }

    /// Runs the kernel called `name` if it belongs here.
    pub(crate) fn run_kernel(&mut self, name: &str, iterations: u64) -> bool {
        match name.rsplit_once('/') {
            Some((subject, "ours")) if subject == self.name => (self.ours)(iterations),
            Some((subject, "rival")) if subject == self.name => (self.rival)(iterations),
            _ => return false,
        }
        true
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comparison")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The kernel of an operation: nothing of it can be optimised away.
pub(crate) fn kernel<T>(mut operation: impl FnMut() -> T + 'static) -> Kernel {
    Box::new(move |count| {
        for _ in 0..count {
            drop(black_box(operation()));
        }
    })
}

fn allocations(kernel: &mut Kernel) -> f64 {
    // What is allocated once, on first use, is not what an operation costs.
    kernel(1);
    let counted = Allocations::during(|| kernel(COUNTED));
    counted.calls as f64 / COUNTED as f64
}

fn unit(kind: Kind) -> &'static str {
    match kind {
        Kind::Instructions => "instructions/op",
        Kind::Allocations => "allocations/op",
        _ => "ns/op",
    }
}

const COUNTED: u64 = 100;
