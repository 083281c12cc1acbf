//! Puts the card room together from what there is.

use std::{error::Error as StdError, sync::Arc};

use axum::Router;
use groundcrew::{
    Service,
    backup::Backup,
    cache::Cache,
    connect::{http::HttpClient, redis::RedisUrl},
    dbopt::{Db, DbConfig},
    metrics::{BusinessMetrics, GameMetrics, Metrics as _, WebSocketMetrics},
};
use url::Url;

use crate::{
    api::{Admin, Chat, Feed, Room, Shared},
    checks,
    hands::{Hands, TableMetrics},
    layers,
    ledger::{Ledger, MemoryLedger, PlayerStats, PostgresLedger},
    settings::Settings,
    stubs,
    surroundings::Surroundings,
    token::Signer,
};

/// A card room whose doors are about to open.
pub(crate) struct Opened {
    pub router: Router,
    /// The ledger whose tables may have to be made.
    pub ledger: Option<Arc<PostgresLedger>>,
}

/// Makes every part and adds it to the service.
pub(crate) async fn open(
    service: &mut Service,
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<Opened, Box<dyn StdError>> {
    let games = GameMetrics::register(service.registry())?;
    let business = BusinessMetrics::register(service.registry())?;
    let tables = TableMetrics::register(service.registry())?;
    let feed = Feed::new(
        settings.ws_max_connections,
        WebSocketMetrics::register(service.registry())?,
        games.clone(),
    );
    let stubs = stand_ins(service, settings).await?;
    let db = surroundings
        .database
        .as_ref()
        .map(|config| database(service, config))
        .transpose()?;
    let ledger = db.clone().map(PostgresLedger::new).transpose()?.map(Arc::new);
    let redis = redis_url(settings, surroundings)?;
    let cache = cache(service, settings, surroundings, redis.clone()).await?;
    let backup = backups(service, settings, surroundings, db.as_ref())?;
    checks::register(service, settings, stubs.as_ref(), &feed)?;
    let limiter = layers::limiter(settings, redis.as_ref())?;
    if let Some(limiter) = limiter.clone() {
        service
            .lifecycle()
            .on_stop("limiter", async move |deadline| limiter.close(deadline).await);
    }
    let room = Room::new(Shared {
        ledger: books(ledger.as_ref()),
        stats: cache.space::<PlayerStats>("stats"),
        cache,
        db,
        backup,
        feed,
        chat: chat(settings, stubs.as_ref())?,
        signer: Signer::new(settings.auth_secret.clone()),
        admin: Admin {
            token: settings.admin_token.clone(),
        },
        hands: Hands::new(games, business.clone(), tables),
        business,
        lifecycle: service.lifecycle().clone(),
        logging: service.logging().clone(),
        surroundings: surroundings.lines.clone(),
    });
    Ok(Opened {
        router: layers::around(room.router(), settings, limiter),
        ledger,
    })
}

fn books(postgres: Option<&Arc<PostgresLedger>>) -> Arc<dyn Ledger> {
    match postgres {
        Some(ledger) => Arc::clone(ledger) as Arc<dyn Ledger>,
        None => Arc::new(MemoryLedger::default()),
    }
}

/// In development, and where not every provider is named, stand-ins answer.
async fn stand_ins(service: &Service, settings: &Settings) -> Result<Option<Url>, Box<dyn StdError>> {
    let named = [
        &settings.ai_api_url,
        &settings.email_api_url,
        &settings.payment_api_url,
    ];
    if settings.service.environment.is_production() || named.iter().all(|url| url.is_some()) {
        return Ok(None);
    }
    Ok(Some(stubs::start(service.lifecycle()).await?))
}

fn database(service: &mut Service, config: &DbConfig) -> Result<Db, Box<dyn StdError>> {
    let db = Db::from_config(config.clone()).build()?;
    service.database(&db)?;
    Ok(db)
}

fn redis_url(
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<Option<RedisUrl>, Box<dyn StdError>> {
    let Some(text) = surroundings.redis.as_ref().filter(|_| settings.cache.enabled) else {
        return Ok(None);
    };
    let mut url: RedisUrl = text.expose().parse()?;
    if settings.cache.redis_cluster_enabled {
        url = url.with_cluster(true)?;
    }
    if let Some(password) = settings.cache.redis_password.clone() {
        url = url.with_password(password);
    }
    Ok(Some(url))
}

async fn cache(
    service: &mut Service,
    settings: &Settings,
    surroundings: &Surroundings,
    redis: Option<RedisUrl>,
) -> Result<Cache, Box<dyn StdError>> {
    let mut config = settings.cache.clone();
    config.redis_url = surroundings.redis.clone();
    let cache = Cache::builder().config(config).build().await?;
    service.cache(&cache, redis)?;
    Ok(cache)
}

fn backups(
    service: &mut Service,
    settings: &Settings,
    surroundings: &Surroundings,
    db: Option<&Db>,
) -> Result<Option<Backup>, Box<dyn StdError>> {
    let (Some(db), Some(storage)) = (db, &surroundings.storage) else {
        return Ok(None);
    };
    let backup = Backup::builder_for(db.url().clone(), Arc::clone(storage))
        .config(settings.backup.clone())
        .build()?;
    service.backup(&backup)?;
    Ok(Some(backup))
}

fn chat(settings: &Settings, stubs: Option<&Url>) -> Result<Chat, Box<dyn StdError>> {
    let stub = || stubs.and_then(|base| base.join("ai/messages").ok());
    Ok(Chat {
        upstream: settings.ai_api_url.clone().or_else(stub),
        client: HttpClient::new()?,
    })
}
