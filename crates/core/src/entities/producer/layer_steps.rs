//! The steps in which a producer's video can be forwarded, and what each costs.

use hubbub_codec::Layer;
use hubbub_congestion::Step;

use super::state::Producer;
use crate::api::Micros;

/// Steps of one producer: those of every codec's grid.
const MAX_STEPS: usize = 16;
/// With more encodings than this, temporal layers are no steps of their own.
const MAX_TEMPORAL_ENCODINGS: usize = 4;
/// Percent of the bitrate of a lower encoding that a higher one needs at least. With hardly more bits, it has far fewer frames
/// and is not worth the key frame.
const GAIN: u64 = 130;
/// Bitrates that encodings are assumed to need before they were measured, bit/s, highest encoding first.
const ASSUMED: [u64; 3] = [2_500_000, 500_000, 150_000];
/// The same for a producer's only encoding.
const ASSUMED_SINGLE: u64 = 1_000_000;

/// The steps, lowest first. As in `SetPreferredLayers`, `spatial` is that of the encodings, or of a single encoding.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LayerSteps {
    steps: [Step; MAX_STEPS],
    layers: [Layer; MAX_STEPS],
    len: usize,
    /// What encodings that have not been seen yet may need in addition, bit/s.
    pub(crate) unseen: u64,
}

impl AsRef<[Step]> for LayerSteps {
    fn as_ref(&self) -> &[Step] {
        self.steps.get(..self.len).unwrap_or_default()
    }
}

impl LayerSteps {
    /// The layers of a step, and whether it is the highest.
    pub(crate) fn layers(&self, step: usize) -> Option<(Layer, bool)> {
        let layers = self.layers.get(step).filter(|_| step < self.len)?;
        Some((*layers, step + 1 == self.len))
    }

    fn push(&mut self, layer: Layer, encoding: u8, bitrate: u64) {
        let least = self.as_ref().last().map_or(0, |step| step.bitrate);
        let places = self
            .steps
            .get_mut(self.len)
            .zip(self.layers.get_mut(self.len));
        if let Some((step, layers)) = places {
            *step = Step {
                bitrate: bitrate.max(least),
                encoding,
            };
            *layers = layer;
            self.len += 1;
        }
    }
}

impl Producer {
    /// The steps up to the preferred layers. Never empty. An encoding that is switched off is a step at its former bitrate:
    /// bandwidth is sought for it, and when it has some, the client is asked to send it.
    pub(crate) fn steps(&mut self, now: Micros, preferred: Layer) -> LayerSteps {
        let mut steps = LayerSteps::default();
        for (encoding, stream) in self.streams.iter_mut().enumerate() {
            if let Some(stream) = stream
                && self.layers.is_live(encoding)
            {
                stream.layer_rates.advance(now);
            }
        }
        match self.encodings.len() {
            1 => self.push_single(preferred, &mut steps),
            count => {
                let any_lives = (0..count).any(|encoding| self.layers.is_live(encoding));
                for encoding in 0..count.min(usize::from(preferred.spatial) + 1) {
                    if self.layers.is_available(encoding) || !any_lives {
                        self.push_encoding(encoding, preferred, &mut steps);
                    } else if self.stream(encoding).is_none() {
                        steps.unseen += self.assumed(encoding);
                    }
                }
                if steps.len == 0 {
                    // The preferred encodings have stopped: the lowest above takes their place.
                    self.push_encoding(
                        self.layers.target(preferred.spatial),
                        preferred,
                        &mut steps,
                    );
                }
            }
        }
        steps
    }

    /// What an encoding is taken to need before it was measured, bit/s.
    pub(super) fn assumed(&self, encoding: usize) -> u64 {
        if let Some(inherited) = self.inherited(encoding) {
            return inherited;
        }
        if self.encodings.len() == 1 {
            return ASSUMED_SINGLE;
        }
        let below_top = self.encodings.len().saturating_sub(encoding + 1);
        let lowest = ASSUMED.last().copied().unwrap_or_default();
        ASSUMED.get(below_top).copied().unwrap_or(lowest)
    }

    fn push_encoding(&self, encoding: usize, preferred: Layer, steps: &mut LayerSteps) {
        let spatial = encoding as u8;
        let stream = self.stream(encoding);
        let top = stream.map_or(0, |stream| stream.top.temporal.min(preferred.temporal));
        let lowest = if self.encodings.len() > MAX_TEMPORAL_ENCODINGS {
            top
        } else {
            0
        };
        let bitrate = |temporal| {
            let target = Layer {
                spatial: 0,
                temporal,
            };
            let measured = stream.and_then(|stream| stream.layer_rates.bitrate(target));
            measured.unwrap_or_else(|| self.assumed(encoding))
        };
        let below = steps.as_ref().last().map_or(0, |step| step.bitrate);
        let worthwhile = lowest_worthwhile(lowest..top, below, bitrate);
        for temporal in lowest..=top {
            // The number of steps stays, so that an index means the same when the bitrates change.
            let temporal = temporal.max(worthwhile.unwrap_or(top));
            let layer = Layer { spatial, temporal };
            steps.push(layer, spatial, bitrate(temporal));
        }
    }

    fn push_single(&self, preferred: Layer, steps: &mut LayerSteps) {
        let Some(stream) = self.stream(0) else {
            return steps.push(Layer::default(), 0, self.assumed(0));
        };
        let top = stream.top.at_most(preferred).on_grid();
        for spatial in 0..=top.spatial.min(stream.spatial.limit()) {
            for temporal in 0..=top.temporal {
                let target = Layer { spatial, temporal };
                let bitrate = stream.layer_rates.bitrate(target);
                steps.push(target, 0, bitrate.unwrap_or_else(|| self.assumed(0)));
            }
        }
    }
}

/// The lowest of these temporal layers of an encoding that is worth to leave a lower encoding of bitrate `below`.
fn lowest_worthwhile(
    mut temporal: std::ops::Range<u8>,
    below: u64,
    bitrate: impl Fn(u8) -> u64,
) -> Option<u8> {
    temporal.find(|temporal| bitrate(*temporal) * 100 >= below * GAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_step_is_the_last() {
        let mut steps = LayerSteps::default();
        let upper = Layer {
            spatial: 0,
            temporal: 1,
        };
        steps.push(Layer::default(), 0, 1_000);
        steps.push(upper, 0, 2_000);
        assert_eq!(steps.layers(0), Some((Layer::default(), false)));
        assert_eq!(steps.layers(1), Some((upper, true)));
        assert_eq!(steps.layers(2), None);
    }

    #[test]
    fn a_higher_encoding_starts_with_the_temporal_layer_that_is_worth_it() {
        let bitrate = |temporal| [245_000, 367_000, 612_000][usize::from(temporal)];
        assert_eq!(lowest_worthwhile(0..2, 0, bitrate), Some(0), "the lowest");
        assert_eq!(lowest_worthwhile(0..2, 150_000, bitrate), Some(0));
        assert_eq!(lowest_worthwhile(0..2, 216_000, bitrate), Some(1));
        assert_eq!(lowest_worthwhile(0..2, 400_000, bitrate), None);
    }
}
