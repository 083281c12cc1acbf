//! Clients that repeat nothing.

use std::{io, net::SocketAddr};

use bytes::Bytes;
use http::{Request, header::CONNECTION};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpStream, task::JoinSet};

use crate::service::Service;

impl Service {
    /// Where it serves.
    pub(crate) async fn address(&mut self) -> SocketAddr {
        self.says("listening on ").await.parse().unwrap()
    }
}

/// A keep-alive client without retry.
pub(crate) struct Client {
    sender: Sender,
    tasks: JoinSet<()>,
}

enum Sender {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Yes,
    /// And the server wants the connection closed.
    AndLeft,
    /// The server had asked the client to leave before it could be sent.
    NotSent,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let (sender, conn) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        let tasks = JoinSet::from_iter([async move { drop(conn.await) }]);
        let sender = Sender::Http1(sender);
        Ok(Self { sender, tasks })
    }

    pub(crate) async fn connect_http2(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (sender, conn) = shaken.map_err(io::Error::other)?;
        let tasks = JoinSet::from_iter([async move { drop(conn.await) }]);
        let sender = Sender::Http2(sender);
        Ok(Self { sender, tasks })
    }

    /// Asks once.
    pub(crate) async fn ask(&mut self, path: &str) -> Result<Answered, hyper::Error> {
        let request = Request::get(format!("http://test{path}"))
            .header("host", "test")
            .body(Empty::new())
            .unwrap();
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Sender::Http2(sender) => {
                if sender.ready().await.is_err() {
                    return Ok(Answered::NotSent);
                }
                match sender.try_send_request(request).await {
                    Ok(response) => response,
                    Err(mut error) => {
                        let unsent = error.take_message();
                        return unsent
                            .map(|_| Answered::NotSent)
                            .ok_or_else(|| error.into_error());
                    }
                }
            }
        };
        let header = response.headers().get(CONNECTION);
        let close = header.is_some_and(|value| value == "close");
        response.into_body().collect().await?;
        if close {
            self.tasks.abort_all();
        }
        Ok(if close { Answered::AndLeft } else { Answered::Yes })
    }
}
