//! Tells the crate which compiler builds it, and how: a macro cannot find out.

use std::{env, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
    println!("cargo::rustc-env=BUILD_RUSTC={}", rustc().unwrap_or_default());
    let profile = env::var_os("PROFILE").unwrap_or_default();
    println!("cargo::rustc-env=BUILD_PROFILE={}", profile.to_string_lossy());
}

/// The version, such as `1.95.0`.
fn rustc() -> Option<String> {
    let output = Command::new(env::var_os("RUSTC")?)
        .arg("--version")
        .output()
        .ok()?;
    let line = String::from_utf8(output.stdout).ok()?;
    line.split_ascii_whitespace().nth(1).map(str::to_owned)
}
