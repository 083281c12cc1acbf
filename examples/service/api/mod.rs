//! The card room over HTTP.

mod actions;
mod admin;
mod chat;
mod feed;
mod players;
mod problem;
mod start_page;
mod tables;

use std::{ops::Deref, sync::Arc};

use axum::{
    Router, middleware,
    routing::{get, post, put},
};
use groundcrew::{
    backup::Backup,
    cache::{Cache, Space},
    dbopt::Db,
    lifecycle::Lifecycle,
    logging::{Logging, level_route},
    metrics::BusinessMetrics,
};

use crate::{
    hands::Hands,
    ledger::{Ledger, PlayerStats},
    token::Signer,
};

pub(crate) use admin::Admin;
pub(crate) use chat::Chat;
pub(crate) use feed::Feed;
pub(crate) use problem::Problem;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Room(Arc<Shared>);

/// The parts of a [`Room`].
pub(crate) struct Shared {
    pub ledger: Arc<dyn Ledger>,
    pub stats: Space<PlayerStats>,
    pub cache: Cache,
    pub db: Option<Db>,
    pub backup: Option<Backup>,
    pub feed: Feed,
    pub hands: Hands,
    pub chat: Chat,
    pub signer: Signer,
    pub admin: Admin,
    pub business: BusinessMetrics,
    pub lifecycle: Lifecycle,
    pub logging: Logging,
    /// What the service runs on, for the start page.
    pub surroundings: Vec<String>,
}

impl Room {
    /// Gathers the parts.
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Every route of the card room, without those of the service around it.
    pub(crate) fn router(self) -> Router {
        let admin = Router::new()
            .route("/log-level", level_route(&self.logging))
            .route("/backups", get(admin::backups).post(admin::take_backup))
            .route("/backups/{id}/verify", post(admin::verify_backup))
            .route("/backups/{id}/restore", post(admin::restore_backup))
            .route("/database/advice", get(admin::database_advice))
            .route("/cache", get(admin::cache_stats))
            .route(
                "/cache/{player}",
                put(admin::reload_stats).delete(admin::forget_stats),
            )
            .route_layer(middleware::from_fn_with_state(self.clone(), admin::guard));
        Router::new()
            .route("/", get(start_page::show))
            .route("/api/players", get(players::list).post(players::add))
            .route("/api/players/{id}/stats", get(players::stats))
            .route("/api/tables", post(tables::add))
            .route(
                "/api/tables/{id}/actions",
                get(actions::list).post(actions::record),
            )
            .route("/api/chat", post(chat::answer))
            .route("/ws", get(feed::subscribe))
            .nest("/admin", admin)
            .with_state(self)
    }
}

impl Deref for Room {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
