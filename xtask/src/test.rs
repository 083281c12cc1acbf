use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use clap::Args;

mod build;
mod executable;
mod report;
mod tally;
mod watch;

use build::Build;
use tally::Tally;
use watch::watch;

use crate::{Error, cargo, metadata::Metadata, setup};

/// Runs every test on real servers, after the set-up that they need.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Run the campaigns (many kills, histories, races, large databases) with their full counts.
    #[arg(long)]
    long: bool,
    /// Test only this crate, by its full or short name.
    #[arg(short, long = "package", value_name = "CRATE")]
    packages: Vec<String>,
    /// Run every test this many times.
    #[arg(long, default_value_t = 1, value_name = "N")]
    repeat: u32,
}

impl Test {
    pub(crate) fn run(self) -> Result<(), Error> {
        setup::ensure(setup::Group::Test)?;
        let campaign = if self.long {
            Campaign::Long
        } else {
            Campaign::Short
        };
        println!(
            "campaigns: {} ({}={})",
            campaign.text(),
            Campaign::VARIABLE,
            campaign.value()
        );

        let metadata = Metadata::load()?;
        let selection = self.selection(&metadata)?;
        let start = Instant::now();
        let build = Build::run(&selection, &metadata)?;
        println!(
            "built {} test executables in {:.0} s",
            build.executables.len(),
            start.elapsed().as_secs_f64()
        );

        let mut summary = Summary::default();
        for _ in 0..self.repeat.max(1) {
            for executable in &build.executables {
                summary.add(&executable.package, executable.run(&build, campaign)?);
            }
            if self.selects_library(&metadata)? {
                summary.add("doc tests", doc_tests(&selection, campaign)?);
            }
        }
        summary.finish()
    }

    /// The cargo arguments that select what is tested: always with all features, so that every dependency is
    /// built once.
    fn selection(&self, metadata: &Metadata) -> Result<Vec<String>, Error> {
        let mut selection = vec!["--all-features".to_owned()];
        if self.packages.is_empty() {
            selection.push("--workspace".to_owned());
        }
        for name in &self.packages {
            selection.push(format!("--package={}", metadata.package(name)?.name));
        }
        Ok(selection)
    }

    /// Whether there are doc tests to run: cargo fails if only programs are selected.
    fn selects_library(&self, metadata: &Metadata) -> Result<bool, Error> {
        let mut any = self.packages.is_empty();
        for name in &self.packages {
            any |= metadata.package(name)?.has_library();
        }
        Ok(any)
    }
}

/// How much of its work a campaign test does.
#[derive(Clone, Copy, Debug)]
enum Campaign {
    Short,
    Long,
}

impl Campaign {
    /// What campaign tests read.
    const VARIABLE: &str = "TEST_CAMPAIGN";

    fn value(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Long => "long",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Short => "seeded and reduced",
            Self::Long => "with their full counts",
        }
    }
}

fn doc_tests(selection: &[String], campaign: Campaign) -> Result<Run, Error> {
    let mut command = cargo::cargo("test");
    command
        .arg("--doc")
        .args(selection)
        .env(Campaign::VARIABLE, campaign.value());
    watch(&mut command, "doc tests", DOC_TESTS_HANG)
}

/// One execution: what it counted and how long it took.
#[derive(Debug)]
struct Run {
    tally: Tally,
    took: Duration,
    /// What failed, each with the program's label.
    failures: Vec<String>,
}

/// What was counted, crate by crate.
#[derive(Debug, Default)]
struct Summary {
    crates: BTreeMap<String, (Tally, Duration)>,
    failures: Vec<String>,
}

impl Summary {
    fn add(&mut self, name: &str, run: Run) {
        let (tally, took) = self.crates.entry(name.to_owned()).or_default();
        tally.add(run.tally);
        *took += run.took;
        self.failures.extend(run.failures);
    }

    fn finish(self) -> Result<(), Error> {
        println!("\n== time by crate");
        let mut total = Tally::default();
        for (name, (tally, took)) in &self.crates {
            let slow = name != "doc tests" && *took > CRATE_BUDGET;
            let warning = if slow {
                "  warning: more than 3 minutes"
            } else {
                ""
            };
            println!("{name:<28} {:>7.1} s  {tally}{warning}", took.as_secs_f64());
            total.add(*tally);
        }
        for failure in &self.failures {
            println!("FAILED  {failure}");
        }
        println!("\n{total}");
        match total.failed {
            0 => Ok(()),
            count => Err(Error::Failures {
                count,
                what: "tests failed",
            }),
        }
    }
}

/// How long the tests of one crate may take once they are built.
const CRATE_BUDGET: Duration = Duration::from_secs(180);
const DOC_TESTS_HANG: Duration = Duration::from_secs(1800);
