//! The bitrates of a stream's layers, as the allocation of bandwidth needs them.
//!
//! Rules
//! - An allocation that took too low a bitrate fills the queue of the link, so a rate rises at once. It falls slowly at first:
//!   after a restart encoders send little for a second or two. A fall that lasts is believed: a video that was sharper once
//!   must not keep others from what is free.
//! - A key frame is no higher bitrate: encoders save its bits afterwards. Its bits are spread over some seconds.
//! - How the bits are divided among the layers changes slowly, so it is smoothed for longer than their sum. Few frames of a
//!   layer are in a window.

use hubbub_codec::{DecodeTargets, Layer};

use crate::api::Micros;

/// The rates are updated this often.
const WINDOW_US: u64 = 250_000;
/// The time constant of the stream's rate.
const RECENT_US: u64 = 750_000;
/// The time constant of a layer's rate, and of key frames, ...
const SMOOTHING_US: u64 = 3_000_000;
/// ... and in the first seconds in which the stream's rate is lower than it was.
const FALL_US: u64 = 8_000_000;
/// A rate that is lower for this long does not return soon.
const LASTING_US: u64 = 3_000_000;
/// Kinds of frames that are told apart, by the decode targets that need them. A structure has at most nine, of key frames
/// and of others.
const MAX_KINDS: usize = 24;

#[derive(Debug, Clone)]
struct Meter {
    targets: DecodeTargets,
    is_key: bool,
    /// Of the current window.
    bytes: u64,
    /// bit/s.
    rate: f64,
}

/// Measures what each decode target of a stream costs.
#[derive(Debug, Clone)]
pub(crate) struct LayerRates {
    meters: Vec<Meter>,
    window_start: Option<Micros>,
    is_measured: bool,
    /// The rate of all but key frames, bit/s.
    recent: f64,
    /// Since when `recent` is lower than the sum of the layers' rates, without a window in which nothing arrived.
    low_since: Option<Micros>,
    /// `recent` has been lower for [`LASTING_US`].
    has_fallen: bool,
    /// The RTP timestamp of the last key frame.
    key_frame: Option<u32>,
    /// What has arrived of it.
    key_frame_bytes: u64,
}

impl LayerRates {
    /// Nothing was measured.
    pub(crate) const fn new() -> Self {
        Self {
            meters: Vec::new(),
            window_start: None,
            is_measured: false,
            recent: 0.0,
            low_since: None,
            has_fallen: false,
            key_frame: None,
            key_frame_bytes: 0,
        }
    }

    /// Keeps the rates and forgets the current window: the stream starts again after a pause, which is not measured.
    pub(crate) fn restart(&mut self) {
        self.window_start = None;
        self.low_since = None;
        self.has_fallen = false;
        for meter in &mut self.meters {
            meter.bytes = 0;
        }
    }

    /// Counts a packet of a frame that these targets need. `timestamp` is the packet's.
    pub(crate) fn add(
        &mut self,
        now: Micros,
        targets: DecodeTargets,
        timestamp: u32,
        starts_key_frame: bool,
        bytes: usize,
    ) {
        self.advance(now);
        if starts_key_frame && self.key_frame.replace(timestamp) != Some(timestamp) {
            self.key_frame_bytes = 0;
        }
        let is_key = self.key_frame == Some(timestamp);
        if is_key {
            self.key_frame_bytes += bytes as u64;
        }
        let found = self
            .meters
            .iter()
            .position(|meter| meter.targets == targets && meter.is_key == is_key);
        let index = found.unwrap_or_else(|| {
            if self.meters.len() < MAX_KINDS {
                self.meters.push(Meter {
                    targets,
                    is_key,
                    bytes: 0,
                    rate: 0.0,
                });
            }
            self.meters.len() - 1
        });
        if let Some(meter) = self.meters.get_mut(index) {
            meter.bytes += bytes as u64;
        }
    }

    /// Bytes of the last key frame that have arrived.
    pub(crate) const fn key_frame_bytes(&self) -> u64 {
        self.key_frame_bytes
    }

    /// Ends the current window if it is over.
    pub(crate) fn advance(&mut self, now: Micros) {
        let start = *self.window_start.get_or_insert(now);
        let elapsed = now.since(start);
        if elapsed < WINDOW_US {
            return;
        }
        self.window_start = Some(now);
        let is_first = !std::mem::replace(&mut self.is_measured, true);
        let weight = |constant: u64| {
            if is_first {
                1.0
            } else {
                (elapsed as f64 / constant as f64).min(1.0)
            }
        };
        let bytes: u64 = self.frames().map(|meter| meter.bytes).sum();
        let rate = 8e6 * bytes as f64 / elapsed as f64;
        self.recent += weight(RECENT_US) * (rate - self.recent);
        let is_lower = self.recent < self.smoothed();
        if is_lower && bytes > 0 {
            let since = *self.low_since.get_or_insert(now);
            self.has_fallen = now.since(since) >= LASTING_US;
        } else {
            // A stream that stands still has no lower rate when it goes on.
            self.low_since = None;
            self.has_fallen = false;
        }
        let is_falling = is_lower && !self.has_fallen;
        for meter in &mut self.meters {
            let rate = 8e6 * std::mem::take(&mut meter.bytes) as f64 / elapsed as f64;
            let constant = if is_falling && !meter.is_key {
                FALL_US
            } else {
                SMOOTHING_US
            };
            meter.rate += weight(constant) * (rate - meter.rate);
        }
    }

    /// The bitrate of a decode target; `None` before it was measured.
    pub(crate) fn bitrate(&self, target: Layer) -> Option<u64> {
        let smoothed = self.smoothed();
        let follows = self.recent > smoothed || self.has_fallen;
        let change = if follows && smoothed > 0.0 {
            self.recent / smoothed
        } else {
            1.0
        };
        let needed = self
            .meters
            .iter()
            .filter(|meter| meter.targets.contains(target));
        let rate: f64 = needed
            .map(|meter| meter.rate * if meter.is_key { 1.0 } else { change })
            .sum();
        self.is_measured.then_some(rate as u64)
    }

    /// The meters of all but key frames.
    fn frames(&self) -> impl Iterator<Item = &Meter> {
        self.meters.iter().filter(|meter| !meter.is_key)
    }

    /// The sum of the layers' rates without key frames.
    fn smoothed(&self) -> f64 {
        self.frames().map(|meter| meter.rate).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn layer(spatial: u8, temporal: u8) -> Layer {
        Layer { spatial, temporal }
    }

    fn from(temporal: u8) -> DecodeTargets {
        DecodeTargets::select(|target| target.temporal >= temporal)
    }

    /// A frame of a stream of 40 frames per second.
    fn add(rates: &mut LayerRates, frame: u64, bytes: usize) {
        rates.add(
            Micros(frame * 25_000),
            DecodeTargets::ALL,
            frame as u32,
            false,
            bytes,
        );
    }

    /// Frames of equal size.
    fn feed(rates: &mut LayerRates, frames: std::ops::Range<u64>, bytes: usize) {
        for frame in frames {
            add(rates, frame, bytes);
        }
    }

    #[test]
    fn a_decode_target_costs_what_its_frames_need() {
        let mut rates = LayerRates::new();
        for frame in 0..60 {
            let now = Micros(frame * 25_000);
            rates.add(now, from((frame % 2) as u8), frame as u32, false, 1_000);
            if frame < 10 {
                assert_eq!(rates.bitrate(layer(0, 0)), None);
            }
        }
        assert_eq!(rates.bitrate(layer(0, 0)), Some(160_000));
        assert_eq!(rates.bitrate(layer(0, 1)), Some(320_000));
        assert_eq!(rates.bitrate(layer(2, 1)), Some(320_000));
    }

    #[test]
    fn the_rate_of_a_silent_stream_falls() {
        let mut rates = LayerRates::new();
        feed(&mut rates, 0..20, 1_000);
        rates.advance(Micros(2_500_000));
        let after = rates.bitrate(layer(0, 0)).unwrap();
        assert!((230_000..260_000).contains(&after), "{after}");
        rates.advance(Micros(10_500_000));
        assert_eq!(rates.bitrate(layer(0, 0)), Some(0));
    }

    #[test]
    fn a_key_frame_hardly_raises_the_rate() {
        let mut rates = LayerRates::new();
        let mut highest = 0;
        for frame in 0..100 {
            // 0.3 s of the stream in one frame, which the next ten save.
            let bytes = match frame {
                60 => 12_000,
                61..=70 => 0,
                _ => 1_000,
            };
            rates.add(
                Micros(frame * 25_000),
                DecodeTargets::ALL,
                frame as u32,
                frame == 60,
                bytes,
            );
            highest = highest.max(rates.bitrate(layer(0, 0)).unwrap_or_default());
        }
        assert!((320_000..360_000).contains(&highest), "{highest}");
    }

    #[test]
    fn a_rate_rises_within_a_second_and_falls_slowly() {
        let mut rates = LayerRates::new();
        let rate = |rates: &LayerRates| rates.bitrate(layer(0, 0)).unwrap();
        feed(&mut rates, 0..40, 1_000);
        feed(&mut rates, 40..81, 4_000);
        assert!(
            (950_000..1_280_000).contains(&rate(&rates)),
            "{}",
            rate(&rates)
        );
        feed(&mut rates, 81..400, 4_000);
        // An encoder that was started anew.
        feed(&mut rates, 400..481, 50);
        assert!(
            (950_000..1_280_000).contains(&rate(&rates)),
            "{}",
            rate(&rates)
        );
    }

    #[test]
    fn a_fall_that_lasts_is_believed() {
        let mut rates = LayerRates::new();
        feed(&mut rates, 0..400, 4_000);
        feed(&mut rates, 400..600, 500);
        let after = rates.bitrate(layer(0, 0)).unwrap();
        assert!((160_000..200_000).contains(&after), "{after}");
    }

    #[test]
    fn a_surge_counts_for_each_layer_by_its_share() {
        let mut rates = LayerRates::new();
        for frame in 0..200 {
            let bytes = if frame < 160 { 1_000 } else { 2_000 };
            let targets = from((frame % 2) as u8);
            rates.add(Micros(frame * 25_000), targets, frame as u32, false, bytes);
        }
        let (half, whole) = (rates.bitrate(layer(0, 0)), rates.bitrate(layer(0, 1)));
        assert_eq!(
            half.map(|half| 2 * half / 1_000),
            whole.map(|whole| whole / 1_000)
        );
    }

    #[test]
    fn an_encoder_that_starts_after_a_pause_has_not_fallen() {
        let mut rates = LayerRates::new();
        feed(&mut rates, 0..400, 4_000);
        feed(&mut rates, 400..420, 2_000);
        let before = rates.bitrate(layer(0, 0)).unwrap();
        rates.restart();
        feed(&mut rates, 820..840, 50);
        let after = rates.bitrate(layer(0, 0)).unwrap();
        assert!(after > before * 9 / 10, "{after} of {before}");
    }

    #[test]
    fn a_stream_that_stands_still_keeps_most_of_its_rate() {
        let mut rates = LayerRates::new();
        feed(&mut rates, 0..400, 4_000);
        let before = rates.bitrate(layer(0, 0)).unwrap();
        for window in 1..=16 {
            rates.advance(Micros(10_000_000 + window * WINDOW_US));
        }
        let after = rates.bitrate(layer(0, 0)).unwrap();
        assert!(after > before / 2, "{after} of {before}");
    }

    #[test]
    fn a_pause_before_a_restart_is_not_measured() {
        let mut rates = LayerRates::new();
        feed(&mut rates, 0..20, 1_000);
        let before = rates.bitrate(layer(0, 0));
        rates.restart();
        for frame in 0..20 {
            add(&mut rates, 2_400 + frame, 1_000);
        }
        assert_eq!(rates.bitrate(layer(0, 0)), before);
    }

    #[test]
    fn made_up_structures_occupy_bounded_memory() {
        let mut rates = LayerRates::new();
        for cell in 0..u16::MAX {
            let targets = DecodeTargets::select(|target| {
                cell >> (target.spatial * 4 + target.temporal) & 1 == 1
            });
            rates.add(Micros(0), targets, 0, false, 1);
        }
        assert_eq!(rates.meters.len(), MAX_KINDS);
    }
}
