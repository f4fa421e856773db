//! The port of a worker: one number for UDP and TCP.

use std::io;
use std::net::SocketAddr;

use crate::error::SpawnError;
use crate::tcp::{Connections, TcpLimits};
use crate::udp::WorkerSocket;

/// Maximum number of attempts to find a port that is free for both protocols.
const ATTEMPTS: usize = 32;

/// The sockets bound to the port.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) udp: WorkerSocket,
    pub(crate) tcp: Option<Connections>,
}

impl Port {
    /// Binds the UDP socket, and the TCP listener if `tcp` is given.
    pub(crate) fn bind(address: SocketAddr, tcp: Option<TcpLimits>) -> Result<Self, SpawnError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let udp =
                WorkerSocket::bind(address).map_err(|error| SpawnError::Bind(address, error))?;
            let Some(limits) = tcp else {
                return Ok(Self { udp, tcp: None });
            };
            match Connections::listen(udp.address(), limits) {
                Ok(connections) => {
                    return Ok(Self {
                        udp,
                        tcp: Some(connections),
                    });
                }
                // The system chose a port that is free for UDP but not for TCP: retry with another.
                Err(error)
                    if error.kind() == io::ErrorKind::AddrInUse
                        && address.port() == 0
                        && attempts < ATTEMPTS => {}
                Err(error) => return Err(SpawnError::Listen(udp.address(), error)),
            }
        }
    }
}
