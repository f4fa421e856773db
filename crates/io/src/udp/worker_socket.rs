//! A UDP socket of a worker.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use hubbub_core::api::Protocol;
use rustix::net::{SocketType, sockopt};

use super::control_message::{report_destinations, report_times};
use crate::socket::open;

/// Socket buffer size in bytes: room for a burst of key frames of a fully loaded worker. The kernel grants at most
/// `net.core.{r,w}mem_max`.
const BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// A bound socket and its address.
#[derive(Debug)]
pub(crate) struct WorkerSocket {
    socket: UdpSocket,
    address: SocketAddr,
    protocol: Protocol,
}

impl WorkerSocket {
    /// Binds a non-blocking socket with large buffers; one bound to `::` is dual-stack. The port is never shared:
    /// binding a second worker to it is an error.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = open(address, SocketType::DGRAM)?;
        rustix::net::bind(&socket, &address)?;
        let socket = UdpSocket::from(socket);
        // Best effort: a smaller buffer loses more packets in a burst, but works.
        let _ = sockopt::set_socket_recv_buffer_size(&socket, BUFFER_BYTES);
        let _ = sockopt::set_socket_send_buffer_size(&socket, BUFFER_BYTES);
        // Best effort: without time stamps, datagrams count as received when they are read.
        let _ = report_times(socket.as_fd());
        let bound = Self {
            address: socket.local_addr()?,
            socket,
            protocol: Protocol::Udp,
        };
        if bound.is_unspecified() {
            report_destinations(bound.as_fd(), bound.address.is_ipv6())?;
        }
        Ok(bound)
    }

    /// As [`Self::bind`], for a plain transport.
    pub(crate) fn bind_plain(address: SocketAddr) -> io::Result<Self> {
        let bound = Self::bind(address)?;
        Ok(Self {
            protocol: Protocol::Plain(bound.address.port()),
            ..bound
        })
    }

    /// The protocol of the paths over this socket.
    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The bound address, with the port that the system chose.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the socket is bound to the unspecified address and thus reachable at every address of this machine.
    pub(crate) fn is_unspecified(&self) -> bool {
        self.address.ip().to_canonical().is_unspecified()
    }

    /// Converts `ip` to the socket's family: an IPv6 socket takes an IPv4 address as IPv4-mapped (RFC 4291 section
    /// 2.5.5.2).
    pub(crate) fn mapped(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(v4) if self.address.is_ipv6() => IpAddr::V6(v4.to_ipv6_mapped()),
            _ => ip,
        }
    }
}

impl AsFd for WorkerSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
