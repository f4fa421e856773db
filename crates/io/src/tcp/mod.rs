//! ICE over TCP (RFC 6544) for clients whose network blocks UDP. The client connects, and each datagram is one frame of
//! that connection (RFC 4571).
//!
//! A connection is untrusted until the worker has accepted a connectivity check on it. These bounds apply:
//! - The number of connections, in total and per address. A connection beyond the limit is closed at once, unless one
//!   without a valid pair gives way to it, of an address that has more of those.
//! - The time for which a connection may be no transport's valid pair, at its start or later, before it is closed.
//! - The bytes that we buffer for a connection: less than one frame inbound, and the limits of [`writer`] outbound.

mod connection;
mod connections;
mod listener;
mod reader;
mod writer;

pub(crate) use connections::Connections;
pub use connections::{TcpCounters, TcpLimits};
