use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Path, Request, State, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::{get, get_service},
};
use bytes::Bytes;
use groundcrew_base::{Secret, Status};
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE},
};

use crate::{
    CheckReport, DetailsPolicy, Health, Report, Selection,
    asked::{Asked, Refusal},
    formats::{Format, json},
    question::Question,
    readiness::GATE,
    snapshot::Snapshot,
    verbose::Verbose,
    whole::Whole,
};

impl Health {
    /// The routes of the probes and of `/api/health`, for GET and HEAD.
    ///
    /// | route | 200 while | body |
    /// |---|---|---|
    /// | `/livez` | the runtime turns | `alive` |
    /// | `/livez/runtime` | the same | `ok` |
    /// | `/readyz` | the gate is open and no critical check is unhealthy or unknown | `ready` |
    /// | `/readyz/{check}` | the check is not unhealthy or unknown; for `gate`, the gate is open | `ok`; 404 for another name |
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
    /// | `exclude=NAME` | all but `/startupz` | leaves a check out, or `gate` of `/readyz`, or `runtime` of `/livez`; may be repeated; `?verbose` warns of one that is not there |
    /// | `tag=NAME` | `/readyz`, `/healthz`, `/api/health` | asks the checks with a [tag](crate::Registration::tag) alone; may be repeated; 404 for one that no check has |
    /// | `format=json`, `health+json`, `ui` | `/api/health`, `/healthz/{check}` | the contract, `application/health+json`, or what the UI of Xabaril polls; without it the `Accept` header decides |
    /// | `fresh=1` | the same, `/healthz` | waits for [new answers](Health::fresh); 403 to those who may not see details, and under [`DetailsPolicy::Always`] to those who neither ask from this machine nor have the token |
    ///
    /// More than 64 parameters are refused with 400, but never by `/livez` and `/startupz`, which read the first 64.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/livez", get(livez))
            .route("/livez/{part}", get(live_part))
            .route("/readyz", get(readyz))
            .route("/readyz/{check}", get(ready_check))
            .route("/startupz", get(startupz))
            .route("/healthz", get(healthz))
            .route("/healthz/{check}", get(check))
            .route("/api/health", get_service(Whole(self.clone())))
            .route("/api/health/history", get(history))
            .method_not_allowed_fallback(async || plain(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n"))
            .with_state(self.clone())
    }

    /// Whether this caller may see reasons and details.
    pub(crate) fn shows_details(&self, headers: &HeaderMap, extensions: &Extensions) -> bool {
        match self.config().details {
            DetailsPolicy::Never => false,
            DetailsPolicy::Always => true,
            DetailsPolicy::Loopback => is_near(headers, extensions),
            DetailsPolicy::Token => self.has_token(headers),
        }
    }

    /// Whether this caller may make checks run, which costs more than to read.
    pub(crate) fn allows_fresh(&self, headers: &HeaderMap, extensions: &Extensions) -> bool {
        match self.config().details {
            DetailsPolicy::Always => is_near(headers, extensions) || self.has_token(headers),
            _ => self.shows_details(headers, extensions),
        }
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = bearer
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| Secret::from(token.trim_start_matches(' ')));
        token.is_some_and(|token| !token.expose().is_empty() && self.config().details_token == Some(token))
    }
}

/// Whether somebody on this machine asks, and not for another.
fn is_near(headers: &HeaderMap, extensions: &Extensions) -> bool {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback())
        && !headers.keys().any(is_of_proxy)
}

/// The last part of a path; none if it is not UTF-8.
type CheckName = Result<Path<String>, PathRejection>;

fn known(name: CheckName) -> Result<String, Refusal> {
    let name = name.map(|Path(name)| name);
    name.map_err(|_| Refusal::UnknownCheck)
}

async fn livez(State(health): State<Health>, request: Request) -> Response {
    let question = Question::read(request.uri(), request.headers());
    let is_excluded = question.selection.leaves_out(RUNTIME);
    let stalled = stalled(&health).filter(|_| !is_excluded);
    if question.verbose {
        let mut lines = Verbose::new();
        if is_excluded {
            lines.excluded(RUNTIME);
        } else {
            lines.part(RUNTIME, stalled.as_deref());
        }
        lines.warn_of(question.selection.left_out().filter(|name| *name != RUNTIME));
        return verbose(lines, "livez");
    }
    match stalled {
        None => plain(StatusCode::OK, "alive\n"),
        Some(reason) => refuse(&reason),
    }
}

fn stalled(health: &Health) -> Option<String> {
    let seconds = health.liveness().err()?.as_secs_f64();
    Some(format!("the runtime has stalled for {seconds:.1} s"))
}

async fn live_part(State(health): State<Health>, name: CheckName) -> Result<Response, Refusal> {
    if known(name)? != RUNTIME {
        return Err(Refusal::UnknownCheck);
    }
    Ok(match stalled(&health) {
        None => plain(StatusCode::OK, "ok\n"),
        Some(reason) => refuse(&reason),
    })
}

async fn readyz(State(health): State<Health>, request: Request) -> Result<Response, Refusal> {
    let Asked {
        question, details, ..
    } = Asked::read(&health, &request)?.about_known_tags(&health)?;
    let ready = health.readiness_of(&question.selection);
    if question.verbose {
        return Ok(verbose(
            ready_lines(&health, &question.selection, details),
            "readyz",
        ));
    }
    Ok(match ready {
        Ok(()) => plain(StatusCode::OK, "ready\n"),
        Err(reason) => refuse(&format!("not ready: {reason}")),
    })
}

fn ready_lines(health: &Health, selection: &Selection, details: bool) -> Verbose {
    let report = health.report();
    let mut lines = Verbose::new();
    if selection.leaves_out(GATE) {
        lines.excluded(GATE);
    } else {
        lines.part(GATE, health.gate().err());
    }
    lines.checks(&report, selection, details);
    lines.warn_of(selection.unknown(&report).filter(|name| *name != GATE));
    lines
}

async fn ready_check(State(health): State<Health>, name: CheckName) -> Result<Response, Refusal> {
    let (name, report) = (known(name)?, health.report());
    let check = report.check(&name);
    if name == GATE
        && let Err(reason) = health.gate()
    {
        return Ok(refuse(&format!("not ready: {reason}")));
    }
    match check.map(CheckReport::status) {
        None if name != GATE => Err(Refusal::UnknownCheck),
        Some(status) if code(status) != StatusCode::OK => {
            Ok(refuse(&format!("not ready: {name} is {status}")))
        }
        _ => Ok(plain(StatusCode::OK, "ok\n")),
    }
}

async fn startupz(State(health): State<Health>, request: Request) -> Response {
    let started = health.has_started();
    if Question::read(request.uri(), request.headers()).verbose {
        let lines = if started {
            let mut lines = Verbose::new();
            lines.part("startup", None);
            lines
        } else {
            let details = health.shows_details(request.headers(), request.extensions());
            ready_lines(&health, &Selection::all(), details)
        };
        return verbose(lines, "startupz");
    }
    let ready = if started { Ok(()) } else { health.readiness() };
    match ready {
        Ok(()) => plain(StatusCode::OK, "started\n"),
        Err(reason) => refuse(&format!("starting: {reason}")),
    }
}

async fn healthz(State(health): State<Health>, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::read(&health, &request)?.about_known_tags(&health)?;
    let selection = &asked.question.selection;
    asked.freshen(&health, selection).await?;
    let report = health.report();
    if asked.question.verbose {
        let mut lines = Verbose::new();
        lines.checks(&report, selection, asked.details);
        lines.warn_of(selection.unknown(&report));
        return Ok(verbose(lines, "healthz"));
    }
    let status = status_of(&report, selection);
    Ok(plain(code(status), format!("{status}\n")))
}

async fn check(State(health): State<Health>, name: CheckName, request: Request) -> Result<Response, Refusal> {
    let name = known(name)?;
    let asked = Asked::read(&health, &request)?;
    let format = asked.format()?;
    health.report().check(&name).ok_or(Refusal::UnknownCheck)?;
    asked.freshen(&health, &Selection::one(&name)).await?;
    let report = health.report();
    let check = report.check(&name).ok_or(Refusal::UnknownCheck)?;
    let body = format.render_check(check, &report, asked.details);
    Ok(typed(check.status(), format.content_type(), body.into()))
}

/// Answers what has parameters.
pub(crate) fn api_health(health: Health, request: &Request) -> impl Future<Output = Response> + use<> {
    let asked = Asked::read(&health, request).and_then(|asked| asked.about_known_tags(&health));
    async move {
        match asked {
            Ok(asked) => asked_health(&health, &asked).await.into_response(),
            Err(refusal) => refusal.into_response(),
        }
    }
}

async fn asked_health(health: &Health, asked: &Asked) -> Result<Response, Refusal> {
    let (selection, format) = (&asked.question.selection, asked.format()?);
    asked.freshen(health, selection).await?;
    let snapshot = health.snapshot();
    if selection.is_all() {
        return Ok(whole(&snapshot, format, asked.details));
    }
    let report = snapshot.report.of(selection);
    let body = format.render(&report, asked.details).into();
    Ok(typed(report.status, format.content_type(), body))
}

pub(crate) fn whole(snapshot: &Snapshot, format: Format, details: bool) -> Response {
    let body = snapshot.body(format, details);
    typed(snapshot.report.status, format.content_type(), body)
}

async fn history(State(health): State<Health>, request: Request) -> Result<Response, Refusal> {
    if !health.shows_details(request.headers(), request.extensions()) {
        return Err(Refusal::History);
    }
    let kind = Format::Contract.content_type();
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
    plain(code, lines.finish(probe))
}

fn refuse(reason: &str) -> Response {
    plain(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n"))
}

pub(crate) fn plain(code: StatusCode, text: impl Into<Body>) -> Response {
    let kind = const { HeaderValue::from_static("text/plain; charset=utf-8") };
    respond(code, kind, text.into())
}

fn typed(status: Status, content_type: HeaderValue, body: Bytes) -> Response {
    respond(code(status), content_type, body.into())
}

/// By hand: it is all that a probe costs. Values are checked when this is compiled.
fn respond(code: StatusCode, content_type: HeaderValue, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, const { HeaderValue::from_static("no-store") });
    response
}

const fn code(status: Status) -> StatusCode {
    match status {
        Status::Healthy | Status::Degraded => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn is_of_proxy(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("x-forwarded-") || PROXIES.contains(&name)
}

/// What else proxies add.
const PROXIES: [&str; 10] = [
    "cf-connecting-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded",
    "true-client-ip",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-real-ip",
];

/// The part of `/livez`.
const RUNTIME: &str = "runtime";
