use std::{
    env,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    process::Command,
};

/// The directory of the workspace's manifest.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// The directory cargo builds into.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A cargo command in the workspace root.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(program());
    command.current_dir(root()).arg(subcommand);
    if !io::stderr().is_terminal() {
        // A log is read for what went wrong: without a line for each crate that is built.
        command.env("CARGO_TERM_QUIET", "true");
    }
    forget_own_package(&mut command);
    command
}

/// The cargo that started this program.
pub(crate) fn program() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// Takes away what `cargo run` says about this package: build scripts may depend on such variables, and would
/// then be built again each time a plain `cargo` and `cargo xtask` alternate.
pub(crate) fn forget_own_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || OWN_PACKAGE.contains(&text.as_ref()) {
            command.env_remove(&name);
        }
    }
}

const OWN_PACKAGE: [&str; 4] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_BIN_NAME",
];
