//! A port that stays ours while nobody listens on it: before a program has it, between a program that ended and the next, and where
//! nobody is to listen at all.
//!
//! A port that was only looked up is soon somebody else's: the system gives it out again, most of all to the thousands of connections
//! that a test opens meanwhile.

use crate::client::LOOPBACK;
use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket};

/// A port of loopback, bound and not listened on: the system gives it to nobody who does not ask for it by its number, and lets a
/// server have it that allows its address to be shared (`SO_REUSEADDR`), as servers do.
#[derive(Debug)]
pub struct Port {
    address: SocketAddr,
    /// Its being there is what holds the port.
    _held: TcpSocket,
}

// === impl Port ===

impl Port {
    /// Takes a free one, until it is dropped.
    ///
    /// # Errors
    /// When there is none.
    pub fn hold() -> io::Result<Self> {
        let socket = shared(SocketAddr::new(LOOPBACK, 0))?;
        Ok(Self { address: socket.local_addr()?, _held: socket })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens on it; so may others, once this listener is gone.
    ///
    /// # Errors
    /// When somebody listens already.
    pub fn listen(&self) -> io::Result<TcpListener> {
        shared(self.address)?.listen(128)
    }
}

fn shared(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
