use std::{future::ready, time::Duration};

use axum::{
    Json,
    body::Bytes,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use groundcrew_base::parse_duration;
use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;

use crate::{Filter, Logging, RequestContext, TemporaryLevel};

/// A route that shows and changes what is logged, feature `axum`.
///
/// - `GET` answers `{"level":"info,sqlx=debug","changes":[{"target":"sqlx","level":"debug","ttl_seconds":599,"by":"..."}]}`:
///   the filter in force, and the temporary changes in it.
/// - `PUT` or `POST` of `{"level":"info,sqlx=warn"}` changes the filter until the next change or restart;
///   `{"target":"sqlx","level":"debug","ttl":"10m"}` the level of one target for a while; without `target` that of
///   all targets that have none of their own.
/// - `DELETE` goes back to what was configured.
///
/// All answer as `GET` does, and 400 with `{"error":"..."}` to what they cannot read. Whoever reaches the route can
/// make the service log much or nothing: **it has no protection of its own**, put it behind that of your other
/// administration.
///
/// # Examples
/// ```
/// use axum::Router;
/// use groundcrew_logging::{Format, Logging, LoggingConfig, level_route};
///
/// # let mut config = LoggingConfig::default();
/// # config.format = Format::Off;
/// # let (layer, logging) = Logging::builder().config(config).build::<tracing_subscriber::Registry>()?;
/// # drop(layer);
/// let admin: Router = Router::new().route("/admin/log-level", level_route(&logging));
/// # drop(admin);
/// # Ok::<(), groundcrew_logging::Error>(())
/// ```
pub fn level_route<S: Clone + Send + Sync + 'static>(logging: &Logging) -> MethodRouter<S> {
    let [shown, put, posted, reset] = std::array::from_fn(|_| logging.clone());
    get(move || ready(show(&shown)))
        .put(move |body: Bytes| ready(change(&put, &body)))
        .post(move |body: Bytes| ready(change(&posted, &body)))
        .delete(move || {
            reset.reset_levels_by(&who());
            ready(show(&reset))
        })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    level: String,
    target: Option<String>,
    ttl: Option<String>,
}

#[derive(Serialize)]
struct Shown {
    level: Filter,
    changes: Vec<ShownChange>,
}

#[derive(Serialize)]
struct ShownChange {
    target: String,
    level: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_seconds: Option<u64>,
    by: String,
}

#[derive(Serialize)]
struct Refused {
    error: String,
}

fn show(logging: &Logging) -> Response {
    Json(Shown {
        level: logging.filter(),
        changes: logging.temporary_levels().iter().map(ShownChange::from).collect(),
    })
    .into_response()
}

fn change(logging: &Logging, body: &[u8]) -> Response {
    match apply(logging, body) {
        Ok(()) => show(logging),
        Err(error) => (StatusCode::BAD_REQUEST, Json(Refused { error })).into_response(),
    }
}

fn apply(logging: &Logging, body: &[u8]) -> Result<(), String> {
    let Json(wanted) = Json::<Wanted>::from_bytes(body).map_err(|error| error.body_text())?;
    let Some(ttl) = &wanted.ttl else {
        if wanted.target.is_some() {
            return Err("a level for one target needs a ttl, such as 10m".to_owned());
        }
        let filter: Filter = wanted.level.parse().map_err(|error| format!("level: {error}"))?;
        logging.set_filter_by(filter, &who());
        return Ok(());
    };
    let ttl = parse_duration(ttl).map_err(|error| format!("ttl: {error}"))?;
    if ttl == Duration::ZERO {
        return Err("ttl: it must be longer than nothing".to_owned());
    }
    let level = single(&wanted.level)?;
    let target = wanted.target.as_deref().unwrap_or("*");
    let set = logging.set_level_for_by(target, level, ttl, &who());
    set.map(drop).map_err(|error| groundcrew_base::error_text(&error))
}

/// One level, without targets.
fn single(text: &str) -> Result<LevelFilter, String> {
    let level = text.trim().parse();
    let is_number = text.trim().bytes().all(|byte| byte.is_ascii_digit());
    level
        .ok()
        .filter(|_| !is_number)
        .ok_or_else(|| format!("level: {text:?} is none of error, warn, info, debug, trace, off"))
}

/// The request, for the line about the change.
fn who() -> String {
    let Some(request) = RequestContext::current() else {
        return "http".to_owned();
    };
    match request.client_ip() {
        Some(ip) => format!("http request {} from {ip}", request.request_id()),
        None => format!("http request {}", request.request_id()),
    }
}

impl From<&TemporaryLevel> for ShownChange {
    fn from(change: &TemporaryLevel) -> Self {
        Self {
            target: change.target().to_owned(),
            level: change.level().to_string(),
            ttl_seconds: change.remaining().map(|left| left.as_secs()),
            by: change.by().to_owned(),
        }
    }
}
