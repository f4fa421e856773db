//! Ids that the control plane assigns.

use serde::{Deserialize, Serialize};

/// Matches a reply to its command. Unique among the commands in flight.
pub type RequestId = u64;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);
    };
}

id!(
    /// A router. Consumers can consume only producers of the same router.
    RouterId
);
id!(
    /// A transport: the association with one client, server or router.
    TransportId
);
id!(
    /// A producer: one track that a client sends. Its pipe producers in other workers may have the same id.
    ProducerId
);
id!(
    /// A consumer: one track that a client receives, or that a pipe carries.
    ConsumerId
);
