//! The TCP listener on the port of the worker's UDP socket, which our passive candidates name (RFC 6544 section 4.1).

use std::io;
use std::net::{SocketAddr, TcpListener};

use rustix::net::{SocketType, sockopt};

use crate::socket::open;

/// Kernel buffer size per connection and direction, in bytes (the kernel doubles it). It bounds the memory that
/// strangers can occupy and the age of the media that a slow client reads. Enough for 10 Mbit/s at 100 ms round trip.
const BUFFER_BYTES: usize = 128 * 1024;

/// Connections that may wait to be accepted.
const LISTEN_BACKLOG: i32 = 128;

/// Opens a non-blocking listener. Lingering connections of a previous process (TIME_WAIT) do not block the port.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = open(address, SocketType::STREAM)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    // Accepted connections inherit the sizes, and they determine the offered window: set them before `listen`.
    sockopt::set_socket_recv_buffer_size(&socket, BUFFER_BYTES)?;
    sockopt::set_socket_send_buffer_size(&socket, BUFFER_BYTES)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, LISTEN_BACKLOG)?;
    Ok(TcpListener::from(socket))
}
