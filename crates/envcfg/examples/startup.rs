//! A service that asks what it needs before it starts.
//!
//! `PORT=80x SEARCH_ADDR=127.0.0.1:1 cargo run --features preflight --example startup` ends with 78 and says both: the
//! configuration is wrong, and the service cannot be reached. With `PORT=80` it ends with 69, because the next start may
//! work.

use std::{net::SocketAddr, process::ExitCode};

use groundcrew_envcfg::{
    Config, ProcessEnv,
    preflight::{ServiceCheck, Startup, Verdict},
};
use tokio::net::TcpStream;

#[derive(Debug, Config)]
struct Settings {
    /// The port to listen on
    port: u16,
    #[config(nested, prefix = "SEARCH_")]
    search: Search,
}

#[derive(Debug, Config)]
struct Search {
    /// Where the index is
    addr: SocketAddr,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match startup().run(&ProcessEnv).await {
        Ok(loaded) => {
            println!("listening on {}", loaded.config().port);
            ExitCode::SUCCESS
        }
        Err(report) => report.exit(),
    }
}

fn startup() -> Startup<Settings> {
    Startup::new().service("search", |search: &Search| {
        let addr = search.addr;
        ServiceCheck::new(move || connects(addr)).field("addr").once()
    })
}

async fn connects(addr: SocketAddr) -> Verdict {
    match TcpStream::connect(addr).await {
        Ok(_) => Verdict::healthy(),
        Err(error) => Verdict::unhealthy(error.to_string()),
    }
}
