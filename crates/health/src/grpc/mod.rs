//! The health service of gRPC, `grpc.health.v1`.

mod messages;
mod watch;

use std::{
    collections::BTreeMap,
    future::{Ready, ready},
    sync::Arc,
};

use axum::{Router, body::Body, extract::Request, response::Response, routing::post};
use groundcrew_base::Status;
use tonic::server::{Grpc, ServerStreamingService, UnaryService};
use tonic_prost::ProstCodec;

use self::{
    messages::{
        HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse, ServingStatus,
    },
    watch::Watch,
};
use crate::{Health, Report, Selection, TARGET};

impl Health {
    /// The health service of gRPC (`grpc.health.v1.Health`: `Check`, `List` and `Watch`) as routes for a server that speaks
    /// HTTP/2, such as [`ProbeListener`](crate::ProbeListener) with the feature `grpc`.
    ///
    /// | service asked for | `SERVING` while |
    /// |---|---|
    /// | `""`, `readiness` | `/readyz` is 200 |
    /// | `liveness` | `/livez` is 200 |
    /// | `startup` | `/startupz` is 200 |
    /// | name of a check | the check is healthy or degraded; `UNKNOWN` while nothing is known |
    /// | name of a tag | no check of the tag makes its group unhealthy |
    ///
    /// Of several of one name the upper one answers: a check or a tag that is called `readiness`, `liveness`, `startup` or like a service
    /// of [`grpc_router_for`](Self::grpc_router_for), and a tag that is called like a check without it, cannot be asked for. The log is
    /// warned of them when the router is made.
    ///
    /// Any other is `NOT_FOUND`, and `SERVICE_UNKNOWN` to `Watch`, which tells the present status and then each change. Once a
    /// service that has been ready closes its gate, to drain, or at [`shutdown`](Self::shutdown), the watches of it tell
    /// `NOT_SERVING` and end.
    ///
    /// Merge it with [`router`](Self::router), or into the routes of a tonic server.
    pub fn grpc_router(&self) -> Router {
        self.grpc_router_for([""; 0])
    }

    /// Like [`grpc_router`](Self::grpc_router), for a server whose own services can be asked for too: `shop.v1.Orders` is
    /// `SERVING` while the whole is ready.
    pub fn grpc_router_for<S: Into<String>>(&self, services: impl IntoIterator<Item = S>) -> Router {
        let services = Services {
            health: self.clone(),
            own: services.into_iter().map(Into::into).collect(),
        };
        services.warn_of_shadows();
        let (check, list, watch) = (services.clone(), services.clone(), services);
        Router::new()
            .route(
                "/grpc.health.v1.Health/Check",
                post(move |request: Request| answer_one(Check(check), request)),
            )
            .route(
                "/grpc.health.v1.Health/List",
                post(move |request: Request| answer_one(Lists(list), request)),
            )
            .route(
                "/grpc.health.v1.Health/Watch",
                post(async move |request: Request| {
                    let mut grpc = Grpc::new(ProstCodec::default());
                    shown(grpc.server_streaming(Watches(watch), request).await)
                }),
            )
    }
}

/// The services that can be asked for.
#[derive(Clone)]
struct Services {
    health: Health,
    own: Arc<[String]>,
}

impl Services {
    /// `None` if there is none of that name.
    fn serving(&self, service: &str) -> Option<ServingStatus> {
        let is = |ok: bool| {
            if ok {
                ServingStatus::Serving
            } else {
                ServingStatus::NotServing
            }
        };
        match service {
            "" | READINESS => return Some(is(self.is_ready())),
            LIVENESS => return Some(is(self.health.liveness().is_ok())),
            STARTUP => return Some(is(self.health.has_started())),
            own if self.own.iter().any(|known| *known == *own) => return Some(is(self.is_ready())),
            _ => {}
        }
        let report = self.health.report();
        if let Some(check) = report.check(service) {
            return Some(serving(check.status()));
        }
        tags(&report)
            .any(|tag| tag == service)
            .then(|| serving(report.of(&Selection::all().tag(service)).status))
    }

    /// Tells of whoever cannot be asked for, because another of its name answers.
    fn warn_of_shadows(&self) {
        let report = self.health.report();
        let checks = report.checks.iter().map(|check| ("check", &*check.name));
        let mut names: Vec<_> = checks.chain(tags(&report).map(|tag| ("tag", tag))).collect();
        names.sort_unstable();
        names.dedup();
        for (kind, name) in names {
            let is_shadowed = [READINESS, LIVENESS, STARTUP].contains(&name)
                || self.own.iter().any(|own| own == name)
                || (kind == "tag" && is_another(&report, name));
            if is_shadowed {
                tracing::warn!(
                    target: TARGET, kind, name,
                    "it cannot be asked for by gRPC: another of its name answers"
                );
            }
        }
    }

    fn is_ready(&self) -> bool {
        !self.health.has_ended() && self.health.readiness().is_ok()
    }

    /// Whether `service` will not serve again: whoever watches it need not keep the server from ending.
    fn is_over(&self, service: &str) -> bool {
        let follows_gate = matches!(service, "" | READINESS) || self.own.iter().any(|known| known == service);
        let drains = || self.health.has_started() && self.health.gate().is_err();
        self.health.has_ended() || (follows_gate && drains())
    }

    fn all(&self) -> BTreeMap<String, HealthCheckResponse> {
        let report = self.health.report();
        let probes = ["", LIVENESS, READINESS, STARTUP].into_iter();
        let own = self.own.iter().map(String::as_str);
        let checks = report.checks.iter().map(|check| &*check.name);
        let names = probes.chain(own).chain(checks).chain(tags(&report));
        names
            .filter_map(|name| Some((name.to_owned(), HealthCheckResponse::of(self.serving(name)?))))
            .collect()
    }
}

fn tags(report: &Report) -> impl Iterator<Item = &str> {
    report
        .checks
        .iter()
        .flat_map(|check| check.tags.iter())
        .map(|tag| &**tag)
}

/// Whether a check has the name of the tag, to which others belong.
fn is_another(report: &Report, tag: &str) -> bool {
    let mut others = report.checks.iter().filter(|check| *check.name != *tag);
    report.check(tag).is_some() && others.any(|other| other.tags.iter().any(|known| **known == *tag))
}

const fn serving(status: Status) -> ServingStatus {
    match status {
        Status::Healthy | Status::Degraded => ServingStatus::Serving,
        Status::Unknown => ServingStatus::Unknown,
        _ => ServingStatus::NotServing,
    }
}

struct Check(Services);

impl UnaryService<HealthCheckRequest> for Check {
    type Response = HealthCheckResponse;
    type Future = Ready<Result<tonic::Response<HealthCheckResponse>, tonic::Status>>;

    fn call(&mut self, request: tonic::Request<HealthCheckRequest>) -> Self::Future {
        ready(match self.0.serving(&request.get_ref().service) {
            Some(serving) => Ok(tonic::Response::new(HealthCheckResponse::of(serving))),
            None => Err(tonic::Status::not_found("no such service")),
        })
    }
}

struct Lists(Services);

impl UnaryService<HealthListRequest> for Lists {
    type Response = HealthListResponse;
    type Future = Ready<Result<tonic::Response<HealthListResponse>, tonic::Status>>;

    fn call(&mut self, _: tonic::Request<HealthListRequest>) -> Self::Future {
        let statuses = self.0.all();
        ready(Ok(tonic::Response::new(HealthListResponse { statuses })))
    }
}

struct Watches(Services);

impl ServerStreamingService<HealthCheckRequest> for Watches {
    type Response = HealthCheckResponse;
    type ResponseStream = watch::Responses;
    type Future = Ready<Result<tonic::Response<watch::Responses>, tonic::Status>>;

    fn call(&mut self, request: tonic::Request<HealthCheckRequest>) -> Self::Future {
        let watch = Watch::new(self.0.clone(), request.into_inner().service);
        ready(Ok(tonic::Response::new(watch.responses())))
    }
}

async fn answer_one<S, Q, A>(service: S, request: Request) -> Response
where
    S: UnaryService<Q, Response = A>,
    Q: prost::Message + Default + 'static,
    A: prost::Message + 'static,
{
    let mut grpc = Grpc::new(ProstCodec::<A, Q>::default());
    shown(grpc.unary(service, request).await)
}

fn shown(response: http::Response<tonic::body::Body>) -> Response {
    response.map(Body::new)
}

const READINESS: &str = "readiness";
const LIVENESS: &str = "liveness";
const STARTUP: &str = "startup";
