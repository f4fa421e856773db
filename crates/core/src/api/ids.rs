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
    /// A WebRTC transport: one ICE, DTLS and SRTP association with one client.
    TransportId
);
id!(
    /// A producer: one track that a client sends.
    ProducerId
);
id!(
    /// A consumer: one track that a client receives.
    ConsumerId
);
