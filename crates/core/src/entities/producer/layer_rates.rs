//! The bitrates of a stream's layers, as the allocation of bandwidth needs them: smoothed over some seconds.

use hubbub_codec::{DecodeTargets, Layer};

use crate::api::Micros;

/// The rates are updated this often.
const WINDOW_US: u64 = 250_000;
/// The time constant of the smoothing. A key frame must not look like a higher bitrate: encoders save its bits afterwards.
const SMOOTHING_US: u64 = 3_000_000;
/// Kinds of frames that are told apart, by the decode targets that need them. A structure has at most nine.
const MAX_KINDS: usize = 16;

#[derive(Debug, Clone)]
struct Meter {
    targets: DecodeTargets,
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
}

impl LayerRates {
    /// Nothing was measured.
    pub(crate) const fn new() -> Self {
        Self {
            meters: Vec::new(),
            window_start: None,
            is_measured: false,
        }
    }

    /// Keeps the rates and forgets the current window: the stream starts again after a pause, which is not measured.
    pub(crate) fn restart(&mut self) {
        self.window_start = None;
        for meter in &mut self.meters {
            meter.bytes = 0;
        }
    }

    /// Counts a packet of a frame that these targets need.
    pub(crate) fn add(&mut self, now: Micros, targets: DecodeTargets, bytes: usize) {
        self.advance(now);
        let found = self
            .meters
            .iter()
            .position(|meter| meter.targets == targets);
        let index = found.unwrap_or_else(|| {
            if self.meters.len() < MAX_KINDS {
                self.meters.push(Meter {
                    targets,
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

    /// Ends the current window if it is over.
    pub(crate) fn advance(&mut self, now: Micros) {
        let start = *self.window_start.get_or_insert(now);
        let elapsed = now.since(start);
        if elapsed < WINDOW_US {
            return;
        }
        self.window_start = Some(now);
        let weight = if self.is_measured {
            (elapsed as f64 / SMOOTHING_US as f64).min(1.0)
        } else {
            1.0
        };
        self.is_measured = true;
        for meter in &mut self.meters {
            let rate = 8e6 * std::mem::take(&mut meter.bytes) as f64 / elapsed as f64;
            meter.rate += weight * (rate - meter.rate);
        }
    }

    /// The bitrate of a decode target; `None` before it was measured.
    pub(crate) fn bitrate(&self, target: Layer) -> Option<u64> {
        let needed = self
            .meters
            .iter()
            .filter(|meter| meter.targets.contains(target));
        let rate: f64 = needed.map(|meter| meter.rate).sum();
        self.is_measured.then_some(rate as u64)
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

    #[test]
    fn a_decode_target_costs_what_its_frames_need() {
        let mut rates = LayerRates::new();
        for frame in 0..60 {
            let now = Micros(frame * 25_000);
            rates.add(now, from((frame % 2) as u8), 1_000);
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
        for frame in 0..20 {
            rates.add(Micros(frame * 25_000), DecodeTargets::ALL, 1_000);
        }
        rates.advance(Micros(2_000_000));
        let after = rates.bitrate(layer(0, 0)).unwrap();
        assert!((150_000..200_000).contains(&after), "{after}");
        rates.advance(Micros(6_000_000));
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
            rates.add(Micros(frame * 25_000), DecodeTargets::ALL, bytes);
            highest = highest.max(rates.bitrate(layer(0, 0)).unwrap_or_default());
        }
        assert!((320_000..360_000).contains(&highest), "{highest}");
    }

    #[test]
    fn a_pause_before_a_restart_is_not_measured() {
        let mut rates = LayerRates::new();
        for frame in 0..20 {
            rates.add(Micros(frame * 25_000), DecodeTargets::ALL, 1_000);
        }
        let before = rates.bitrate(layer(0, 0));
        rates.restart();
        for frame in 0..20 {
            rates.add(
                Micros(60_000_000 + frame * 25_000),
                DecodeTargets::ALL,
                1_000,
            );
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
            rates.add(Micros(0), targets, 1);
        }
        assert_eq!(rates.meters.len(), MAX_KINDS);
    }
}
