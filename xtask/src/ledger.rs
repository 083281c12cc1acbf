use std::{
    fmt,
    time::{Duration, Instant},
};

use crate::Error;

/// The steps of a run: what each came to and how long it took.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    step: String,
    outcome: Outcome,
    took: Duration,
}

/// What a step came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    Failed(String),
    /// The machine lacks something that the step needs; the text says what.
    NotRun(String),
}

impl Ledger {
    /// Runs `step`, prints what it came to and goes on whatever that is.
    pub(crate) fn step(&mut self, name: &str, step: impl FnOnce() -> Result<Outcome, Error>) {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = step().unwrap_or_else(|error| Outcome::Failed(error.to_string()));
        let entry = Entry {
            step: name.to_owned(),
            outcome,
            took: start.elapsed(),
        };
        println!("{entry}");
        self.entries.push(entry);
    }

    /// Prints all steps.
    ///
    /// # Errors
    /// Tells how many steps failed.
    pub(crate) fn finish(self) -> Result<(), Error> {
        println!("\n== ledger");
        for entry in &self.entries {
            println!("{entry}");
        }
        let total: Duration = self.entries.iter().map(|entry| entry.took).sum();
        let count = self.failed();
        println!(
            "{count} of {} steps failed, {:.0} s",
            self.entries.len(),
            total.as_secs_f64()
        );
        if count == 0 {
            return Ok(());
        }
        Err(Error::Failures {
            count,
            what: "steps failed",
        })
    }

    fn failed(&self) -> usize {
        let failed = |entry: &&Entry| matches!(entry.outcome, Outcome::Failed(_));
        self.entries.iter().filter(failed).count()
    }
}

impl Outcome {
    /// Passed if there is nothing in `problems`, which are printed.
    pub(crate) fn of(problems: &[String]) -> Self {
        for problem in problems {
            println!("  {problem}");
        }
        match problems.len() {
            0 => Self::Passed,
            1 => Self::Failed("1 problem".to_owned()),
            count => Self::Failed(format!("{count} problems")),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, why) = match &self.outcome {
            Outcome::Passed => ("ok", ""),
            Outcome::Failed(why) => ("FAILED", why.as_str()),
            Outcome::NotRun(why) => ("NOT RUN", why.as_str()),
        };
        write!(
            f,
            "{mark:<8} {:<28} {:>7.1} s  {why}",
            self.step,
            self.took.as_secs_f64()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_does_not_stop_the_next_and_fails_the_run() {
        let mut ledger = Ledger::default();
        let mut ran = false;

        ledger.step("first", || Ok(Outcome::Failed("why".to_owned())));
        ledger.step("second", || Err(Error::UnknownPackage { name: "x".to_owned() }));
        ledger.step("third", || {
            ran = true;
            Ok(Outcome::NotRun("no database".to_owned()))
        });

        assert!(ran);
        assert_eq!(ledger.finish().unwrap_err().to_string(), "2 steps failed");
    }
}
