//! One encoding of a pipe consumer.

use super::numbers::PipedNumbers;
use crate::api::{Micros, PipedEncodingSpec};
use crate::entities::producer::ProducerStream;
use crate::receive::{PacketMeta, RateMeter};
use crate::send::{Random, RetransmissionBudget, RtxSequence, SentReports};

/// Packets that a start may send at once. A key frame that more have overtaken is of no use.
const MAX_BACKLOG: u64 = 256;

/// The RTX stream of an encoding.
#[derive(Debug)]
pub(crate) struct PipedRtx {
    pub(crate) ssrc: u32,
    pub(crate) sequence: RtxSequence,
}

/// What is to be done with a packet of an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PipeAdmission {
    /// Send it.
    Send,
    /// Send it and the packets that have overtaken it.
    Start,
    /// Nothing: the encoding is off.
    Ignore,
    /// Nothing until a key frame.
    AwaitKeyFrame,
}

/// The state of a piped encoding.
#[derive(Debug)]
pub(crate) struct PipedEncoding {
    pub(crate) ssrc: u32,
    pub(crate) rtx: Option<PipedRtx>,
    /// Packets are sent, or will be from the next key frame on.
    pub(crate) is_sent: bool,
    pub(crate) numbers: PipedNumbers,
    pub(crate) budget: RetransmissionBudget,
    pub(crate) rate: RateMeter,
    pub(crate) reports: SentReports,
    /// When the next sender report is due; `None` before the first packet.
    pub(crate) next_report: Option<Micros>,
    /// Media packets and their payload bytes, without retransmissions.
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

impl PipedEncoding {
    /// An encoding that is off.
    pub(crate) fn new(spec: PipedEncodingSpec, has_rtx: bool, random: &mut Random) -> Self {
        Self {
            ssrc: spec.ssrc,
            rtx: spec.rtx_ssrc.filter(|_| has_rtx).map(|ssrc| PipedRtx {
                ssrc,
                sequence: RtxSequence::new(random.sequence() & 0x7FFF),
            }),
            is_sent: false,
            numbers: PipedNumbers::default(),
            budget: RetransmissionBudget::new(),
            rate: RateMeter::new(),
            reports: SentReports::new(),
            next_report: None,
            packets: 0,
            bytes: 0,
        }
    }

    /// The SSRCs of media and RTX.
    pub(crate) fn ssrcs(&self) -> impl Iterator<Item = u32> {
        let rtx = self.rtx.as_ref().map(|rtx| rtx.ssrc);
        std::iter::once(self.ssrc).chain(rtx)
    }

    /// Switches the encoding on or off. Returns whether it waits for a key frame now.
    pub(crate) fn switch(&mut self, is_sent: bool) -> bool {
        let was_sent = std::mem::replace(&mut self.is_sent, is_sent);
        if !is_sent {
            self.numbers.stop();
        }
        is_sent && !was_sent
    }

    /// Decides what to do with a packet of `stream`, the producer's stream of this encoding. It starts with a key frame.
    pub(crate) fn admit(
        &mut self,
        now: Micros,
        stream: &ProducerStream,
        packet: &PacketMeta,
        starts_key_frame: bool,
    ) -> PipeAdmission {
        if !self.is_sent {
            return PipeAdmission::Ignore;
        }
        if self.numbers.source() == Some(stream.source) {
            return PipeAdmission::Send;
        }
        let is_overtaken = stream.highest().saturating_sub(packet.sequence) > MAX_BACKLOG;
        if !starts_key_frame || is_overtaken {
            return PipeAdmission::AwaitKeyFrame;
        }
        self.numbers.start(stream.source, packet.sequence);
        // The other side can synchronize streams only after a sender report on each.
        self.next_report = Some(now);
        PipeAdmission::Start
    }
}
