//! A model of simulcast encodings with two temporal layers each, and of the forwarder's choice among them.

use std::collections::BTreeMap;

use hubbub_congestion::{MILLISECOND, Micros, Step};

use crate::packet::VideoPacket;
use crate::random::Random;

/// Share of the lower temporal layer, percent.
const BASE_SHARE: u64 = 60;
const FRAME_INTERVAL: u64 = 33_333;

/// The encodings that a source sends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ladder {
    /// Bitrates of the encodings, bit/s, ascending.
    pub encodings: &'static [u64],
    /// A key frame has this many times the size of an average frame.
    pub key_frame: f64,
}

/// Three encodings, as of a camera of 720 lines.
pub const THREE: Ladder = Ladder {
    encodings: &[150_000, 500_000, 2_500_000],
    key_frame: 5.0,
};

/// Two encodings, as of a camera of 360 lines. Its key frames are as large as libvpx makes them: half of a buffer of 600 ms.
pub const TWO: Ladder = Ladder {
    encodings: &[140_000, 390_000],
    key_frame: 9.0,
};

impl Ladder {
    /// The steps of the allocation: each encoding without and with its upper temporal layer.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let encodings = (0..).zip(self.encodings);
        encodings
            .flat_map(|(encoding, rate)| {
                [rate * BASE_SHARE / 100, *rate].map(|bitrate| Step { bitrate, encoding })
            })
            .collect()
    }
}
/// From the request to the publisher until the key frame arrives here.
const KEY_FRAME_DELAY: u64 = 100 * MILLISECOND;
/// Key frames are requested from an encoding at most this often.
const KEY_FRAME_INTERVAL: u64 = 300 * MILLISECOND;
const MAX_PACKET: u64 = 1_100;
/// Packets kept for retransmission.
const STORED: u16 = 1_000;

#[derive(Debug, Clone, Copy, Default)]
struct Encoding {
    requested: Option<Micros>,
    /// When the key frame arrives.
    key_frame_at: Option<Micros>,
    /// Bits by which key frames exceeded the rate; smaller frames follow.
    excess: f64,
}

/// The source, as one receiver sees it.
#[derive(Debug, Clone)]
pub(crate) struct Layered {
    /// Marks its packets.
    camera: u8,
    random: Random,
    ladder: Ladder,
    steps: Vec<Step>,
    encodings: Vec<Encoding>,
    next_frame: Micros,
    ticks: u64,
    /// The step allocated; `None` while paused.
    target: Option<usize>,
    /// The encoding forwarded.
    current: Option<usize>,
    /// How often another encoding was started.
    switches: u32,
    sequence: u16,
    frame: u32,
    /// The last base frame forwarded.
    reference: Option<u32>,
    stored: BTreeMap<u16, VideoPacket>,
    /// When nothing is wanted.
    pause: Option<(Micros, Micros)>,
}

impl Layered {
    /// A source of which nothing is forwarded yet, and of which nothing is wanted during the pause.
    pub(crate) fn new(
        now: Micros,
        seed: u64,
        camera: u8,
        ladder: Ladder,
        pause: Option<(Micros, Micros)>,
    ) -> Self {
        Self {
            camera,
            random: Random::new(seed),
            ladder,
            steps: ladder.steps(),
            encodings: vec![Encoding::default(); ladder.encodings.len()],
            next_frame: now,
            ticks: 0,
            target: None,
            current: None,
            switches: 0,
            sequence: 0,
            frame: 0,
            reference: None,
            stored: BTreeMap::new(),
            pause,
        }
    }

    /// The steps that the receiver wants.
    pub(crate) fn wanted(&self, now: Micros) -> &[Step] {
        match self.pause {
            Some((from, until)) if from <= now && now < until => &[],
            _ => &self.steps,
        }
    }

    /// How often another encoding was started, since the last call.
    pub(crate) const fn take_switches(&mut self) -> u32 {
        std::mem::replace(&mut self.switches, 0)
    }

    /// Adopts the allocation. A lower encoding comes with its next key frame; until then, the upper temporal layer is
    /// dropped.
    pub(crate) fn set_target(&mut self, now: Micros, target: Option<usize>) {
        if target == self.target {
            return;
        }
        self.target = target;
        match target {
            None => self.current = None,
            Some(step) if self.current != Some(step / 2) => self.request_key_frame(now, step / 2),
            Some(_) => {}
        }
    }

    /// Forwards nothing until the key frame of a lower encoding, if that is awaited.
    pub(crate) fn leave(&mut self) {
        let target = self.target.map(|step| step / 2);
        if target < self.current {
            self.current = None;
        }
    }

    /// The step that is forwarded now.
    pub(crate) fn forwarded(&self) -> Option<usize> {
        let current = self.current?;
        let upper = self.forwards_upper(current);
        Some(2 * current + usize::from(upper))
    }

    /// A receiver asks for a key frame.
    pub(crate) fn key_frame_requested(&mut self, now: Micros) {
        if let Some(encoding) = self.current.or(self.target.map(|step| step / 2)) {
            self.request_key_frame(now, encoding);
        }
    }

    /// The packet to repeat; none if it belongs to an encoding that is no longer forwarded, or soon will not be.
    pub(crate) fn repeat(&self, sequence: u16) -> Option<VideoPacket> {
        let packet = self.stored.get(&sequence)?;
        let encoding = usize::from(packet.step) / 2;
        let leaving = self.target.is_none_or(|target| target / 2 < encoding);
        (Some(encoding) == self.current && !leaving).then_some(*packet)
    }

    /// When the next frame arrives.
    pub(crate) const fn timer(&self) -> Micros {
        self.next_frame
    }

    /// The packets of the frames that arrive now and are forwarded.
    pub(crate) fn tick(&mut self, now: Micros) -> Vec<VideoPacket> {
        let mut packets = Vec::new();
        if now < self.next_frame {
            return packets;
        }
        self.next_frame = self.next_frame.plus(FRAME_INTERVAL);
        self.ticks += 1;
        let frames: Vec<_> = (0..self.encodings.len())
            .map(|index| self.encode(now, index))
            .collect();
        let wanted = self.target.map(|step| step / 2);
        if let Some((_, true)) = wanted.and_then(|index| frames.get(index)) {
            self.switches += u32::from(self.current != wanted);
            self.current = wanted;
        }
        if let Some(current) = self.current
            && let Some((bytes, key)) = frames.get(current)
        {
            self.forward(current, *bytes, *key, &mut packets);
        }
        packets
    }

    fn request_key_frame(&mut self, now: Micros, encoding: usize) {
        if let Some(encoding) = self.encodings.get_mut(encoding)
            && encoding.key_frame_at.is_none()
            && encoding
                .requested
                .is_none_or(|at| now.since(at) >= KEY_FRAME_INTERVAL)
        {
            encoding.requested = Some(now);
            encoding.key_frame_at = Some(now.plus(KEY_FRAME_DELAY));
        }
    }

    /// Size of an encoding's frame, and whether it is a key frame.
    fn encode(&mut self, now: Micros, index: usize) -> (u64, bool) {
        let noise = 0.9 + 0.2 * self.random.unit();
        let encoding = self.encodings.get_mut(index);
        let (Some(encoding), Some(bitrate)) = (encoding, self.ladder.encodings.get(index)) else {
            return (0, false);
        };
        let average = *bitrate as f64 * FRAME_INTERVAL as f64 / 1e6;
        if encoding.key_frame_at.is_some_and(|at| at <= now) {
            encoding.key_frame_at = None;
            let factor = self.ladder.key_frame;
            encoding.excess += (factor - 1.0) * average;
            return ((factor * average * noise / 8.0) as u64, true);
        }
        let base = self.ticks.is_multiple_of(2);
        let share = if base { BASE_SHARE } else { 100 - BASE_SHARE } as f64 / 50.0;
        let saved = encoding.excess.min(0.3 * average);
        encoding.excess -= saved;
        let bits = (average - saved) * share * noise;
        ((bits / 8.0) as u64, false)
    }

    fn forwards_upper(&self, current: usize) -> bool {
        match self.target {
            // The target is another encoding: a lower one needs the room, a higher one fits anyway.
            Some(step) if step / 2 < current => false,
            Some(step) if step / 2 > current => true,
            Some(step) => step % 2 == 1,
            None => false,
        }
    }

    fn forward(&mut self, encoding: usize, bytes: u64, key: bool, packets: &mut Vec<VideoPacket>) {
        let base = key || self.ticks.is_multiple_of(2);
        if !base && !self.forwards_upper(encoding) {
            return;
        }
        self.frame += 1;
        let needs = self.reference.filter(|_| !key);
        if base {
            self.reference = Some(self.frame);
        }
        let count = bytes.div_ceil(MAX_PACKET).max(1);
        for index in 0..count {
            let packet = VideoPacket {
                camera: self.camera,
                sequence: self.sequence,
                frame: self.frame,
                index: index as u16,
                count: count as u16,
                needs,
                step: (2 * encoding + usize::from(self.forwards_upper(encoding))) as u8,
                size: (bytes / count).clamp(50, MAX_PACKET) as u16,
            };
            self.stored.insert(self.sequence, packet);
            self.stored.remove(&self.sequence.wrapping_sub(STORED));
            self.sequence = self.sequence.wrapping_add(1);
            packets.push(packet);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_its_bitrate() {
        for (step, Step { bitrate, .. }) in THREE.steps().iter().enumerate() {
            let mut source = Layered::new(Micros(0), 1, 0, THREE, None);
            source.set_target(Micros(0), Some(step));
            let mut bytes = 0;
            for _ in 0..600 {
                let now = source.timer();
                let packets = source.tick(now);
                bytes += packets
                    .iter()
                    .map(|packet| u64::from(packet.size))
                    .sum::<u64>();
            }
            let measured = 8.0 * bytes as f64 / 20.0;
            assert!(
                (measured / *bitrate as f64 - 1.0).abs() < 0.1,
                "{step}: {measured}"
            );
        }
    }

    #[test]
    fn a_higher_encoding_starts_with_a_key_frame() {
        let mut source = Layered::new(Micros(0), 1, 0, THREE, None);
        source.set_target(Micros(0), Some(1));
        let mut frames = Vec::new();
        for n in 0..60 {
            let now = source.timer();
            if n == 30 {
                source.set_target(now, Some(5));
            }
            frames.extend(source.tick(now).first().copied());
        }
        let switch = frames.iter().position(|packet| packet.step == 5).unwrap();
        assert_eq!(frames[switch].needs, None);
        assert!(frames[switch + 1].needs.is_some());
    }
}
