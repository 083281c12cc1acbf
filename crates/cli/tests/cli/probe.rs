use std::{
    io::{Read, Write},
    net::TcpListener,
    thread::{self, JoinHandle},
};

use crate::groundcrew;

/// Answers one request with a status line.
fn service(status: &'static str) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/readyz", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let read = stream.read(&mut [0; 1024]).unwrap();
        assert!(read > 0);
        // In one piece: the command hangs up when it has read the status.
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
    });
    (url, thread)
}

#[test]
fn a_healthy_service_is_0() {
    let (url, thread) = service("200 OK");

    let probed = groundcrew(&["probe", &url, "--timeout", "5s"], &[]);
    thread.join().unwrap();

    assert_eq!((probed.code, probed.err.as_str()), (0, ""));
    assert_eq!(probed.out, format!("{url} is healthy\n"));
}

#[test]
fn an_unhealthy_service_is_3_and_the_document_says_why() {
    let (url, thread) = service("503 Service Unavailable");

    let probed = groundcrew(&["--json", "probe", &url], &[]);
    thread.join().unwrap();

    assert_eq!(probed.code, 3);
    assert_eq!(probed.err, "groundcrew: the answer is 503\n");
    let document: serde_json::Value = serde_json::from_str(&probed.out).unwrap();
    let wanted = serde_json::json!({
        "schema": "probe/1", "url": url, "healthy": false, "status": 503, "error": "the answer is 503"
    });
    assert_eq!(document, wanted);
}

#[test]
fn a_service_that_is_away_is_69() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/readyz", listener.local_addr().unwrap());
    drop(listener);

    let probed = groundcrew(&["probe", &url, "--json"], &[]);

    assert_eq!(probed.code, 69);
    assert!(
        probed.err.starts_with("groundcrew: asking the service: "),
        "{probed:?}"
    );
    let document: serde_json::Value = serde_json::from_str(&probed.out).unwrap();
    assert_eq!(document["status"], serde_json::Value::Null);
    assert_eq!(document["healthy"], false);
}

#[test]
fn a_password_in_the_url_is_not_repeated() {
    let probed = groundcrew(&["probe", "http://app:hunter2@127.0.0.1/"], &[]);

    assert_eq!(probed.code, 2);
    assert!(!format!("{probed:?}").contains("hunter2"), "{probed:?}");
}
