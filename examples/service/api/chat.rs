use std::{error::Error as StdError, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Request, StatusCode, header},
};
use bytes::Bytes;
use groundcrew::{
    base::{ByteSize, Secret},
    connect::http::{HttpClient, Limits},
};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{Problem, Room};

/// Asks the AI upstream on behalf of players who show the token.
#[derive(Clone, Debug)]
pub(crate) struct Chat {
    /// Where the upstream takes messages, if there is one.
    pub upstream: Option<Url>,
    /// What carries the question.
    pub client: HttpClient,
}

/// A conversation so far.
#[derive(Debug, Deserialize)]
pub(super) struct Conversation {
    messages: Vec<Value>,
}

pub(super) async fn answer(
    State(room): State<Room>,
    headers: HeaderMap,
    Json(conversation): Json<Conversation>,
) -> Result<Json<Value>, Problem> {
    let token = bearer(&headers).and_then(|token| room.signer.verify(token.expose()));
    token.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "a player's bearer token is needed"))?;
    let upstream = room
        .chat
        .upstream
        .as_ref()
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no AI"))?;
    let body = json!({ "messages": conversation.messages }).to_string();
    let request = Request::post(upstream.as_str())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(body))
        .map_err(|_| bad_gateway())?;
    let answer = room.chat.client.send(request, LIMITS).await.map_err(|error| {
        tracing::warn!(error = &error as &dyn StdError, "the AI upstream failed");
        bad_gateway()
    })?;
    let content = serde_json::from_slice::<Value>(answer.body())
        .ok()
        .and_then(|body| body.get("content").cloned());
    match content {
        Some(content) if answer.status().is_success() => Ok(Json(json!({ "content": content }))),
        _ => Err(bad_gateway()),
    }
}

/// The token of `Authorization: Bearer ...`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(Secret::from)
}

fn bad_gateway() -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, "the AI upstream does not answer")
}

const LIMITS: Limits = Limits {
    deadline: Duration::from_secs(10),
    max_body: ByteSize::kib(256),
};
