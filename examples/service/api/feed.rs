use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use groundcrew::metrics::{Direction, GameMetrics, WebSocketMetrics};
use serde_json::Value;
use tokio::{sync::broadcast, time::timeout};

use super::{Problem, Room};

/// Tells everybody who listens what happens at the tables.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    events: broadcast::Sender<Arc<str>>,
    open: Arc<AtomicU64>,
    most: u64,
    metrics: WebSocketMetrics,
    games: GameMetrics,
}

impl Feed {
    /// A feed for at most `most` listeners at a time.
    pub(crate) fn new(most: u64, metrics: WebSocketMetrics, games: GameMetrics) -> Self {
        Self {
            events: broadcast::channel(256).0,
            open: Arc::default(),
            most,
            metrics,
            games,
        }
    }

    /// Tells an event to everybody who listens now.
    pub(crate) fn publish(&self, event: &Value) {
        // Nobody listening is not an error.
        drop(self.events.send(event.to_string().into()));
    }

    /// How many listen, and how many may.
    pub(crate) fn load(&self) -> (u64, u64) {
        (self.open.load(Ordering::Relaxed), self.most)
    }

    fn enter(&self) -> Option<Seat> {
        let taken = self.open.fetch_add(1, Ordering::Relaxed);
        let seat = Seat(Arc::clone(&self.open));
        (taken < self.most).then_some(seat)
    }
}

/// A place in the feed, given back when dropped.
struct Seat(Arc<AtomicU64>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) async fn subscribe(State(room): State<Room>, upgrade: WebSocketUpgrade) -> Response {
    let Some(seat) = room.feed.enter() else {
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the feed is full").into_response();
    };
    upgrade
        .max_message_size(LARGEST_MESSAGE)
        .on_upgrade(move |socket| listen(room, socket, seat))
}

async fn listen(room: Room, mut socket: WebSocket, _seat: Seat) {
    let _connection = room.feed.metrics.connection();
    let _session = room.feed.games.session();
    let _in_flight = room.lifecycle.in_flight();
    let mut events = room.feed.events.subscribe();
    let mut stopping = std::pin::pin!(room.lifecycle.stopping());
    loop {
        tokio::select! {
            () = &mut stopping => break,
            event = events.recv() => {
                // A listener too slow for the feed misses events rather than slowing the others.
                let Ok(event) = event else { continue };
                room.feed.metrics.message("event", Direction::Outbound);
                if !sent(&mut socket, Message::Text(event.as_ref().into())).await {
                    return;
                }
            }
            received = socket.recv() => match received {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => room.feed.metrics.message("client", Direction::Inbound),
            },
        }
    }
    sent(&mut socket, Message::Close(None)).await;
}

/// Whether the listener took the message in time. One that does not is let go: it would hold up a stop.
async fn sent(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(PATIENCE, socket.send(message)).await, Ok(Ok(())))
}

const PATIENCE: Duration = Duration::from_secs(5);

const LARGEST_MESSAGE: usize = 4096;
