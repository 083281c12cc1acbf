use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use groundcrew_base::Verdict;
use groundcrew_connect::redis::{RedisConnection, RedisError, RedisUrl, fred::types::config::Server};
use tokio::{
    sync::{Mutex, Notify},
    task::JoinSet,
    time::Instant,
};

use super::{node::Node, server::Cluster};
use crate::checks::inquiry::Limits;

/// The servers of a cluster, each with a connection of its own, so that one that is gone does not hide the others.
pub(super) struct Members {
    url: RedisUrl,
    lost: Arc<Notify>,
    /// Each is kept even if the run that asks it is dropped.
    nodes: HashMap<Server, Arc<Mutex<Node>>>,
    /// Those that had slots when a member last told.
    primaries: Vec<Server>,
    /// Whether somebody has answered the last time.
    is_heard: bool,
}

/// What one member says.
struct Said {
    /// Its `CLUSTER INFO`; empty if the login may not ask for it.
    info: String,
    /// In order.
    primaries: Vec<Server>,
}

type Answered = (Server, Result<Said, RedisError>);

/// The questions that are under way.
struct Round<'a> {
    members: &'a mut Members,
    limits: Limits,
    asked: HashSet<Server>,
    asking: JoinSet<Answered>,
}

impl Members {
    pub(super) fn new(url: RedisUrl, lost: Arc<Notify>) -> Self {
        Self {
            url,
            lost,
            nodes: HashMap::new(),
            primaries: Vec::new(),
            is_heard: false,
        }
    }

    /// Asks every primary at once, and whom the URL names where none has answered the last time: they may all have moved.
    pub(super) async fn ask(&mut self, limits: Limits) -> Result<Verdict, RedisError> {
        let mut known = self.primaries.clone();
        if !self.is_heard {
            known.extend(self.url.nodes());
        }
        let mut round = Round {
            members: self,
            limits,
            asked: HashSet::new(),
            asking: JoinSet::new(),
        };
        round.ask(known);
        let (said, failure) = round.finish().await;
        let cluster = match agreed(&said) {
            Some(primaries) => {
                let cluster = Cluster::of(&said, &primaries);
                self.nodes.retain(|server, _| primaries.contains(server));
                self.primaries = primaries;
                cluster
            }
            // Whoever is slow to be reached is kept for the next round.
            None => Cluster::default(),
        };
        self.is_heard = !said.is_empty();
        match (cluster.verdict(), failure) {
            (Some(verdict), _) => Ok(verdict),
            (None, Some(error)) => Err(error),
            (None, None) => Err(RedisError::Timeout {
                deadline: limits.timeout,
            }),
        }
    }
}

/// The primaries that most of the servers name; of several such views the largest, then the newest. One that has lost sight of
/// the others is outvoted, even where only one of them has answered in time.
fn agreed(said: &HashMap<Server, Said>) -> Option<Vec<Server>> {
    let mut views: HashMap<&[Server], (usize, u64)> = HashMap::new();
    for one in said.values() {
        let (votes, epoch) = views.entry(&one.primaries).or_default();
        *votes += 1;
        *epoch = Cluster::epoch(&one.info).max(*epoch);
    }
    let most = views
        .into_iter()
        .max_by_key(|(primaries, (votes, epoch))| (*votes, primaries.len(), *epoch));
    most.map(|(primaries, _)| primaries.to_vec())
}

impl Cluster {
    /// What those say who name these primaries, and how many others there are.
    fn of(said: &HashMap<Server, Said>, primaries: &[Server]) -> Self {
        let mut cluster = Self::default();
        for (server, said) in said {
            if primaries.contains(server) {
                cluster.answered();
            }
            if said.primaries == primaries {
                cluster.heard(&said.info);
            } else {
                cluster.dissented();
            }
        }
        cluster.primaries(primaries.len());
        cluster
    }
}

impl Round<'_> {
    fn ask(&mut self, servers: Vec<Server>) {
        for server in servers {
            if !self.asked.insert(server.clone()) {
                continue;
            }
            let members = &mut *self.members;
            let new = || Node::new(members.url.of_node(server.clone()), Arc::clone(&members.lost));
            let node = members.nodes.entry(server.clone());
            let node = Arc::clone(node.or_insert_with(|| Arc::new(Mutex::new(new()))));
            let limits = self.limits;
            self.asking.spawn(async move {
                let mut node = node.lock().await;
                let answer = node.ask(limits, |connection, deadline| {
                    Box::pin(member(connection, deadline))
                });
                (server, answer.await)
            });
        }
    }

    /// Asks those of whom others tell too, and gives what all say and one of the errors.
    async fn finish(mut self) -> (HashMap<Server, Said>, Option<RedisError>) {
        let (mut heard, mut failure) = (HashMap::new(), None);
        while let Some(answered) = self.asking.join_next().await {
            let Ok((server, answer)) = answered else {
                continue;
            };
            match answer {
                Ok(said) => {
                    self.ask(said.primaries.clone());
                    heard.insert(server, said);
                }
                Err(error) => failure = Some(error),
            }
        }
        (heard, failure)
    }
}

async fn member(connection: &RedisConnection, deadline: Instant) -> Result<Said, RedisError> {
    let left = || deadline.saturating_duration_since(Instant::now());
    let (primaries, info) = tokio::join!(connection.primaries(left()), connection.cluster_info(left()));
    let info = match info {
        Err(RedisError::Forbidden(_)) => String::new(),
        info => info?,
    };
    let mut primaries = primaries?;
    primaries.sort();
    Ok(Said { info, primaries })
}
