//! The UDP socket of a worker.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::net::sockopt;

use crate::batch;

/// Holds a burst of key frames of a full worker. The kernel grants at most `net.core.{r,w}mem_max`.
const BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// A bound socket and what it is bound to.
#[derive(Debug)]
pub(crate) struct WorkerSocket {
    socket: UdpSocket,
    address: SocketAddr,
}

impl WorkerSocket {
    /// Binds a non-blocking socket with large buffers. Never shares its port: a second worker on it is an error.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        // Best effort: a smaller buffer loses more in a burst, but works.
        let _ = sockopt::set_socket_recv_buffer_size(&socket, BUFFER_BYTES);
        let _ = sockopt::set_socket_send_buffer_size(&socket, BUFFER_BYTES);
        let bound = Self {
            address: socket.local_addr()?,
            socket,
        };
        if bound.is_any() {
            batch::report_destinations(bound.as_fd(), bound.address.is_ipv6())?;
        }
        Ok(bound)
    }

    /// Where it is bound, with the port that the system chose.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// It is reached over every address of this machine.
    pub(crate) fn is_any(&self) -> bool {
        self.address.ip().to_canonical().is_unspecified()
    }
}

impl AsFd for WorkerSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
