//! The errors of this crate.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Why a worker could not be started.
#[derive(Debug)]
pub enum SpawnError {
    /// The address cannot be bound for UDP: it is in use, not of this machine, or has a privileged port.
    Bind(SocketAddr, io::Error),
    /// The address is bound for UDP, but cannot be listened on for TCP.
    Listen(SocketAddr, io::Error),
    /// The system has no thread or file descriptor left.
    System(io::Error),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(address, error) => write!(f, "cannot bind UDP {address}: {error}"),
            Self::Listen(address, error) => write!(f, "cannot listen on TCP {address}: {error}"),
            Self::System(error) => write!(f, "cannot start a worker thread: {error}"),
        }
    }
}

impl std::error::Error for SpawnError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bind(_, error) | Self::Listen(_, error) | Self::System(error) => Some(error),
        }
    }
}

/// Why a command did not reach its worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmitError {
    /// Too many commands have no reply yet: the consumer of the events is too slow.
    Busy,
    /// The worker was shut down.
    Stopped,
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "too many commands are pending",
            Self::Stopped => "the worker was shut down",
        })
    }
}

impl std::error::Error for SubmitError {}
