//! A receiver that decodes VP8, and requests what it misses.

use std::collections::BTreeMap;

use hubbub_core::api::Micros;
use hubbub_wire::rtcp::{NackBuilder, Pli, RtcpWrite};

use super::MS;
use crate::common::call::OUT_SSRC;

#[derive(Debug, Clone, Default)]
struct Assembly {
    parts: Vec<u16>,
    count: usize,
    tl0: u8,
    temporal: u8,
    key: bool,
}

/// Assembles and decodes the frames of the forwarded stream, and requests what is missing.
#[derive(Debug, Default)]
pub(super) struct Viewer {
    highest: Option<u64>,
    /// By number: when it was requested last, and how often.
    missing: BTreeMap<u64, (Option<Micros>, u32)>,
    frames: BTreeMap<u32, Assembly>,
    last_tl0: Option<u8>,
    last_timestamp: Option<u32>,
    pub(super) last_decoded: Option<Micros>,
    asked: Option<Micros>,
    pub(super) longest_gap: u64,
    decoded: u64,
    pub(super) bytes: u64,
    pub(super) layer: Option<(u8, u8)>,
}

impl Viewer {
    /// `number`: of the media stream.
    pub(super) fn arrived(&mut self, now: Micros, number: u16, timestamp: u32, payload: &[u8]) {
        let extended = match self.highest {
            None => 1 << 16 | u64::from(number),
            Some(highest) => {
                let step = number.wrapping_sub(highest as u16).cast_signed();
                highest.wrapping_add_signed(i64::from(step))
            }
        };
        let is_new = match self.highest {
            Some(highest) if extended <= highest => self.missing.remove(&extended).is_some(),
            highest => {
                for missing in highest.map_or(extended, |highest| highest + 1)..extended {
                    self.missing.insert(missing, (None, 0));
                }
                self.highest = Some(extended);
                true
            }
        };
        if !is_new {
            return;
        }
        self.bytes += payload.len() as u64;
        let assembly = self.frames.entry(timestamp).or_default();
        assembly.parts.push(number);
        assembly.count = usize::from(payload[16]);
        assembly.tl0 = payload[4];
        assembly.temporal = payload[5] >> 6;
        assembly.key = payload[17] == 1;
        self.layer = Some((payload[14], payload[15]));
        self.decode(now);
    }

    fn decode(&mut self, now: Micros) {
        loop {
            let next = self.frames.iter().find_map(|(timestamp, frame)| {
                let complete = frame.parts.len() == frame.count;
                let follows = match (self.last_tl0, frame.temporal) {
                    _ if frame.key => true,
                    (Some(last), 0) => frame.tl0 == last.wrapping_add(1),
                    (Some(last), _) => frame.tl0 == last,
                    (None, _) => false,
                };
                (complete && follows).then_some((*timestamp, frame.tl0))
            });
            let Some((timestamp, tl0)) = next else {
                return;
            };
            let after = self.last_timestamp.is_none_or(|last| timestamp > last);
            assert!(after, "frames go back in time");
            self.last_timestamp = Some(timestamp);
            self.last_tl0 = Some(tl0);
            self.frames = self.frames.split_off(&(timestamp + 1));
            self.decoded += 1;
            if let Some(last) = self.last_decoded {
                self.longest_gap = self.longest_gap.max(now.since(last));
            }
            self.last_decoded = Some(now);
        }
    }

    pub(super) fn requests(&mut self, now: Micros, asks: bool) -> Vec<Vec<u8>> {
        let mut lost = Vec::new();
        for (number, (requested, tries)) in &mut self.missing {
            if requested.is_none_or(|at| now.since(at) >= 70 * MS) {
                *requested = Some(now);
                *tries += 1;
                lost.push(*number as u16);
            }
        }
        self.missing.retain(|_, (_, tries)| *tries <= 10);
        let mut packets: Vec<_> = lost
            .chunks(100)
            .map(|lost| {
                written(&NackBuilder {
                    sender_ssrc: 1,
                    media_ssrc: OUT_SSRC,
                    lost,
                })
            })
            .collect();
        let waited = |at: Option<Micros>| at.is_none_or(|at| now.since(at) > 500 * MS);
        if asks && !self.frames.is_empty() && waited(self.last_decoded) && waited(self.asked) {
            self.asked = Some(now);
            packets.push(written(&Pli {
                sender_ssrc: 1,
                media_ssrc: OUT_SSRC,
            }));
        }
        packets
    }
}

pub(super) fn written(packet: &impl RtcpWrite) -> Vec<u8> {
    let mut buffer = vec![0; 1_500];
    let len = packet.write(&mut buffer).expect("buffer is large enough");
    buffer.truncate(len);
    buffer
}
