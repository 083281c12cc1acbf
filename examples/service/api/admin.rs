use std::net::SocketAddr;

use axum::{
    Json,
    extract::{ConnectInfo, Path, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use groundcrew::{
    backup::{Backup, BackupId, Entry, Ownership},
    base::Secret,
    logging::security_event,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Problem, Room, chat::bearer};
use crate::ledger::PlayerStats;

/// Who may use the admin endpoints: those who show the token or, without one, this machine.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    /// `ADMIN_TOKEN`.
    pub token: Option<Secret>,
}

pub(super) async fn guard(
    State(room): State<Room>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let allowed = match &room.admin.token {
        Some(token) => bearer(request.headers()).is_some_and(|shown| shown == *token),
        None => peer.ip().to_canonical().is_loopback() && !came_from_elsewhere(request.headers()),
    };
    if allowed {
        return next.run(request).await;
    }
    security_event!("admin access denied", peer = %peer.ip(), path = request.uri().path());
    Problem::new(StatusCode::UNAUTHORIZED, "the admin token is needed").into_response()
}

/// Whether a proxy passed the request on, or a page of a browser sent it.
fn came_from_elsewhere(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-real-ip", "origin"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

pub(super) async fn backups(State(room): State<Room>) -> Result<Json<Value>, Problem> {
    let entries = backup_of(&room)?.list().await?;
    let listed: Vec<Value> = entries.iter().map(shown).collect();
    Ok(Json(json!({ "backups": listed })))
}

fn shown(entry: &Entry) -> Value {
    match entry.manifest() {
        Some(backup) => json!({ "id": backup.id, "bytes": backup.stored_bytes(), "started": backup.started }),
        None => json!({ "id": entry.id(), "incomplete": true }),
    }
}

pub(super) async fn take_backup(State(room): State<Room>) -> Result<(StatusCode, Json<Value>), Problem> {
    let manifest = backup_of(&room)?.run().await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "id": manifest.id, "bytes": manifest.stored_bytes() })),
    ))
}

pub(super) async fn verify_backup(
    State(room): State<Room>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id: BackupId = id.parse()?;
    let verified = backup_of(&room)?.verify(&id).await?;
    Ok(Json(
        json!({ "id": verified.id, "storedBytes": verified.stored_bytes, "plainBytes": verified.plain_bytes }),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RestoreInto {
    database: String,
}

pub(super) async fn restore_backup(
    State(room): State<Room>,
    Path(id): Path<String>,
    Json(target): Json<RestoreInto>,
) -> Result<Json<Value>, Problem> {
    let id: BackupId = id.parse()?;
    let restored = backup_of(&room)?
        .restore(&id, &target.database, Ownership::Keep)
        .await?;
    Ok(Json(
        json!({ "database": restored.database, "rows": restored.rows }),
    ))
}

pub(super) async fn database_advice(State(room): State<Room>) -> Result<Json<Value>, Problem> {
    let db = room
        .db
        .as_ref()
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no database"))?;
    let plan = db.warm_up().await?;
    Ok(Json(
        json!({ "poolSize": plan.max, "why": plan.why, "warnings": plan.warnings }),
    ))
}

pub(super) async fn cache_stats(State(room): State<Room>) -> Json<Value> {
    let stats = room.cache.stats();
    Json(json!({ "hits": stats.hits(), "misses": stats.misses(), "hitRate": stats.hit_rate_percent() }))
}

/// Reads a player's statistics anew.
pub(super) async fn reload_stats(
    State(room): State<Room>,
    Path(player): Path<i64>,
) -> Result<Json<PlayerStats>, Problem> {
    let stats = room.ledger.stats(player).await?;
    room.stats.set(&player.to_string(), stats.clone()).await?;
    Ok(Json(stats))
}

pub(super) async fn forget_stats(
    State(room): State<Room>,
    Path(player): Path<i64>,
) -> Result<StatusCode, Problem> {
    room.stats.invalidate(&player.to_string()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn backup_of(room: &Room) -> Result<&Backup, Problem> {
    let none = || Problem::new(StatusCode::NOT_FOUND, "there is no database to back up");
    room.backup.as_ref().ok_or_else(none)
}
