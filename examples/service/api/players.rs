use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Serialize;

use super::{Problem, Room};
use crate::ledger::{self, NewPlayer, Page, Player, PlayerStats};

pub(super) async fn add(
    State(room): State<Room>,
    Json(player): Json<NewPlayer>,
) -> Result<(StatusCode, Json<Welcome>), Problem> {
    let player = room.ledger.add_player(player).await?;
    room.business.user_registered();
    let token = room.signer.sign(player.id);
    Ok((StatusCode::CREATED, Json(Welcome { player, token })))
}

/// A new player, and the token that shows who it is.
#[derive(Debug, Serialize)]
pub(super) struct Welcome {
    #[serde(flatten)]
    player: Player,
    token: Option<String>,
}

pub(super) async fn list(
    State(room): State<Room>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<Page<Player>>, Problem> {
    let query =
        ledger::Query::from_pairs(pairs).map_err(|text| Problem::new(StatusCode::BAD_REQUEST, text))?;
    Ok(Json(room.ledger.players(query).await?))
}

/// The header `x-cache` says whether the answer came from the cache.
pub(super) async fn stats(
    State(room): State<Room>,
    Path(player): Path<i64>,
) -> Result<([(&'static str, &'static str); 1], Json<PlayerStats>), Problem> {
    let loaded = Arc::new(AtomicBool::new(false));
    let load = {
        let (ledger, loaded) = (Arc::clone(&room.ledger), Arc::clone(&loaded));
        move || async move {
            loaded.store(true, Ordering::Relaxed);
            ledger.stats(player).await
        }
    };
    let stats = room.stats.get_or_load(&player.to_string(), load).await?;
    let source = if loaded.load(Ordering::Relaxed) {
        "miss"
    } else {
        "hit"
    };
    Ok(([("x-cache", source)], Json(PlayerStats::clone(&stats))))
}
