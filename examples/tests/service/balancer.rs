//! Load as a balancer sends it: to a service that says that it is ready, over connections that stay open.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::{task::JoinSet, time::interval};

use crate::{
    books::Played,
    client::{Answer, Client},
    harness::Service,
};

/// Clients that send one request after the other.
pub(crate) struct Balancer {
    in_rotation: Arc<AtomicBool>,
    clients: JoinSet<Tally>,
    probe: JoinSet<()>,
}

/// What the clients have seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) succeeded: u64,
    /// Answers that asked to close the connection.
    pub(crate) asked_to_leave: u64,
    pub(crate) failed: Vec<String>,
}

impl Balancer {
    /// Begins to send.
    pub(crate) fn start(service: &Service, played: &Played, clients: usize) -> Self {
        let in_rotation = Arc::new(AtomicBool::new(true));
        let mut balancer = Self {
            in_rotation,
            clients: JoinSet::new(),
            probe: JoinSet::new(),
        };
        balancer
            .probe
            .spawn(watch(service.probes(), Arc::clone(&balancer.in_rotation)));
        for number in 0..clients {
            let (player, table) = (played.players[number % played.players.len()], played.table);
            let in_rotation = Arc::clone(&balancer.in_rotation);
            balancer
                .clients
                .spawn(hammer(service.client(), in_rotation, player, table));
        }
        balancer
    }

    /// What all clients have seen, once the service has been taken out.
    pub(crate) async fn tally(mut self) -> Tally {
        let mut sum = Tally::default();
        while let Some(tally) = self.clients.join_next().await {
            let tally = tally.unwrap();
            sum.succeeded += tally.succeeded;
            sum.asked_to_leave += tally.asked_to_leave;
            sum.failed.extend(tally.failed);
        }
        sum
    }
}

/// Takes the service out of rotation as soon as it is not ready.
async fn watch(probes: Client, in_rotation: Arc<AtomicBool>) {
    let mut period = interval(Duration::from_millis(100));
    loop {
        period.tick().await;
        if !probes
            .try_get("/readyz")
            .await
            .is_ok_and(|answer| answer.status == 200)
        {
            in_rotation.store(false, Ordering::Relaxed);
            return;
        }
    }
}

async fn hammer(client: Client, in_rotation: Arc<AtomicBool>, player: i64, table: i64) -> Tally {
    let mut tally = Tally::default();
    let hand = json!([{ "hand": 7, "player": player, "kind": "check" }]);
    let actions = format!("/api/tables/{table}/actions");
    while in_rotation.load(Ordering::Relaxed) {
        tally.count(client.try_get(&format!("/api/players/{player}/stats")).await);
        tally.count(client.try_post(&actions, &hand).await);
        tally.count(client.try_get(&format!("{actions}?limit=5")).await);
    }
    tally
}

impl Tally {
    fn count(&mut self, answer: Result<Answer, String>) {
        match answer {
            Ok(answer) if answer.status.is_success() => {
                self.succeeded += 1;
                self.asked_to_leave += u64::from(answer.header("connection") == "close");
            }
            Ok(answer) => self.failed.push(format!("{} {}", answer.status, answer.text())),
            Err(error) => self.failed.push(error),
        }
    }
}
