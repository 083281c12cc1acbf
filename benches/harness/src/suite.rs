use std::{env, fmt, fs, path::Path, process::ExitCode, time::Duration};

use crate::{
    Comparison, Error, Row,
    arguments::Arguments,
    comparison::{Effort, kernel},
    within,
};

/// Measures rows over minutes.
type Slow = Box<dyn FnOnce() -> Vec<Row>>;

/// What a bench program compares.
#[derive(Default)]
pub struct Suite {
    comparisons: Vec<Comparison>,
    others: Vec<Box<dyn FnOnce() -> Row>>,
    slow: Vec<(String, Slow)>,
}

impl Suite {
    /// A suite without comparisons.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an operation and how the rival called `rival_name` does the same.
    ///
    /// Both closures must do the same work on the same input; pass the input through
    /// [`black_box`](std::hint::black_box). The result is dropped, which counts.
    pub fn compare<T, U>(
        &mut self,
        name: &str,
        ours: impl FnMut() -> T + 'static,
        rival_name: &str,
        rival: impl FnMut() -> U + 'static,
    ) -> &mut Comparison {
        let index = self.comparisons.len();
        self.comparisons
            .push(Comparison::new(name, kernel(ours), rival_name, kernel(rival)));
        &mut self.comparisons[index]
    }

    /// Adds an operation and how the rival called `rival_name` does the same, each as a loop of the given count of
    /// operations: for what stands around them all, such as a subscriber or a span.
    pub fn compare_loops(
        &mut self,
        name: &str,
        ours: impl FnMut(u64) + 'static,
        rival_name: &str,
        rival: impl FnMut(u64) + 'static,
    ) -> &mut Comparison {
        let index = self.comparisons.len();
        self.comparisons
            .push(Comparison::new(name, Box::new(ours), rival_name, Box::new(rival)).in_loops());
        &mut self.comparisons[index]
    }

    /// Adds a row that `measure` takes in a way of its own, such as over a network.
    pub fn row(&mut self, measure: impl FnOnce() -> Row + 'static) -> &mut Self {
        self.others.push(Box::new(measure));
        self
    }

    /// Adds rows, all with names that begin with `name`, that `measure` takes in a way of its own over minutes;
    /// `--quick` leaves them out.
    pub fn slow_rows(&mut self, name: &str, measure: impl FnOnce() -> Vec<Row> + 'static) -> &mut Self {
        self.slow.push((name.to_owned(), Box::new(measure)));
        self
    }

    /// Measures, prints the table, and fails if a bar does not hold.
    ///
    /// Takes its options from the command line: `--quick` for fewer rounds, `--only NAME` for what has a name that begins so,
    /// `--json PATH` to write the rows.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let outcome = Arguments::parse(env::args().skip(1)).and_then(|arguments| self.obey(arguments));
        match outcome {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::from(2)
            }
        }
    }

    fn obey(mut self, arguments: Arguments) -> Result<bool, Error> {
        match arguments {
            Arguments::Kernel { name, iterations } => Ok(self
                .comparisons
                .iter_mut()
                .any(|comparison| comparison.run_kernel(&name, iterations))),
            Arguments::Part {
                part,
                comparison,
                quick,
            } => {
                let mut comparisons = self.comparisons.iter_mut();
                let found = comparisons.find(|candidate| candidate.is_called(&comparison));
                let numbers = found.map(|found| found.run_part(part, effort(quick)));
                println!("{}", within::show(&numbers.unwrap_or_default()));
                Ok(true)
            }
            Arguments::Measure { quick, only, json } => {
                if let Some(only) = only {
                    self.retain(&only);
                }
                let rows = self.measure(effort(quick))?;
                if let Some(path) = json {
                    write(&rows, &path)?;
                }
                Ok(rows.iter().all(|row| row.pass != Some(false)))
            }
        }
    }

    fn retain(&mut self, name: &str) {
        self.comparisons.retain(|comparison| comparison.begins_with(name));
        self.slow.retain(|(slow, _)| slow.starts_with(name));
        // Their names are known once they are measured.
        self.others.clear();
    }

    fn measure(self, effort: Effort) -> Result<Vec<Row>, Error> {
        println!("{}", Row::HEAD);
        let mut rows = Vec::new();
        for mut comparison in self.comparisons {
            for row in comparison.measure(effort)? {
                println!("{}", row.to_markdown());
                rows.push(row);
            }
        }
        let slow = self.slow.into_iter().filter(|_| !effort.quick);
        let others = self.others.into_iter().map(|measure| vec![measure()]);
        for row in others.chain(slow.map(|(_, measure)| measure())).flatten() {
            println!("{}", row.to_markdown());
            rows.push(row);
        }
        Ok(rows)
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("comparisons", &self.comparisons)
            .finish_non_exhaustive()
    }
}

fn write(rows: &[Row], path: &Path) -> Result<(), Error> {
    let written = serde_json::to_vec_pretty(rows)
        .map_err(Into::into)
        .and_then(|json| fs::write(path, json));
    written.map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

fn effort(quick: bool) -> Effort {
    if quick { QUICK } else { FULL }
}

const FULL: Effort = Effort {
    quick: false,
    rounds: 31,
    batch: Duration::from_millis(20),
    iterations: 1000,
};
const QUICK: Effort = Effort {
    quick: true,
    rounds: 5,
    batch: Duration::from_millis(2),
    iterations: 100,
};
