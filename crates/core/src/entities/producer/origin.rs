//! Where a producer's packets come from.

/// The sender of a producer's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A client or a server.
    Client,
    /// The router of another worker, which has the producer of the client.
    Pipe,
}
