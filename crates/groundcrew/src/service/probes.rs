use std::{
    convert::Infallible,
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, RwLock},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::future::RouteFuture,
};
use groundcrew_base::ShutdownReport;
use groundcrew_health::{Health, ProbeListener};
use tower_service::Service;

use super::ServiceError;

/// The listener of the probes, open from the first moment: whoever watches a start that takes long sees that it lives.
pub(super) struct Probes {
    listener: ProbeListener,
    routes: Routes,
    health: Mutex<Health>,
}

impl Probes {
    /// Answers for a service whose parts are still being made: `health` knows the runtime and the phase, and no check.
    pub(super) fn open(address: SocketAddr, health: Health, metrics: Router) -> Result<Self, ServiceError> {
        let starting = health.router().merge(metrics).layer(from_fn(only_what_is_known));
        let routes = Routes(Arc::new(RwLock::new(starting.with_state(()))));
        let listener = ProbeListener::bind(address, Router::new().fallback_service(routes.clone()))?;
        Ok(Self {
            listener,
            routes,
            health: Mutex::new(health),
        })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Answers with all that there is to know from now on.
    pub(super) async fn serve(&self, health: Health, router: Router) {
        *self.routes.0.write().unwrap_or_else(PoisonError::into_inner) = router.with_state(());
        let starting = std::mem::replace(&mut *self.current(), health);
        let report = starting.shutdown(GOODBYE).await;
        tracing::debug!(target: super::TARGET, %report, "every check is asked now");
    }

    pub(super) async fn close(&self, deadline: Duration) -> ShutdownReport {
        let health = self.current().clone();
        let closed = self.listener.shutdown(deadline / 2).await;
        let ended = health.shutdown(deadline / 2).await;
        if closed.is_clean() { ended } else { closed }
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Probes").field(&self.listener).finish()
    }
}

/// The routes of now.
#[derive(Clone)]
struct Routes(Arc<RwLock<Router>>);

impl Service<Request> for Routes {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let mut router = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        router.call(request)
    }
}

/// A service of which no check is known yet is not healthy, nor is a check that may come unknown to it.
async fn only_what_is_known(request: Request, next: Next) -> Response {
    let (path, query) = (request.uri().path(), request.uri().query());
    // What is left out, or asked for alone, may be what is not known.
    let is_about_all = query.is_none_or(|query| query.starts_with("verbose") && !query.contains('&'));
    let is_known = path.starts_with("/livez") || path == "/metrics" || (GATE.contains(&path) && is_about_all);
    if is_known {
        next.run(request).await
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting\n").into_response()
    }
}

/// What the gate answers, which refuses.
const GATE: [&str; 3] = ["/readyz", "/readyz/gate", "/startupz"];

/// It has no check to wait for.
const GOODBYE: Duration = Duration::from_secs(1);
