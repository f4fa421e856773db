//! What is asked of senders: lost packets (NACK) and key frames (PLI, FIR).

use hubbub_wire::rtcp::{FirBuilder, FirEntry, NackBuilder, Pli};

use crate::api::Micros;
use crate::producer::KeyFrameRequestKind;
use crate::rtcp_out::{RTCP_BUFFER, RtcpOut};
use crate::tables::{ProducerKey, TransportKey};

use super::Worker;

/// Sequence numbers in one NACK: even scattered ones fit a compound.
const NACKS_AT_ONCE: usize = 256;

/// Round trip that is assumed while none is known, microseconds.
pub(super) const DEFAULT_RTT_US: u64 = 100_000;

impl Worker {
    /// Asks the producer's client for the key frames that are wanted and due.
    pub(super) fn ask_for_key_frames(&mut self, now: Micros, key: ProducerKey) {
        let Some(producer) = self.tables.producers.get_mut(key) else {
            return;
        };
        let Some(transport) = self.tables.transports.get_mut(producer.transport) else {
            return;
        };
        if !transport.is_ready() {
            return;
        }
        producer.key_frames_due(now, &mut self.ssrcs);
        if self.ssrcs.is_empty() {
            return;
        }
        let Some(kind) = producer.key_frame_request_kind() else {
            return;
        };
        self.counters.media.key_frame_requests_received += self.ssrcs.len() as u64;
        let sender_ssrc = transport.rtcp_ssrc;
        let mut buffer = RTCP_BUFFER;
        let mut out = RtcpOut::new(transport, &mut self.outbox, &mut buffer);
        for media_ssrc in &self.ssrcs {
            match kind {
                KeyFrameRequestKind::Pli => out.push(&Pli {
                    sender_ssrc,
                    media_ssrc: *media_ssrc,
                }),
                KeyFrameRequestKind::Fir(command_sequence) => {
                    let entries = [FirEntry {
                        ssrc: *media_ssrc,
                        command_sequence,
                    }];
                    out.push(&FirBuilder {
                        sender_ssrc,
                        entries: &entries,
                    });
                }
            }
        }
    }

    /// Asks for what is missing of the producers of a transport.
    pub(super) fn send_nacks(&mut self, now: Micros, key: TransportKey) {
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        let rtt = transport.stats.rtt_us.unwrap_or(DEFAULT_RTT_US);
        for index in 0..transport.producers.len() {
            let Some(producer) = transport
                .producers
                .get(index)
                .and_then(|key| self.tables.producers.get_mut(*key))
            else {
                continue;
            };
            if producer.paused {
                continue;
            }
            for stream in producer
                .streams
                .iter_mut()
                .flatten()
                .filter(|stream| stream.nacks.missing() > 0)
            {
                self.lost.clear();
                stream.nacks.due(now, rtt, &mut self.lost);
                if self.lost.is_empty() {
                    continue;
                }
                stream.nacked(self.lost.len());
                self.counters.media.nacked_received += self.lost.len() as u64;
                let (sender_ssrc, media_ssrc) = (transport.rtcp_ssrc, stream.ssrc);
                let mut buffer = RTCP_BUFFER;
                let mut out = RtcpOut::new(transport, &mut self.outbox, &mut buffer);
                for lost in self.lost.chunks(NACKS_AT_ONCE) {
                    out.push(&NackBuilder {
                        sender_ssrc,
                        media_ssrc,
                        lost,
                    });
                }
            }
        }
    }
}
