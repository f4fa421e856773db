//! The other side of a link, with its keys.

use hubbub_srtp::{MAX_OVERHEAD, Outbound};
use hubbub_wire::rtp::RtpHeader;
use hubbub_wire::stun::{
    BindingRequest, IceKey, IceRole, StunClass, StunMessage, write_binding_success,
};

use super::mutation::MAX_PACKET;
use crate::common::node_pipe::{LINK_PROFILE, link_ice};

/// Where the worker is.
pub const WORKER: ([u8; 4], u16) = ([10, 0, 0, 2], 4000);

/// Makes datagrams of the side `first` of a link whose side `second` is a worker.
pub struct OtherNode {
    outbound: Outbound,
    /// What packets to the worker follow.
    pub connection_id: [u8; 4],
    /// Checks of the worker that are not answered.
    pub checks: Vec<[u8; 12]>,
    /// The number of the last check.
    checked: u64,
}

impl OtherNode {
    pub fn new() -> Self {
        let key = vec![1; LINK_PROFILE.key_len()];
        let salt = vec![1; LINK_PROFILE.salt_len()];
        Self {
            outbound: Outbound::new(LINK_PROFILE, &key, &salt).expect("keys"),
            connection_id: connection_id(&link_ice("second", 1).ufrag),
            checks: Vec::new(),
            checked: 0,
        }
    }

    /// Protects RTP. None for what cannot be protected: longer packets, and those without a header.
    pub fn rtp(&mut self, packet: &[u8], rollovers: u32) -> Option<Vec<u8>> {
        let header = RtpHeader::parse(packet).ok()?;
        if packet.len() > MAX_PACKET {
            return None;
        }
        let mut buffer = packet.to_vec();
        buffer.resize(packet.len() + MAX_OVERHEAD, 0);
        let len = self
            .outbound
            .protect_rtp_with_index(&mut buffer, header.len, packet.len(), rollovers)
            .expect("encryption succeeds");
        Some([&self.connection_id, &buffer[..len]].concat())
    }

    /// Protects RTCP. None as in [`Self::rtp`].
    pub fn rtcp(&mut self, packets: &[u8]) -> Option<Vec<u8>> {
        if packets.len() < 8 || packets.len() > MAX_PACKET || packets[0] >> 6 != 2 {
            return None;
        }
        let mut buffer = packets.to_vec();
        buffer.resize(packets.len() + MAX_OVERHEAD, 0);
        let len = self
            .outbound
            .protect_rtcp(&mut buffer, packets.len())
            .expect("encryption succeeds");
        Some([&self.connection_id, &buffer[..len]].concat())
    }

    /// The transaction id of the next check, which has its number.
    pub fn next_check(&mut self) -> [u8; 12] {
        self.checked += 1;
        let mut id = [0; 12];
        id[4..].copy_from_slice(&self.checked.to_be_bytes());
        id
    }

    /// The answers to the checks of the worker.
    pub fn answers(&mut self) -> Vec<Vec<u8>> {
        let key = their_key();
        let checks = std::mem::take(&mut self.checks);
        checks.iter().map(|id| answer(id, &key)).collect()
    }
}

/// The key of checks to the worker, and of its answers.
pub fn our_key() -> IceKey {
    IceKey::new(&link_ice("second", 1).pwd)
}

/// The key of the worker's checks, and of the answers to them.
pub fn their_key() -> IceKey {
    IceKey::new(&link_ice("first", 1).pwd)
}

/// A connectivity check to the worker.
pub fn check(id: [u8; 12], key: &IceKey) -> Vec<u8> {
    let (ours, theirs) = (link_ice("second", 1), link_ice("first", 1));
    let request = BindingRequest {
        transaction_id: id,
        username: &format!("{}:{}", ours.ufrag, theirs.ufrag),
        priority: 1,
        use_candidate: true,
        role: IceRole::Controlling(0),
    };
    let mut buffer = [0; 300];
    let len = request.write(&mut buffer, key).expect("it fits");
    buffer[..len].to_vec()
}

/// An answer to a check of the worker.
pub fn answer(id: &[u8; 12], key: &IceKey) -> Vec<u8> {
    let mut buffer = [0; 100];
    let len = write_binding_success(&mut buffer, id, WORKER.into(), key).expect("it fits");
    buffer[..len].to_vec()
}

/// Whether somebody who has the password made this check.
pub fn is_authentic_check(datagram: &[u8]) -> bool {
    StunMessage::parse(datagram).is_ok_and(|message| {
        message.class() == StunClass::Request && message.verify_integrity(&our_key()).is_ok()
    })
}

/// FNV-1a in 28 bits.
fn connection_id(ufrag: &str) -> [u8; 4] {
    let hash = ufrag.bytes().fold(0x811C_9DC5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash & 0x0FFF_FFFF | 0x4000_0000).to_be_bytes()
}
