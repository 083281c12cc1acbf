use std::{fmt, hint::black_box, time::Duration};

use crate::{
    Allocations, Error,
    arguments::Part,
    callgrind::instructions,
    row::{Bar, Kind, Row},
    wall::Wall,
    within,
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
    environment: Option<Vec<(String, String)>>,
    check: Option<Box<dyn FnMut()>>,
    least_iterations: u64,
    most_iterations: u64,
    times_iterations: u64,
}

#[derive(Clone, Copy, Debug)]
enum Measure {
    Relative {
        kind: Kind,
        bar: Option<f64>,
    },
    Absolute {
        kind: Kind,
        bar: Bar,
    },
    /// What ours takes more than the rival, which does nothing but what is around it.
    Over {
        kind: Kind,
        bar: f64,
    },
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) quick: bool,
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
            environment: None,
            check: None,
            least_iterations: 0,
            most_iterations: u64::MAX,
            times_iterations: 1,
        }
    }

    /// For kernels that are loops: counts over so many times more operations that what other threads do at the
    /// beginning and at the end falls out.
    pub(crate) const fn in_loops(mut self) -> Self {
        self.times_iterations = 5;
        self
    }

    /// Measures in processes whose whole environment is `variables` and `PATH`.
    pub fn environment(&mut self, variables: Vec<(String, String)>) -> &mut Self {
        self.environment = Some(variables);
        self
    }

    /// Runs `check` once before anything is measured, in the environment in which it is. It panics if the sides
    /// do not do the same.
    pub fn check(&mut self, check: impl FnMut() + 'static) -> &mut Self {
        self.check = Some(Box::new(check));
        self
    }

    /// Counts instructions over at most so many operations, for operations that take long.
    pub fn iterations_at_most(&mut self, most: u64) -> &mut Self {
        self.most_iterations = most;
        self
    }

    /// Counts instructions over at least so many operations, where what stands around them varies.
    pub fn iterations_at_least(&mut self, least: u64) -> &mut Self {
        self.least_iterations = least;
        self
    }

    /// Counts instructions beside the rival's, without a bar.
    pub fn instructions(&mut self) -> &mut Self {
        self.relative(Kind::Instructions, None)
    }

    /// Counts instructions; the rival's must be at least `bar` times ours.
    pub fn instructions_at_least(&mut self, bar: f64) -> &mut Self {
        self.relative(Kind::Instructions, Some(bar))
    }

    /// Counts instructions; there must be at most `bar` an operation.
    pub fn instructions_at_most(&mut self, bar: f64) -> &mut Self {
        self.measures.push(Measure::Absolute {
            kind: Kind::Instructions,
            bar: Bar::AtMost(bar),
        });
        self
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

    /// Counts instructions; ours may take at most `bar` more than the rival.
    pub fn instructions_over_at_most(&mut self, bar: f64) -> &mut Self {
        self.measures.push(Measure::Over {
            kind: Kind::Instructions,
            bar,
        });
        self
    }

    /// Counts calls of the allocator; ours may make at most `bar` more than the rival.
    pub fn allocations_over_at_most(&mut self, bar: f64) -> &mut Self {
        self.measures.push(Measure::Over {
            kind: Kind::Allocations,
            bar,
        });
        self
    }

    /// Measures wall time beside the rival's; its median must be at least `bar` times ours.
    pub fn wall_at_least(&mut self, bar: f64) -> &mut Self {
        self.relative(Kind::Ratio, Some(bar))
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
        if self.check.is_some() {
            self.part::<0>(Part::Check, effort)?;
        }
        let measures = self.measures.clone();
        measures
            .into_iter()
            .map(|measure| self.take(measure, effort))
            .collect()
    }

    fn take(&mut self, measure: Measure, effort: Effort) -> Result<Row, Error> {
        match measure {
            Measure::Absolute { kind, bar } => {
                let (ours, name) = match kind {
                    Kind::Instructions => {
                        let [ours, _] = self.instructions_of_both(effort)?;
                        (ours, format!("{}.own_instructions", self.name))
                    }
                    _ => {
                        let [ours, _] = self.part(Part::Allocations, effort)?;
                        (ours, self.row_name(kind))
                    }
                };
                Ok(Row::absolute(&name, kind, unit(kind), ours, bar))
            }
            Measure::Relative { kind, bar } => self.beside_rival(kind, bar, effort),
            Measure::Over { kind, bar } => {
                let [ours, rival] = match kind {
                    Kind::Instructions => self.instructions_of_both(effort)?,
                    _ => self.part(Part::Allocations, effort)?,
                };
                let name = format!("{}_over", self.row_name(kind));
                let bar = Bar::AtMost(bar);
                Ok(Row::absolute(&name, kind, unit(kind), ours - rival, bar))
            }
        }
    }

    fn beside_rival(&mut self, kind: Kind, bar: Option<f64>, effort: Effort) -> Result<Row, Error> {
        let (ours, rival, ratio) = match kind {
            Kind::Instructions => {
                let [ours, rival] = self.instructions_of_both(effort)?;
                (ours, rival, None)
            }
            Kind::Allocations => {
                let [ours, rival] = self.part(Part::Allocations, effort)?;
                (ours, rival, None)
            }
            _ => {
                let [ours, rival, ratio] = self.part(Part::Wall, effort)?;
                (ours, rival, Some(ratio))
            }
        };
        let name = self.row_name(kind);
        let row = Row::relative(&name, kind, unit(kind), (ours, rival), &self.rival_name, bar);
        Ok(match ratio {
            Some(ratio) => row.with_ratio(ratio),
            None => row,
        })
    }

    fn instructions_of_both(&self, effort: Effort) -> Result<[f64; 2], Error> {
        let iterations = (effort.iterations * self.times_iterations)
            .max(self.least_iterations)
            .min(self.most_iterations);
        let environment = self.environment.as_deref();
        let count = |side| instructions(&format!("{}/{side}", self.name), iterations, environment);
        Ok([count("ours")?, count("rival")?])
    }

    /// Takes a part here, or in a process of its own if there is an environment.
    fn part<const N: usize>(&mut self, part: Part, effort: Effort) -> Result<[f64; N], Error> {
        if let Some(variables) = &self.environment {
            return within::measured(part, &self.name, effort.quick, variables);
        }
        let numbers = self.run_part(part, effort);
        Ok(numbers
            .try_into()
            .expect("the caller knows how many numbers the part has"))
    }

    /// Takes a part in this process.
    pub(crate) fn run_part(&mut self, part: Part, effort: Effort) -> Vec<f64> {
        match part {
            Part::Check => {
                if let Some(check) = &mut self.check {
                    check();
                }
                Vec::new()
            }
            Part::Allocations => vec![allocations(&mut self.ours), allocations(&mut self.rival)],
            Part::Wall => {
                let wall = Wall::measure(&mut self.ours, &mut self.rival, effort.rounds, effort.batch);
                vec![wall.ours, wall.rival, wall.ratio]
            }
        }
    }

    pub(crate) fn begins_with(&self, name: &str) -> bool {
        self.name.starts_with(name)
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name
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
    let mut calls = |count| Allocations::during(|| kernel(count)).calls as f64;
    // Nor is what a loop allocates around its operations: it is in both counts.
    let (once, twice) = (calls(COUNTED), calls(COUNTED * 2));
    (twice - once) / COUNTED as f64
}

fn unit(kind: Kind) -> &'static str {
    match kind {
        Kind::Instructions => "instructions/op",
        Kind::Allocations => "allocations/op",
        _ => "ns/op",
    }
}

const COUNTED: u64 = 100;
