//! A start with nothing, and what is left of it.

use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    time::{Duration, Instant},
};

use groundcrew_testkit::eventually;
use rustix::process::Signal;
use serde_json::json;
use tokio::{net::TcpStream, process::Command};

use crate::{
    client::Client,
    harness::{LEFTOVERS, Service, program},
    process_tree::{self, Process},
    servers::{Private, Variables},
};

/// Starts it without any variable. Only where another program has taken one of the default ports, which no
/// test can forbid, it is given free ones.
async fn start_with_nothing() -> Service {
    let mut service = Service::launch(Variables::new());
    let taken = |output: &str| output.contains("in use");
    let what = "the block, or a port that is taken";
    let free = eventually(Duration::from_secs(30), what, async || {
        let output = service.output();
        output
            .contains("Ctrl-C ends it\n")
            .then_some(true)
            .or_else(|| taken(&output).then_some(false))
    })
    .await;
    if free {
        service.ready().await;
        return service;
    }
    assert_eq!(service.end().await.code, Some(78));
    let ports = [
        ("PORT", "0".to_owned()),
        ("HEALTH_ADDR", "127.0.0.1:0".to_owned()),
    ];
    Service::start(Variables::from(ports)).await
}

/// The addresses of the private servers that the block names.
fn private_servers(block: &str) -> Vec<SocketAddr> {
    let lines = block.lines().filter(|line| line.contains("private"));
    lines
        .filter_map(|line| line.split([' ', ',']).find_map(|word| word.parse().ok()))
        .collect()
}

/// What the service has made in the directory for temporary files.
fn directories(pid: i32) -> BTreeSet<String> {
    let names = fs::read_dir(std::env::temp_dir())
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .filter(|name| name.starts_with(&format!("testkit-{pid}-")))
        .collect()
}

#[tokio::test]
async fn with_no_environment_everything_is_there_and_ctrl_c_leaves_nothing() {
    let service = start_with_nothing().await;
    let pid = service.pid().as_raw_nonzero().get();
    let block = service.block();

    for url in service.urls() {
        let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let answer = Client::of(address.parse().unwrap())
            .get(&format!("/{path}"))
            .await;
        assert_eq!(answer.status, 200, "{url}: {}", answer.text());
    }
    let page = service.client().get("/").await.text();
    let links: Vec<&str> = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(links.len() >= 9, "{page}");
    for link in links {
        let answer = service.client().get(link).await;
        assert_eq!(answer.status, 200, "{link}: {}", answer.text());
    }
    let servers = private_servers(&block);
    let processes = process_tree::below(service.pid());
    assert_eq!(servers.len(), 2, "{block}");
    for name in ["postgres", "redis-server"] {
        assert!(
            processes.iter().any(|process| process.command.contains(name)),
            "no {name} in {processes:?}"
        );
    }
    assert!(!directories(pid).is_empty());
    let backups = block
        .lines()
        .find_map(|line| line.split_once("backups: ")?.1.split(',').next())
        .unwrap()
        .to_owned();
    assert!(fs::exists(&backups).unwrap(), "{backups}");

    service.signal(Signal::INT);
    let ended = service.end().await;

    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stdout.matches("Ctrl-C ends it").count(), 1);
    assert_eq!(ended.left_behind, Vec::<std::ffi::OsString>::new());
    eventually(LEFTOVERS, "no process and no directory", async || {
        let gone = !processes.iter().any(Process::is_alive) && directories(pid).is_empty();
        (gone && !fs::exists(&backups).unwrap()).then_some(())
    })
    .await;
    for server in servers {
        assert!(
            TcpStream::connect(server).await.is_err(),
            "{server} still answers"
        );
    }
}

#[tokio::test]
async fn without_servers_the_books_are_kept_in_memory() {
    let variables = Variables::from([
        ("PORT", "0".to_owned()),
        ("HEALTH_ADDR", "127.0.0.1:0".to_owned()),
        ("PRIVATE_SERVERS", "false".to_owned()),
    ]);
    let service = Service::start(variables).await;
    let client = service.client();
    let block = service.block();
    assert!(block.contains("the books are kept in memory"), "{block}");
    assert!(block.contains("cache: memory alone"), "{block}");

    let player = client
        .post("/api/players", &json!({ "name": "ann" }))
        .await
        .expect(201)["id"]
        .clone();
    let table = json!({ "name": "one", "smallBlind": 1, "bigBlind": 2 });
    let table = client.post("/api/tables", &table).await.expect(201)["id"].clone();
    let actions: Vec<_> = (1..=10)
        .map(|hand| json!({ "hand": hand, "player": player, "kind": "call", "amount": 2 }))
        .collect();
    let path = format!("/api/tables/{table}/actions");
    client.post(&path, &json!(actions)).await.expect(201);
    client
        .post(&path, &json!([{ "hand": 1, "player": 99, "kind": "call" }]))
        .await
        .expect(409);

    let first = client.get(&format!("{path}?limit=6")).await.expect(200);
    let next = first["next"].as_str().unwrap();
    let second = client
        .get(&format!("{path}?limit=6&after={next}"))
        .await
        .expect(200);
    assert_eq!(first["items"].as_array().unwrap().len(), 6);
    assert_eq!(
        (second["items"].as_array().unwrap().len(), &second["next"]),
        (4, &json!(null))
    );
    let stats = format!("/api/players/{player}/stats");
    let (loaded, cached) = (client.get(&stats).await, client.get(&stats).await);
    assert_eq!(loaded.headers["x-cache"], "miss");
    assert_eq!(cached.headers["x-cache"], "hit");
    assert_eq!(
        cached.expect(200),
        json!({ "hands": 10, "actions": 10, "wagered": 20 })
    );
    let page = client.get("/").await.text();
    for link in page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert_eq!(client.get(link).await.status, 200, "{link}");
    }

    service.signal(Signal::INT);
    assert_eq!(service.end().await.code, Some(0));
}

#[tokio::test]
async fn the_program_asks_its_own_probes() {
    let variables = Variables::from([
        ("PORT", "0".to_owned()),
        ("HEALTH_ADDR", "127.0.0.1:0".to_owned()),
        ("PRIVATE_SERVERS", "false".to_owned()),
    ]);
    let service = Service::start(variables).await;
    let address = service.probe_address();

    let mut asked = Vec::new();
    for _ in 0..ASKED {
        asked.push(healthcheck(address).await);
    }
    let quick = async || (healthcheck(address).await.took <= LIMIT).then_some(());
    // What else this machine does is not part of it.
    eventually(Duration::from_secs(60), "a quick answer", quick).await;
    service.stop().await;
    let stopped = healthcheck(address).await;

    println!("--healthcheck: {asked:?}");
    assert!(asked.iter().all(|one| one.code == Some(0)), "{asked:?}");
    assert_eq!(stopped.code, Some(1));
    asked.sort_by_key(|one| one.worked);
    let median = &asked[ASKED / 2];
    assert!(median.worked <= LIMIT, "{median:?}");
}

const ASKED: usize = 20;
const LIMIT: Duration = Duration::from_millis(15);

/// One `--healthcheck`, as a container's health check runs it.
#[derive(Debug)]
struct Healthcheck {
    code: Option<i32>,
    took: Duration,
    /// Of the processors' time, which other programs do not take away.
    worked: Duration,
}

async fn healthcheck(probes: SocketAddr) -> Healthcheck {
    let mut command = Command::new("bash");
    command
        .args(["-c", "TIMEFORMAT='%R %U %S'; time \"$0\" --healthcheck"])
        .arg(program())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HEALTH_ADDR", probes.to_string());
    let output = command.kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let times = said.lines().last().unwrap_or_default().split(' ');
    let times: Vec<f64> = times.map(|seconds| seconds.parse().unwrap()).collect();
    Healthcheck {
        code: output.status.code(),
        took: Duration::from_secs_f64(times[0]),
        worked: Duration::from_secs_f64(times[1] + times[2]),
    }
}

/// How long a cluster may take to bring up a database that was started together with the service.
const LATE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_postgres_that_comes_ten_seconds_late_costs_no_more_than_one_second() {
    let servers = Private::start().await;
    servers.postgres.stop().await.unwrap();
    let mut service = Service::launch(servers.variables());

    tokio::time::sleep(LATE).await;
    service.bound().await;
    let probes = service.probes();
    assert_eq!(probes.get("/readyz").await.status, 503);
    assert_eq!(probes.get("/livez").await.status, 200);
    servers.postgres.start_again().await.unwrap();
    let came = Instant::now();
    let ready = async || (probes.get("/readyz").await.status == 200).then(|| came.elapsed());
    let waited = eventually(Duration::from_secs(30), "ready", ready).await;

    println!("ready {waited:?} after PostgreSQL");
    assert!(waited <= Duration::from_secs(1), "{waited:?}");
    service.stop().await;
}

#[tokio::test]
async fn a_wrong_password_ends_the_start_at_once_and_is_not_told() {
    let servers = Private::start().await;
    let mut variables = servers.variables();
    let right = servers.postgres.password();
    let url = servers.postgres.url();
    assert!(url.contains(right), "{url}");
    variables.insert("DATABASE_URL", url.replace(right, "not-the-hunter2"));

    let service = Service::launch(variables);
    let ended = service.end().await;

    let told = ended.stdout + &ended.stderr;
    assert_eq!(ended.code, Some(78), "{told}");
    assert!(!told.contains("not-the-hunter2"), "{told}");
}
