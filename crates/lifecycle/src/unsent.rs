use std::io;

use tokio::net::TcpStream;

/// Whether the kernel has bytes of this connection that it has not sent yet: the window of the client is full.
///
/// Where it cannot be asked, it has.
pub(crate) fn holds_unsent(stream: &TcpStream) -> bool {
    !is_writable_without_unsent(stream).unwrap_or(false)
}

/// A socket is writable as long as less than a mark is unsent: with the lowest one, as long as nothing is.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_writable_without_unsent(stream: &TcpStream) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let socket = socket2::SockRef::from(stream);
    let mark = socket.tcp_notsent_lowat()?;
    socket.set_tcp_notsent_lowat(1)?;
    let mut asked = [PollFd::new(stream, PollFlags::OUT)];
    let polled = poll(&mut asked, Some(&Timespec::default()));
    socket.set_tcp_notsent_lowat(mark)?;
    Ok(polled? > 0)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_writable_without_unsent(_: &TcpStream) -> io::Result<bool> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpSocket},
    };

    use super::*;

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn what_the_client_has_no_room_for_is_unsent_until_it_reads() {
        const LENGTH: usize = 64 << 10;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let client = TcpSocket::new_v4().expect("a socket");
        client.set_recv_buffer_size(4096).expect("a small buffer");
        let address = listener.local_addr().expect("an address");
        let mut client = client.connect(address).await.expect("a connection");
        let (mut server, _) = listener.accept().await.expect("a connection");
        assert!(!holds_unsent(&server));

        server.write_all(&[0; LENGTH]).await.expect("room in the kernel");
        assert!(holds_unsent(&server));
        client.read_exact(&mut [0; LENGTH]).await.expect("all of it");

        let sent = async {
            while holds_unsent(&server) {
                tokio::task::yield_now().await;
            }
        };
        let limit = Duration::from_secs(10);
        tokio::time::timeout(limit, sent).await.expect("it is sent");
    }
}
