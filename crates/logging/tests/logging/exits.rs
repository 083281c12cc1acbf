//! A process that ends without a shutdown sends what waits for the network.

use std::{
    io::{Write as _, stdin},
    process::{Stdio, exit},
    time::Duration,
};

use groundcrew_base::Secret;
use groundcrew_logging::{AlertPolicy, Datadog, Export, Webhook};
use tracing::{error, info};

use crate::{
    process::child,
    server::{Server, service},
};

#[test]
#[ignore = "run by a test of this file in a process of its own"]
fn child_exits() {
    let mut url = String::new();
    stdin().read_line(&mut url).unwrap();
    let url = url.trim();
    let lines = Datadog::new(Secret::from("k")).url(format!("{url}/lines"));
    let alerts = Webhook::new(Secret::from(format!("{url}/alerts")));
    let _logging = service()
        .export(Export::from(lines).age(Duration::from_secs(3600)))
        .alert_to("webhook", AlertPolicy::default(), alerts)
        .init()
        .unwrap();

    info!("last words");
    error!(alert.key = "pool", "exhausted");
    #[expect(clippy::exit, reason = "nothing may be dropped: the hook alone flushes")]
    exit(7);
}

#[test]
fn an_exit_sends_lines_and_alerts() {
    let server = Server::always(202);
    let mut process = child("exits::child_exits")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(process.stdin.take().unwrap(), "{}", server.url("")).unwrap();

    assert_eq!(process.wait().unwrap().code(), Some(7));

    let mut seen: Vec<String> = server.rest().into_iter().map(|seen| seen.line).collect();
    seen.sort();
    assert_eq!(seen, ["POST /alerts", "POST /lines"]);
}
