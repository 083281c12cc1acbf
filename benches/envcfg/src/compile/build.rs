//! Builds a program as a package of its own and reads what that took.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::Candidate;

/// The package of a candidate, on disk.
pub(super) struct Build {
    package: PathBuf,
    main: &'static str,
}

/// What building took, in seconds of processor time and in bytes; less is better.
pub(super) struct Cost {
    pub(super) cold: f64,
    pub(super) rebuild: f64,
    pub(super) size: f64,
}

impl Build {
    /// Writes the package, with the versions of this workspace.
    pub(super) fn of(candidate: &Candidate) -> Self {
        let package = programs().join(candidate.name);
        let source = package.join("src");
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        let manifest = MANIFEST.to_owned() + &candidate.dependencies;
        let written = fs::create_dir_all(&source)
            .and_then(|()| fs::copy(lock, package.join("Cargo.lock")))
            .and_then(|_| fs::write(package.join("Cargo.toml"), manifest))
            .and_then(|()| fs::write(source.join("choices.rs"), &candidate.choices))
            .and_then(|()| fs::write(source.join("schema.rs"), &candidate.schema))
            .and_then(|()| fs::write(source.join("main.rs"), candidate.main));
        written.expect("the target directory can be written");
        Self {
            package,
            main: candidate.main,
        }
    }

    /// Builds from nothing, then changes the time of `main.rs` and builds again.
    pub(super) fn cost(&self) -> Cost {
        let removed = fs::remove_dir_all(self.target());
        assert!(
            removed.is_ok() || !self.target().exists(),
            "a cold build starts from nothing: {removed:?}"
        );
        let cold = self.run();
        let rebuild = (0..REBUILDS).map(|_| {
            fs::write(self.package.join("src/main.rs"), self.main).expect("main.rs can be written");
            self.run()
        });
        let rebuild = rebuild.fold(f64::INFINITY, f64::min);
        let program = fs::metadata(self.target().join("release/program"));
        let size = program.expect("the program was built").len() as f64;
        Cost { cold, rebuild, size }
    }

    /// Builds; the seconds of processor time that cargo and all it started took.
    fn run(&self) -> f64 {
        let before = processor_seconds_of_children();
        let status = Command::new(env!("CARGO"))
            .args(["build", "--release", "--offline", "--quiet", "--manifest-path"])
            .arg(self.package.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(self.target())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "{} builds",
            self.package.display()
        );
        processor_seconds_of_children() - before
    }

    fn target(&self) -> PathBuf {
        self.package.join("target")
    }
}

/// Beside the directory in which this program was built.
fn programs() -> PathBuf {
    let program = env::current_exe().expect("this program has a path");
    let target = program
        .ancestors()
        .nth(2)
        .expect("cargo builds into a directory of its own");
    target.join("envcfg-compile")
}

/// User and system time of the children that were waited for, and of theirs.
fn processor_seconds_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells the times of a process");
    // The name of the program, in brackets, may have spaces; what counts is the 16th and 17th field of the whole line.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: f64 = fields
        .split_whitespace()
        .skip(13)
        .take(2)
        .map(|ticks| ticks.parse::<f64>().expect("the time is a number"))
        .sum();
    ticks / TICKS_A_SECOND
}

const REBUILDS: usize = 3;
/// `USER_HZ`: the same on every architecture that Rust has the standard library for, but Alpha.
const TICKS_A_SECOND: f64 = 100.0;
const MANIFEST: &str = r#"[workspace]

[package]
name = "program"
version = "0.1.0"
edition = "2024"

[lints.rust]
dead_code = "allow"

[profile.release]
strip = true

[dependencies]
"#;
