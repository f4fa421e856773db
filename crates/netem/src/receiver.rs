//! A model receiver of video: assembles frames, requests repeats and key frames, measures freezes.

use std::collections::BTreeMap;

use hubbub_congestion::{MILLISECOND, Micros};
use hubbub_wire::rtcp::{MAX_COMPOUND_LEN, NackBuilder, Pli, RtcpWrite};

use crate::packet::VideoPacket;

const MAX_NACKS: u32 = 10;
/// Chromium waits this long for a missing frame before it asks for a key frame.
const KEY_FRAME_AFTER: u64 = 500 * MILLISECOND;
/// Of the receiver.
const SSRC: u32 = 1_000;
const NACK_SCAN: u64 = 20 * MILLISECOND;

#[derive(Debug, Clone, Copy)]
struct Missing {
    requested: Option<Micros>,
    tries: u32,
}

#[derive(Debug, Clone, Default)]
struct Assembly {
    received: Vec<u16>,
    count: u16,
    needs: Option<u32>,
}

/// The frames of one forwarded stream.
#[derive(Debug, Clone)]
pub(crate) struct VideoReceiver {
    /// The SSRC of the stream.
    ssrc: u32,
    rtt: u64,
    highest: Option<u64>,
    missing: BTreeMap<u64, Missing>,
    frames: BTreeMap<u32, Assembly>,
    /// The decoded frames that others may need.
    decoded: Vec<u32>,
    last_decoded: Option<Micros>,
    asked_for_key_frame: Option<Micros>,
    due: Micros,
    longest_gap: u64,
}

impl VideoReceiver {
    /// A receiver that repeats a request after `rtt` microseconds.
    pub(crate) const fn new(now: Micros, ssrc: u32, rtt: u64) -> Self {
        Self {
            ssrc,
            rtt,
            highest: None,
            missing: BTreeMap::new(),
            frames: BTreeMap::new(),
            decoded: Vec::new(),
            last_decoded: None,
            asked_for_key_frame: None,
            due: now.plus(NACK_SCAN),
            longest_gap: 0,
        }
    }

    /// The longest time between two decoded frames since the last call, microseconds; the current one counts.
    pub(crate) fn take_longest_gap(&mut self, now: Micros) -> u64 {
        let current = self.last_decoded.map_or(0, |last| now.since(last));
        std::mem::take(&mut self.longest_gap).max(current)
    }

    /// Counts a packet. Returns whether it is new.
    pub(crate) fn arrived(&mut self, now: Micros, packet: &VideoPacket) -> bool {
        let extended = self.extend(packet.sequence);
        let fresh = match self.highest {
            None => {
                self.highest = Some(extended);
                true
            }
            Some(highest) if extended > highest => {
                for missing in highest + 1..extended {
                    self.missing.insert(
                        missing,
                        Missing {
                            requested: None,
                            tries: 0,
                        },
                    );
                }
                self.highest = Some(extended);
                true
            }
            Some(_) => self.missing.remove(&extended).is_some(),
        };
        if fresh {
            self.assemble(now, packet);
        }
        fresh
    }

    /// When [`Self::requests`] is to be called.
    pub(crate) const fn due(&self) -> Micros {
        self.due
    }

    /// The RTCP packets due: repeats of lost packets, a key frame.
    pub(crate) fn requests(&mut self, now: Micros) -> Vec<Vec<u8>> {
        self.due = now.plus(NACK_SCAN);
        let rtt = self.rtt;
        let mut lost = Vec::new();
        for (sequence, missing) in &mut self.missing {
            if missing.requested.is_none_or(|at| now.since(at) >= rtt) {
                missing.requested = Some(now);
                missing.tries += 1;
                lost.push(*sequence as u16);
            }
        }
        self.missing.retain(|_, missing| missing.tries <= MAX_NACKS);
        let mut packets = Vec::new();
        for lost in lost.chunks(100) {
            packets.extend(write(&NackBuilder {
                sender_ssrc: SSRC,
                media_ssrc: self.ssrc,
                lost,
            }));
        }
        let stalled = !self.frames.is_empty()
            && self
                .last_decoded
                .is_none_or(|last| now.since(last) > KEY_FRAME_AFTER);
        let asks = self
            .asked_for_key_frame
            .is_none_or(|at| now.since(at) > KEY_FRAME_AFTER);
        if stalled && asks {
            self.asked_for_key_frame = Some(now);
            packets.extend(write(&Pli {
                sender_ssrc: SSRC,
                media_ssrc: self.ssrc,
            }));
        }
        packets
    }

    fn extend(&self, sequence: u16) -> u64 {
        match self.highest {
            None => 1 << 16 | u64::from(sequence),
            Some(highest) => {
                let step = sequence.wrapping_sub(highest as u16).cast_signed();
                highest.wrapping_add_signed(i64::from(step))
            }
        }
    }

    fn assemble(&mut self, now: Micros, packet: &VideoPacket) {
        let assembly = self.frames.entry(packet.frame).or_default();
        assembly.count = packet.count;
        assembly.needs = packet.needs;
        if !assembly.received.contains(&packet.index) {
            assembly.received.push(packet.index);
        }
        // Frames are decoded in their order; one whose reference is missing waits.
        while let Some(frame) = self.next_decodable() {
            self.decode(now, frame);
        }
    }

    fn next_decodable(&self) -> Option<u32> {
        self.frames.iter().find_map(|(frame, assembly)| {
            let complete = assembly.received.len() == usize::from(assembly.count);
            let decodable = assembly
                .needs
                .is_none_or(|needs| self.decoded.contains(&needs));
            (complete && decodable).then_some(*frame)
        })
    }

    fn decode(&mut self, now: Micros, frame: u32) {
        // Older frames will not be shown any more.
        let newer = self.frames.split_off(&frame);
        self.frames = newer;
        self.frames.remove(&frame);
        self.decoded.push(frame);
        if self.decoded.len() > 60 {
            self.decoded.remove(0);
        }
        if let Some(last) = self.last_decoded {
            self.longest_gap = self.longest_gap.max(now.since(last));
        }
        self.last_decoded = Some(now);
    }
}

fn write(packet: &impl RtcpWrite) -> Option<Vec<u8>> {
    let mut buffer = vec![0; MAX_COMPOUND_LEN];
    let len = packet.write(&mut buffer).ok()?;
    buffer.truncate(len);
    Some(buffer)
}
