//! What every request passes through before it reaches the card room.

use std::{any::Any, num::NonZeroU32, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
};
use groundcrew::{connect::redis::RedisUrl, logging::RequestLog};
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, cors::CorsLayer,
    limit::RequestBodyLimitLayer, set_header::SetResponseHeaderLayer,
};

use crate::{api::Problem, limiter::Limiter, settings::Settings};

/// Puts the layers around the routes, the outermost last.
pub(crate) fn around(routes: Router, settings: &Settings, limiter: Option<Limiter>) -> Router {
    let most = usize::try_from(settings.max_payload_size.bytes()).unwrap_or(usize::MAX);
    let mut app = routes
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(most))
        .layer(middleware::map_response(hang_up_on_the_oversized));
    if settings.compression_enabled {
        app = app.layer(CompressionLayer::new());
    }
    if let Some(limiter) = limiter {
        app = app.layer(middleware::from_fn_with_state(limiter, crate::limiter::limit));
    }
    app = app.layer(cors(settings));
    for (name, value) in SECURITY_HEADERS {
        let name = HeaderName::from_static(name);
        app = app.layer(SetResponseHeaderLayer::if_not_present(
            name,
            HeaderValue::from_static(value),
        ));
    }
    app.layer(CatchPanicLayer::custom(panicked))
        .layer(RequestLog::new().quiet(PROBES))
}

/// The limiter that the settings ask for.
pub(crate) fn limiter(
    settings: &Settings,
    redis: Option<&RedisUrl>,
) -> Result<Option<Limiter>, Box<dyn std::error::Error>> {
    let Some(most) =
        NonZeroU32::new(settings.rate_limit_max_requests).filter(|_| settings.rate_limit_enabled)
    else {
        return Ok(None);
    };
    Limiter::new(
        settings.rate_limit_window,
        most,
        &settings.cache.redis_key_prefix,
        redis,
    )
    .map(Some)
}

fn cors(settings: &Settings) -> CorsLayer {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .max_age(Duration::from_hours(1));
    match &settings.cors_origins {
        None => layer.allow_origin(tower_http::cors::Any),
        Some(origins) => {
            let origins = origins.iter().map(|origin| origin.origin().ascii_serialization());
            layer.allow_origin(
                origins
                    .filter_map(|origin| HeaderValue::try_from(origin).ok())
                    .collect::<Vec<_>>(),
            )
        }
    }
}

/// What is left of the body is not read, so the connection cannot carry another request: the client is told.
async fn hang_up_on_the_oversized(mut response: Response) -> Response {
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// The panic hook has logged it already.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response()
}

/// What is asked every few seconds by machines.
const PROBES: [&str; 5] = ["/livez", "/readyz", "/startupz", "/healthz", "/metrics"];

/// Those of the deployment guide, without `unsafe-eval`, which nothing here needs, and with the old
/// X-XSS-Protection switched off, as it opens holes in the browsers that still know it.
const SECURITY_HEADERS: [(&str, &str); 6] = [
    (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains; preload",
    ),
    (
        "content-security-policy",
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("x-xss-protection", "0"),
];
