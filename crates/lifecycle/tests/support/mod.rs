//! Services in processes of their own, and clients that repeat nothing.

use std::{
    net::SocketAddr,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use bytes::Bytes;
use groundcrew_lifecycle::Exit;
use http::{Request, header::CONNECTION};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
    task::JoinSet,
    time::timeout,
};

/// A child of the test: one of its ignored tests, in a process of its own.
pub(crate) struct Service {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Service {
    pub(crate) fn start(name: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What follows `word` in the child's output.
    pub(crate) async fn says(&mut self, word: &str) -> String {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
        }
        panic!("the child ended without saying {word:?}");
    }

    pub(crate) async fn address(&mut self) -> SocketAddr {
        self.says("listening on ").await.parse().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub(crate) async fn exit(&mut self) -> ExitStatus {
        timeout(Duration::from_secs(20), self.child.wait())
            .await
            .expect("the child ends")
            .unwrap()
    }
}

/// A keep-alive client without retry.
pub(crate) struct Client {
    sender: http1::SendRequest<Empty<Bytes>>,
    tasks: JoinSet<()>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let (sender, conn) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(std::io::Error::other)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { drop(conn.await) });
        Ok(Self { sender, tasks })
    }

    /// Asks once; says whether the server wants the connection closed.
    pub(crate) async fn ask(&mut self, path: &str) -> Result<bool, hyper::Error> {
        let request = Request::get(path)
            .header("host", "test")
            .body(Empty::new())
            .unwrap();
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let close = response
            .headers()
            .get(CONNECTION)
            .is_some_and(|value| value == "close");
        response.into_body().collect().await?;
        if close {
            self.tasks.abort_all();
        }
        Ok(close)
    }
}

#[expect(
    clippy::exit,
    reason = "the test harness has no other way to give an exit code"
)]
pub(crate) fn leave(exit: Exit) {
    std::process::exit(exit.code().into());
}
