//! The one port of a worker: its number is the same for UDP and for TCP.

use std::io;
use std::net::SocketAddr;

use crate::handle::SpawnError;
use crate::socket::WorkerSocket;
use crate::tcp::{Connections, TcpLimits};

/// How often the system is asked for a port that is free for both protocols.
const ATTEMPTS: usize = 32;

/// What is bound to it.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) udp: WorkerSocket,
    pub(crate) tcp: Option<Connections>,
}

impl Port {
    /// Binds both, the second one where it is wanted.
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
                // The system chose a port that is free for UDP alone; it may choose another one.
                Err(error)
                    if error.kind() == io::ErrorKind::AddrInUse
                        && address.port() == 0
                        && attempts < ATTEMPTS => {}
                Err(error) => return Err(SpawnError::Listen(udp.address(), error)),
            }
        }
    }
}
