//! HTTP without retries: a request that fails, fails.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header, request};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::time::timeout;

/// A client with keep-alive connections of its own.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    token: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn of(address: SocketAddr) -> Self {
        let http = legacy::Client::builder(TokioExecutor::new())
            .retry_canceled_requests(false)
            .build_http();
        Self {
            http,
            address,
            token: None,
        }
    }

    /// The same, but it shows this bearer token.
    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path), Bytes::new()).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    pub(crate) async fn try_get(&self, path: &str) -> Result<Answer, String> {
        self.send(self.request("GET", path), Bytes::new()).await
    }

    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        let request = self
            .request("POST", path)
            .header(header::CONTENT_TYPE, "application/json");
        self.send(request, body.to_string().into()).await
    }

    /// Begins a request to this path.
    pub(crate) fn request(&self, method: &str, path: &str) -> request::Builder {
        let builder = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        match &self.token {
            Some(token) => builder.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => builder,
        }
    }

    /// Sends a request, and says what failed if no answer comes.
    pub(crate) async fn send(&self, request: request::Builder, body: Bytes) -> Result<Answer, String> {
        let request = request.body(Full::new(body)).unwrap();
        let asked = format!("{} {}", request.method(), request.uri().path());
        let exchange = async {
            let response = self
                .http
                .request(request)
                .await
                .map_err(|error| format!("{asked}: {error:?}"))?;
            let (parts, body) = response.into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| format!("{asked}, reading the body: {error:?}"))?;
            Ok(Answer {
                status: parts.status,
                headers: parts.headers,
                body: body.to_bytes(),
            })
        };
        timeout(PATIENCE, exchange)
            .await
            .unwrap_or_else(|_| Err(format!("{asked}: no answer within {PATIENCE:?}")))
    }
}

impl Answer {
    /// The body, which is JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The JSON of an answer that must have this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }
}

/// Longer than every time limit of the service's own for a request.
const PATIENCE: Duration = Duration::from_secs(35);
