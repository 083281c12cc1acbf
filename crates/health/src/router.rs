use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, Path, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use groundcrew_base::{Secret, Status};
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, FORWARDED},
};

use crate::{
    DetailsPolicy, Health, Report, Selection,
    formats::json,
    question::{Question, UnknownFormat},
    verbose::Verbose,
};

impl Health {
    /// The routes of the probes and of `/api/health`, for GET and HEAD.
    ///
    /// | route | 200 while | body |
    /// |---|---|---|
    /// | `/livez` | the runtime turns | `alive` |
    /// | `/readyz` | the gate is open and no critical check is unhealthy or unknown | `ready` |
    /// | `/readyz/{check}` | the check is not unhealthy or unknown | `ok`; 404 for another name |
    /// | `/startupz` | that of `/readyz` has been so once | `started` |
    /// | `/healthz` | the service is not unhealthy | the status |
    /// | `/healthz/{check}` | the check is not unhealthy or unknown | JSON; 404 for another name |
    /// | `/api/health` | the service is not unhealthy | JSON of the [`Report`] |
    /// | `/api/health/history` | always, to those who may see details | JSON of [`Health::history`] |
    ///
    /// Everything else is 503 with the reason. Answers are never cached. Mount it outside of
    /// authentication, rate limits and request logs.
    ///
    /// | parameter | of | what it does |
    /// |---|---|---|
    /// | `verbose` | the probes | a line for each check, in the text of Kubernetes' own servers |
    /// | `exclude=NAME` | all but `/livez` and `/startupz` | leaves a check out; may be repeated |
    /// | `tag=NAME` | the same | asks the checks with a [tag](crate::Registration::tag) alone; may be repeated |
    /// | `format=json`, `health+json`, `ui` | `/api/health`, `/healthz/{check}` | the contract, `application/health+json`, or what HealthChecks UI polls; without it the `Accept` header decides |
    /// | `fresh=1` | the same | waits for [new answers](Health::fresh); 403 to those who may not see details |
    pub fn router(&self) -> Router {
        Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/readyz/{check}", get(ready_check))
            .route("/startupz", get(startupz))
            .route("/healthz", get(healthz))
            .route("/healthz/{check}", get(check))
            .route("/api/health", get(api_health))
            .route("/api/health/history", get(history))
            .layer(middleware::from_fn(never_cached))
            .with_state(self.clone())
    }

    /// Whether this caller may see reasons and details.
    fn shows_details(&self, headers: &HeaderMap, extensions: &Extensions) -> bool {
        match self.config().details {
            DetailsPolicy::Never => false,
            DetailsPolicy::Always => true,
            DetailsPolicy::Loopback => {
                let peer = extensions.get::<ConnectInfo<SocketAddr>>();
                let proxied = PROXY_HEADERS.iter().any(|name| headers.contains_key(name));
                peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback()) && !proxied
            }
            DetailsPolicy::Token => {
                let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
                let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
                token.is_some_and(|token| self.config().details_token == Some(Secret::from(token)))
            }
        }
    }
}

/// Why a request has no answer.
enum Refusal {
    UnknownFormat,
    UnknownCheck,
    Fresh,
    History,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (code, text) = match self {
            Self::UnknownFormat => (
                StatusCode::BAD_REQUEST,
                "no such format: expected json, health+json or ui\n",
            ),
            Self::UnknownCheck => (StatusCode::NOT_FOUND, "no such check\n"),
            Self::Fresh => (
                StatusCode::FORBIDDEN,
                "fresh answers are for those who may see details\n",
            ),
            Self::History => (
                StatusCode::FORBIDDEN,
                "the history is for those who may see details\n",
            ),
        };
        (code, text).into_response()
    }
}

/// A request that was understood.
struct Asked {
    question: Question,
    details: bool,
}

impl Asked {
    fn read(health: &Health, request: &Request) -> Result<Self, Refusal> {
        let question = Question::read(request.uri(), request.headers());
        let question = question.map_err(|UnknownFormat| Refusal::UnknownFormat)?;
        Ok(Self {
            question,
            details: health.shows_details(request.headers(), request.extensions()),
        })
    }

    /// Waits for new answers, if they are asked for by one who may.
    async fn freshen(&self, health: &Health, selection: &Selection) -> Result<(), Refusal> {
        if !self.question.fresh {
            return Ok(());
        }
        if !self.details {
            return Err(Refusal::Fresh);
        }
        health.fresh(selection).await;
        Ok(())
    }
}

async fn never_cached(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}

async fn livez(State(health): State<Health>, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::read(&health, &request)?;
    let stalled = health.liveness().err().map(|stalled| {
        let seconds = stalled.as_secs_f64();
        format!("the runtime has stalled for {seconds:.1} s")
    });
    if asked.question.verbose {
        let mut lines = Verbose::new();
        lines.part("runtime", stalled.as_deref());
        return Ok(verbose(lines, "livez"));
    }
    Ok(match stalled {
        None => "alive\n".into_response(),
        Some(reason) => refuse(&reason),
    })
}

async fn readyz(State(health): State<Health>, request: Request) -> Result<Response, Refusal> {
    let Asked { question, details } = Asked::read(&health, &request)?;
    let ready = health.readiness_of(&question.selection);
    if question.verbose {
        return Ok(verbose(
            ready_lines(&health, &question.selection, details),
            "readyz",
        ));
    }
    Ok(match ready {
        Ok(()) => "ready\n".into_response(),
        Err(reason) => refuse(&format!("not ready: {reason}")),
    })
}

fn ready_lines(health: &Health, selection: &Selection, details: bool) -> Verbose {
    let report = health.report();
    let mut lines = Verbose::new();
    lines.part("gate", health.gate().err());
    lines.checks(&report, selection, details);
    lines.warn_of_unknown(&report, selection);
    lines
}

async fn ready_check(State(health): State<Health>, Path(name): Path<String>) -> Result<Response, Refusal> {
    let report = health.report();
    let check = report.check(&name).ok_or(Refusal::UnknownCheck)?;
    Ok(if code(check.status()) == StatusCode::OK {
        "ok\n".into_response()
    } else {
        refuse(&format!("not ready: {} is {}", check.name, check.status()))
    })
}

async fn startupz(State(health): State<Health>, request: Request) -> Result<Response, Refusal> {
    let Asked { question, details } = Asked::read(&health, &request)?;
    let started = health.has_started();
    if question.verbose {
        let lines = if started {
            let mut lines = Verbose::new();
            lines.part("startup", None);
            lines
        } else {
            ready_lines(&health, &Selection::all(), details)
        };
        return Ok(verbose(lines, "startupz"));
    }
    let ready = if started { Ok(()) } else { health.readiness() };
    Ok(match ready {
        Ok(()) => "started\n".into_response(),
        Err(reason) => refuse(&format!("starting: {reason}")),
    })
}

async fn healthz(State(health): State<Health>, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::read(&health, &request)?;
    let selection = &asked.question.selection;
    asked.freshen(&health, selection).await?;
    let report = health.report();
    if asked.question.verbose {
        let mut lines = Verbose::new();
        lines.checks(&report, selection, asked.details);
        lines.warn_of_unknown(&report, selection);
        return Ok(verbose(lines, "healthz"));
    }
    let status = status_of(&report, selection);
    Ok((code(status), format!("{status}\n")).into_response())
}

async fn check(
    State(health): State<Health>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let asked = Asked::read(&health, &request)?;
    health.report().check(&name).ok_or(Refusal::UnknownCheck)?;
    asked.freshen(&health, &Selection::one(&name)).await?;
    let (report, format) = (health.report(), asked.question.format);
    let check = report.check(&name).ok_or(Refusal::UnknownCheck)?;
    let body = format.render_check(check, &report, asked.details);
    Ok(typed(check.status(), format.content_type(), body.into()))
}

async fn api_health(State(health): State<Health>, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::read(&health, &request)?;
    let (selection, format) = (&asked.question.selection, asked.question.format);
    asked.freshen(&health, selection).await?;
    let snapshot = health.snapshot();
    if selection.is_all() {
        let body = snapshot.body(format, asked.details);
        return Ok(typed(snapshot.report.status, format.content_type(), body));
    }
    let report = snapshot.report.of(selection);
    let body = format.render(&report, asked.details).into();
    Ok(typed(report.status, format.content_type(), body))
}

async fn history(State(health): State<Health>, request: Request) -> Result<Response, Refusal> {
    if !health.shows_details(request.headers(), request.extensions()) {
        return Err(Refusal::History);
    }
    let kind = HeaderValue::from_static("application/json");
    Ok(typed(Status::Healthy, kind, json(&health.history()).into()))
}

fn status_of(report: &Report, selection: &Selection) -> Status {
    if selection.is_all() {
        report.status
    } else {
        report.of(selection).status
    }
}

fn verbose(lines: Verbose, probe: &str) -> Response {
    let code = if lines.passed() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (code, lines.finish(probe)).into_response()
}

fn typed(status: Status, content_type: HeaderValue, body: Bytes) -> Response {
    (code(status), [(CONTENT_TYPE, content_type)], body).into_response()
}

fn refuse(reason: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response()
}

const fn code(status: Status) -> StatusCode {
    match status {
        Status::Healthy | Status::Degraded => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

const PROXY_HEADERS: [HeaderName; 3] = [
    FORWARDED,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
];
