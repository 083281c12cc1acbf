use axum::{Json, extract::State, http::StatusCode};

use super::{Problem, Room};
use crate::ledger::{CardTable, NewTable};

pub(super) async fn add(
    State(room): State<Room>,
    Json(table): Json<NewTable>,
) -> Result<(StatusCode, Json<CardTable>), Problem> {
    let table = room.ledger.add_table(table).await?;
    room.business.game_started("cash");
    Ok((StatusCode::CREATED, Json(table)))
}
