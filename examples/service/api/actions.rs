use std::{collections::BTreeSet, error::Error as StdError};

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde_json::{Value, json};

use super::{Problem, Room};
use crate::ledger::{self, Action, NewAction, Page};

/// Records the actions, tells the feed, and forgets the statistics they change.
pub(super) async fn record(
    State(room): State<Room>,
    Path(table): Path<i64>,
    Json(actions): Json<Vec<NewAction>>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let players: BTreeSet<i64> = actions.iter().map(|action| action.player).collect();
    let recorded = room.ledger.record(table, actions.clone()).await?;
    room.hands.follow(table, &actions);
    for player in players {
        if let Err(error) = room.stats.invalidate(&player.to_string()).await {
            // Redis was not told: its copy expires by itself.
            tracing::warn!(error = &error as &dyn StdError, player, "statistics may be stale");
        }
    }
    room.feed
        .publish(&json!({ "type": "actions", "table": table, "recorded": recorded }));
    Ok((StatusCode::CREATED, Json(json!({ "recorded": recorded }))))
}

pub(super) async fn list(
    State(room): State<Room>,
    Path(table): Path<i64>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<Page<Action>>, Problem> {
    let query =
        ledger::Query::from_pairs(pairs).map_err(|text| Problem::new(StatusCode::BAD_REQUEST, text))?;
    Ok(Json(room.ledger.actions(table, query).await?))
}
