//! The link to a WebRTC client: ICE, and DTLS on its way to the control plane.

use super::event_queue::LatestEvent;
use super::ice_agent::IceAgent;
use super::token_bucket::TokenBucket;
use crate::api::{IceCredentials, Micros};

/// DTLS datagrams that may arrive at once: the largest flights of a handshake, or a window of a data channel; and per
/// second in the long run: some 10 Mbit/s of a data channel. A datagram costs the control plane, which all clients share,
/// far more than it costs its sender.
const DTLS_BURST: u64 = 256;
const DTLS_RATE: u64 = 1_000;

/// The state of ICE and DTLS. Its fields are in this order in memory: see `Transport`.
#[repr(C)]
pub(crate) struct WebRtcLink {
    /// When the transport closes unless it has keys; `None` before `ConnectTransport` and after `SetSrtpKeys`.
    pub(crate) handshake_deadline: Option<Micros>,
    pub(crate) ice: IceAgent,
    /// DTLS datagrams that wait for a selected pair.
    pub(crate) pending_dtls: Vec<Vec<u8>>,
    pub(crate) dtls_allowance: TokenBucket,
    /// The last `IceSelected` event.
    pub(crate) ice_event: LatestEvent,
}

impl WebRtcLink {
    pub(crate) fn new(credentials: IceCredentials) -> Self {
        Self {
            ice: IceAgent::new(credentials),
            handshake_deadline: None,
            pending_dtls: Vec::new(),
            dtls_allowance: TokenBucket::new(DTLS_RATE, DTLS_BURST),
            ice_event: LatestEvent::default(),
        }
    }
}
