//! A router: consumers consume only producers of the same router.

use super::keys::TransportKey;
use crate::api::RouterId;

/// A router and its transports.
pub(crate) struct Router {
    pub(crate) id: RouterId,
    pub(crate) transports: Vec<TransportKey>,
}
