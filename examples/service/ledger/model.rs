use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize, Serializer};

/// A player to come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPlayer {
    pub name: String,
    #[serde(default = "beginner")]
    pub rating: i32,
}

/// A player.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Player {
    pub id: i64,
    pub name: String,
    pub rating: i32,
    #[serde(serialize_with = "unix_seconds")]
    pub created_at: SystemTime,
}

/// A table to come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewTable {
    pub name: String,
    pub small_blind: i64,
    pub big_blind: i64,
}

/// A table.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CardTable {
    pub id: i64,
    pub name: String,
    pub small_blind: i64,
    pub big_blind: i64,
}

/// Something a player does in a hand.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAction {
    pub hand: i64,
    pub player: i64,
    pub kind: String,
    #[serde(default)]
    pub amount: i64,
}

/// Something a player did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Action {
    pub id: i64,
    #[serde(flatten)]
    pub action: NewAction,
}

/// What a player has done in sum.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct PlayerStats {
    pub hands: i64,
    pub actions: i64,
    pub wagered: i64,
}

/// Part of a list, and where the next part begins.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// Which part of a list, in which order.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// Conditions, such as `rating[gte]=1500`.
    pub filter: Vec<(String, String)>,
    pub sort: Option<String>,
    pub limit: u32,
    /// Where the part before ended.
    pub after: Option<String>,
}

impl Query {
    /// Reads a query string: `sort`, `limit` and `after` are ours, everything else is a condition.
    pub(crate) fn from_pairs(pairs: Vec<(String, String)>) -> Result<Self, String> {
        let mut query = Self {
            limit: 100,
            ..Self::default()
        };
        for (name, value) in pairs {
            match name.as_str() {
                "sort" => query.sort = Some(value),
                "after" => query.after = Some(value),
                "limit" => query.limit = value.parse().map_err(|_| "limit is a whole number".to_owned())?,
                _ => query.filter.push((name, value)),
            }
        }
        Ok(query)
    }
}

fn beginner() -> i32 {
    1500
}

fn unix_seconds<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}
