//! A binary that says what is known about a configuration.
//!
//! `PORT=80x cargo run --features cli --example service_config -- check`, then `explain`, `docs`, `schema`.

use std::io;

use groundcrew_envcfg::{Config, ProcessEnv, Secret, cli};

/// The settings of a service.
#[derive(Debug, Config)]
struct Settings {
    /// The port to listen on
    #[config(default = 3000, range(min = 1000))]
    port: u16,
    /// Signs the session cookies
    #[config(length(min = 32))]
    auth_secret: Secret,
}

fn main() -> io::Result<cli::Exit> {
    cli::run::<Settings>(std::env::args_os(), &ProcessEnv, &mut io::stdout())
}
