use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

use crate::error::Error;

/// A loopback port chosen by the kernel and kept for one server, also while that server is down.
///
/// The socket is bound with `SO_REUSEADDR` and never listens: a server that sets the same option, as all of
/// ours do, binds the port beside it, while the kernel gives it to nobody else. Connections to it are
/// refused as long as no server listens.
#[derive(Debug)]
pub(crate) struct Port {
    addr: SocketAddr,
    _reservation: TcpSocket,
}

impl Port {
    pub(crate) fn reserve() -> Result<Self, Error> {
        let bind = || {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
            Ok((socket.local_addr()?, socket))
        };
        let (addr, socket) = bind().map_err(Error::network("reserving a loopback port"))?;
        Ok(Self {
            addr,
            _reservation: socket,
        })
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) const fn number(&self) -> u16 {
        self.addr.port()
    }
}
