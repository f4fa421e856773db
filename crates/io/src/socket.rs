//! The UDP socket of a worker, and what it has in common with the TCP listener beside it.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};

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
    /// Binds a non-blocking socket with large buffers; one on `::` is of both families. Never shares its port: a second
    /// worker on it is an error.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = open(address, SocketType::DGRAM)?;
        rustix::net::bind(&socket, &address)?;
        let socket = UdpSocket::from(socket);
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

    /// The address as the socket's family has it: one of IPv4 is mapped for a socket of IPv6 (RFC 4291 section 2.5.5.2).
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

/// A non-blocking socket for this address, of both families where the address is `::`.
pub(crate) fn open(address: SocketAddr, kind: SocketType) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, kind, flags, None)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, false)?;
    }
    Ok(socket)
}

/// An address of IPv4 as one, also where a socket of both families tells of it as one of IPv6.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(IpAddr::V4(v4), address.port()),
        IpAddr::V6(_) => address,
    }
}
