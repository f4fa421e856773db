//! How a packet leaves, as the bandwidth estimate needs to know.

use hubbub_congestion::{ClusterId, Purpose};

use crate::api::Micros;

/// When a packet leaves, and what for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Departure {
    pub(crate) at: Micros,
    pub(crate) purpose: Purpose,
    /// The probe that the packet belongs to.
    pub(crate) cluster: Option<ClusterId>,
}

impl Departure {
    /// A packet that is no probe.
    pub(crate) const fn media(at: Micros) -> Self {
        Self {
            at,
            purpose: Purpose::Media,
            cluster: None,
        }
    }
}
