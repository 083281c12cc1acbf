//! Who takes connections.

use std::{net::Ipv4Addr, time::Duration};

use groundcrew_health::{Check, Status, checks::TcpCheck};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};

use crate::word;

const LIMIT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn tcp_tells_up_from_down() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let check = TcpCheck::new(address.clone());

    let up = check.run().await;
    drop(listener);
    let down = check.run().await;
    // No resolver is asked for what can be no name.
    let unknown = TcpCheck::new("no such host:25").run().await;

    assert_eq!((up.status(), word(&up)), (Status::Healthy, Some(&"up".into())));
    assert_eq!(
        (down.status(), word(&down)),
        (Status::Unhealthy, Some(&"down".into()))
    );
    assert!(down.reason().unwrap().starts_with(&address), "{down:?}");
    assert_eq!(
        (unknown.status(), word(&unknown)),
        (Status::Unhealthy, Some(&"down".into()))
    );
}

/// A server that lives and takes no more connections: what it has no room for is dropped without a word.
#[tokio::test]
async fn a_server_that_takes_no_connection_is_frozen() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = timeout(LIMIT, TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
        assert!(waiting.len() < 100, "it has room for all");
    }

    let verdict = TcpCheck::new(address.to_string()).timeout(LIMIT).run().await;

    assert_eq!(
        (verdict.status(), word(&verdict)),
        (Status::Unhealthy, Some(&"frozen".into()))
    );
    assert_eq!(verdict.reason(), Some("no answer within 200ms"));
    drop(listener);
}
