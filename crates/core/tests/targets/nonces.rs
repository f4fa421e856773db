//! Finds SRTP nonces that protect two packets.

use std::collections::{BTreeMap, HashMap};

use hubbub_wire::PacketKind;
use hubbub_wire::rtp::RtpHeader;

/// The datagrams that a worker has sent to clients with different SSRCs.
///
/// With AES-GCM, the nonce is SSRC and packet index (RFC 7714 sections 8.1 and 9.1). A nonce that protects two different
/// packets reveals both.
#[derive(Default)]
pub struct Nonces {
    rtp: HashMap<(u32, u64), Vec<u8>>,
    rtcp: HashMap<(u32, u32), Vec<u8>>,
    /// The highest packet index by SSRC.
    highest: BTreeMap<u32, u64>,
}

impl Nonces {
    /// Records a datagram.
    ///
    /// # Panics
    /// If it is too long, or its nonce protects another packet, too.
    pub fn check(&mut self, datagram: Vec<u8>) {
        assert!(datagram.len() <= hubbub_core::MAX_DATAGRAM);
        match PacketKind::of(&datagram) {
            PacketKind::Rtp => {
                let header = RtpHeader::parse(&datagram).expect("RTP");
                let index = self.index(header.ssrc, header.sequence_number);
                let former = self.rtp.insert((header.ssrc, index), datagram.clone());
                assert_once(former, datagram);
            }
            PacketKind::Rtcp => {
                let (_, index) = datagram.split_last_chunk().expect("an SRTCP index");
                let ssrc = u32::from_be_bytes(datagram[4..8].try_into().expect("an SSRC"));
                let nonce = (ssrc, u32::from_be_bytes(*index));
                let former = self.rtcp.insert(nonce, datagram);
                assert_eq!(former, None, "an SRTCP index was used twice");
            }
            _ => {}
        }
    }

    /// The packet index that is nearest to the highest so far (RFC 3711 section 3.3.1).
    fn index(&mut self, ssrc: u32, sequence: u16) -> u64 {
        // A packet before the first has an index, too.
        let first = (1 << 16) + u64::from(sequence);
        let highest = self.highest.entry(ssrc).or_insert(first);
        let step = sequence.wrapping_sub(*highest as u16) as i16;
        let index = highest.wrapping_add_signed(step.into());
        *highest = index.max(*highest);
        index
    }

    /// One of the SSRCs that RTP was sent with, and its newest sequence number.
    pub fn newest(&self, choice: u8) -> Option<(u32, u16)> {
        let index = usize::from(choice).checked_rem(self.highest.len())?;
        let (ssrc, newest) = self.highest.iter().nth(index)?;
        Some((*ssrc, *newest as u16))
    }
}

/// A retransmission without RTX repeats a datagram.
fn assert_once(former: Option<Vec<u8>>, datagram: Vec<u8>) {
    if let Some(former) = former {
        assert_eq!(former, datagram, "an SRTP nonce was used twice");
    }
}
