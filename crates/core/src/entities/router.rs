//! A router: consumers consume only producers of the same router.

use super::keys::TransportKey;

/// The transports of a router.
#[derive(Default)]
pub(crate) struct Router {
    pub(crate) transports: Vec<TransportKey>,
}
