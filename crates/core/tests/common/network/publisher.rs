//! A sender of three VP8 encodings with two temporal layers each.

use hubbub_core::api::Micros;
use hubbub_netem::Random;

use super::{ENCODINGS, MS};
use crate::common::media::{LAYER_SSRC, Packet};
use crate::common::specs::*;
use crate::common::{Client, World};

const FRAME_US: u64 = 33_333;
/// Percent of the bitrate in the lower temporal layer.
const BASE_SHARE: u64 = 60;
/// From a request to the key frame: the round trip to the sender, and its encoder.
const KEY_FRAME_DELAY: u64 = 100 * MS;
const MAX_PAYLOAD: usize = 1_100;
/// Descriptor, frame tag, and what the receiver of these tests reads.
const PREFIX: usize = 18;

#[derive(Debug, Clone, Default)]
struct Encoder {
    sequence: u16,
    picture: u16,
    tl0: u8,
    key_frame_at: Option<Micros>,
    is_off: bool,
    /// Bits by which key frames exceeded the rate.
    excess: f64,
    started: bool,
}

pub struct Publisher {
    client: Client,
    random: Random,
    encoders: [Encoder; 3],
    pub frames: u64,
    /// Key frame requests that arrived.
    pub requests: u64,
    pub next_frame: Micros,
}

impl Publisher {
    pub fn new(client: Client, start: Micros, seed: u64) -> Self {
        Self {
            client,
            random: Random::new(seed),
            encoders: Default::default(),
            frames: 0,
            requests: 0,
            next_frame: start,
        }
    }

    pub fn publish(&mut self, world: &mut World) {
        self.next_frame = self.next_frame.plus(FRAME_US);
        for encoding in 0..3 {
            if self.encoders[encoding].is_off {
                continue;
            }
            for packet in self.encode(world.now, encoding) {
                let protected = self.client.protect(&packet.bytes());
                world.datagram(self.client.path, &protected);
            }
        }
        self.frames += 1;
        if self.frames.is_multiple_of(150) {
            self.client.check(world, true);
        }
    }

    pub fn requested(&mut self, world: &mut World) {
        for ssrc in self.client.take_plis(world) {
            let encoder = &mut self.encoders[(ssrc - LAYER_SSRC) as usize];
            self.requests += 1;
            let at = world.now.plus(KEY_FRAME_DELAY);
            encoder.key_frame_at.get_or_insert(at);
        }
    }

    /// Sends these encodings from now on. As browsers, starts the others again.
    pub fn switch(&mut self, wanted: &[bool]) {
        for (encoder, wanted) in self.encoders.iter_mut().zip(wanted) {
            encoder.is_off = !wanted;
            encoder.started = false;
        }
    }

    fn encode(&mut self, now: Micros, encoding: usize) -> Vec<Packet<'static>> {
        const RIDS: [&[u8]; 3] = [b"r0", b"r1", b"r2"];
        let noise = 0.9 + 0.2 * self.random.unit();
        let encoder = &mut self.encoders[encoding];
        let average = ENCODINGS[encoding] as f64 * FRAME_US as f64 / 1e6;
        let key = !encoder.started || encoder.key_frame_at.is_some_and(|at| at <= now);
        encoder.started = true;
        let base = key || self.frames.is_multiple_of(2);
        let bits = if key {
            encoder.key_frame_at = None;
            encoder.excess += 4.0 * average;
            5.0 * average * noise
        } else {
            let saved = encoder.excess.min(0.3 * average);
            encoder.excess -= saved;
            let share = if base { BASE_SHARE } else { 100 - BASE_SHARE };
            (average - saved) * share as f64 / 50.0 * noise
        };
        let bytes = (bits / 8.0) as usize;
        let parts = bytes.div_ceil(MAX_PAYLOAD).max(1);
        encoder.picture = (encoder.picture + 1) & 0x7FFF;
        encoder.tl0 = encoder.tl0.wrapping_add(u8::from(base));
        (0..parts)
            .map(|part| {
                encoder.sequence = encoder.sequence.wrapping_add(1);
                let [high, low] = (encoder.picture | 0x8000).to_be_bytes();
                let start = if part == 0 { 0x90 } else { 0x80 };
                let layer = if base { 0 } else { 0x60 };
                let tag = if key { 0x10 } else { 0x11 };
                let mut payload = vec![start, 0xE0, high, low, encoder.tl0, layer, tag];
                payload.extend([0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00]);
                let read = [encoding, usize::from(!base), parts, usize::from(key)];
                payload.extend(read.map(|value| value as u8));
                payload.resize((bytes / parts).max(PREFIX), 0x55);
                Packet {
                    ssrc: LAYER_SSRC + encoding as u32,
                    payload_type: VP8,
                    sequence: encoder.sequence,
                    timestamp: (self.frames * 3_000) as u32,
                    marker: part + 1 == parts,
                    extensions: vec![(MID, b"0"), (RID, RIDS[encoding])],
                    payload,
                    padding: 0,
                }
            })
            .collect()
    }
}
