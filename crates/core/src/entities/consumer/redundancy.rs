//! RED (RFC 2198) towards a client that negotiated it and loses packets: each packet repeats the ones before it.
//!
//! | loss that the client reported       | packets repeated in each packet |
//! |-------------------------------------|---------------------------------|
//! | below 1 %                           | none: plain opus is sent        |
//! | 1 to 8 %                            | 1                               |
//! | above                               | 2                               |
//!
//! The worst report of the last 30 s counts: browsers report on audio every five seconds.

use hubbub_codec::red::{self, MAX_BLOCK, MAX_OFFSET, Redundant};
use hubbub_codec::{Codec, opus};

use crate::api::{ConsumerSpec, Micros};
use crate::entities::producer::ProducerStream;
use crate::receive::StoredPacket;

/// Fractions lost (1/256) from which one packet and two packets are repeated.
const ONE_FROM: u8 = 3;
const TWO_FROM: u8 = 20;

/// How long a report counts, microseconds.
const HOLD_US: u64 = 30_000_000;

/// The greatest number of packets that are repeated.
const MAX_REPEATED: usize = 2;

/// How a consumer uses RED.
#[derive(Debug)]
pub(crate) struct Redundancy {
    payload_type: u8,
    /// Packets to repeat, until then.
    repeats: usize,
    until: Micros,
}

/// A RED payload to write.
pub(super) struct RedPayload<'a> {
    pub(super) payload_type: u8,
    /// Of the blocks.
    opus_payload_type: u8,
    blocks: [Redundant<'a>; MAX_REPEATED],
    len: usize,
    primary: &'a [u8],
}

impl Redundancy {
    /// `None` if the client has not negotiated RED.
    pub(super) fn of(spec: &ConsumerSpec) -> Option<Self> {
        let red = spec.codecs.iter().find(|codec| codec.codec == Codec::Red)?;
        Some(Self {
            payload_type: red.payload_type,
            repeats: 0,
            until: Micros(0),
        })
    }

    /// Handles a report of the client: the fraction lost (1/256).
    pub(crate) fn on_loss(&mut self, now: Micros, fraction_lost: u8) {
        let repeats = match fraction_lost {
            TWO_FROM.. => MAX_REPEATED,
            ONE_FROM.. => 1,
            _ => 0,
        };
        if repeats >= self.repeats || now >= self.until {
            self.repeats = repeats;
            self.until = now.plus(HOLD_US);
        }
    }

    /// The payload that carries a packet of `stream`; `None` if it is to be sent as it is.
    pub(super) fn payload<'a>(
        &self,
        now: Micros,
        stream: &'a ProducerStream,
        packet: &'a StoredPacket,
        opus_payload_type: u8,
    ) -> Option<RedPayload<'a>> {
        if self.repeats == 0 || now >= self.until {
            return None;
        }
        let nothing = Redundant {
            offset: 0,
            payload: &[],
        };
        let mut payload = RedPayload {
            payload_type: self.payload_type,
            opus_payload_type,
            blocks: [nothing; MAX_REPEATED],
            len: 0,
            primary: packet.payload(),
        };
        for back in (1..=self.repeats as u64).rev() {
            let former = packet
                .meta()
                .sequence
                .checked_sub(back)
                .and_then(|sequence| stream.packet(sequence, now));
            if let Some(block) = former.and_then(|former| repeated(packet, former))
                && let Some(slot) = payload.blocks.get_mut(payload.len)
            {
                *slot = block;
                payload.len += 1;
            }
        }
        Some(payload)
    }
}

/// The block that repeats `former` in `packet`; `None` if it has no audio, or does not fit.
fn repeated<'a>(packet: &StoredPacket, former: &'a StoredPacket) -> Option<Redundant<'a>> {
    let (meta, former_meta) = (packet.meta(), former.meta());
    let offset = meta.timestamp.wrapping_sub(former_meta.timestamp);
    let fits = (1..=MAX_OFFSET).contains(&offset)
        && !opus::is_dtx(former.payload())
        && former.payload().len() <= MAX_BLOCK
        && former_meta.codec == meta.codec
        && former_meta.clock_jumps == meta.clock_jumps;
    fits.then(|| Redundant {
        offset,
        payload: former.payload(),
    })
}

impl RedPayload<'_> {
    pub(super) fn len(&self) -> usize {
        red::payload_len(self.redundant(), self.primary)
    }

    /// Writes the payload to a buffer of its length.
    pub(super) fn write(&self, buffer: &mut [u8]) -> Option<()> {
        red::write(
            buffer,
            self.opus_payload_type,
            self.redundant(),
            self.primary,
        )
    }

    fn redundant(&self) -> &[Redundant<'_>] {
        self.blocks.get(..self.len).unwrap_or_default()
    }
}
