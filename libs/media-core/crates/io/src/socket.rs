//! The UDP socket of a worker.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use rustix::net::sockopt;

/// Holds a burst of key frames of a full worker. The kernel grants at most `net.core.{r,w}mem_max`.
const BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// Binds a non-blocking socket with large buffers. Never shares its port: a second worker on it is an error.
pub(crate) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    // Best effort: a smaller buffer loses more in a burst, but works.
    let _ = sockopt::set_socket_recv_buffer_size(&socket, BUFFER_BYTES);
    let _ = sockopt::set_socket_send_buffer_size(&socket, BUFFER_BYTES);
    Ok(socket)
}
