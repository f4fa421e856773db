//! The TCP socket at the same port as the worker's UDP socket: what our passive candidates name (RFC 6544 section 4.1).

use std::io;
use std::net::{SocketAddr, TcpListener};

use rustix::net::{SocketType, sockopt};

use crate::socket::open;

/// Of each connection and direction, in the kernel, which doubles it: it bounds what strangers can have us hold, and how
/// old media is that a slow client reads. Enough for 10 Mbit/s at a round trip of 100 ms.
const BUFFER_BYTES: usize = 128 * 1024;

/// Handshakes that may wait to be accepted.
const WAITING: i32 = 128;

/// Listens without blocking. Connections of a former process that linger (TIME_WAIT) do not hold the port.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = open(address, SocketType::STREAM)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    // Connections inherit them, and they decide the window that is offered, so they are set before.
    sockopt::set_socket_recv_buffer_size(&socket, BUFFER_BYTES)?;
    sockopt::set_socket_send_buffer_size(&socket, BUFFER_BYTES)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, WAITING)?;
    Ok(TcpListener::from(socket))
}
