use std::process::Command;

use super::{
    is_installed,
    package::{Package, Source},
    succeeds,
};
use crate::{Error, process};

/// Installs those of `packages` that apt has, without starting any service.
pub(super) fn install(packages: &[Package]) -> Result<(), Error> {
    let names: Vec<&str> = packages
        .iter()
        .filter(|package| package.source == Source::Apt)
        .map(|package| package.name.as_str())
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let Some(mut command) = privileged_shell() else {
        return Err(Error::Missing {
            packages: names.join(" "),
            remedy: format!(
                "install them, on Debian or Ubuntu with `apt-get install {}`",
                names.join(" ")
            ),
        });
    };
    println!("installing with apt: {}", names.join(" "));
    process::run(command.args(["-c", SCRIPT, "apt-install"]).args(names))
}

/// A shell that may install packages, if that needs no password.
fn privileged_shell() -> Option<Command> {
    if !is_installed("apt-get") {
        return None;
    }
    if is_root() {
        return Some(Command::new("sh"));
    }
    succeeds("sudo", &["-n", "true"]).then(|| {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "sh"]);
        sudo
    })
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|output| output.stdout == b"0\n")
}

const SCRIPT: &str = include_str!("apt-install.sh");
