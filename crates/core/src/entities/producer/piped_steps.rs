//! The steps in which a producer's video can cross a link, and what each costs.

use hubbub_congestion::Step;

use super::state::Producer;
use super::wanted_encodings::{EncodingSet, MAX_ENCODINGS};
use crate::api::Micros;

/// The steps, lowest first: each adds an encoding to those before it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PipedSteps {
    steps: [Step; MAX_ENCODINGS],
    sets: [EncodingSet; MAX_ENCODINGS],
    len: usize,
}

impl AsRef<[Step]> for PipedSteps {
    fn as_ref(&self) -> &[Step] {
        self.steps.get(..self.len).unwrap_or_default()
    }
}

impl PipedSteps {
    /// The encodings of a step.
    pub(crate) fn encodings(&self, step: usize) -> EncodingSet {
        self.sets
            .get(..self.len)
            .and_then(|sets| sets.get(step))
            .copied()
            .unwrap_or_default()
    }

    fn push(&mut self, encoding: u8, bitrate: u64) {
        let below = self.len.checked_sub(1);
        let carried = below.map_or(0, |below| self.encodings(below));
        let taken = self.as_ref().last().map_or(0, |step| step.bitrate);
        let places = self
            .steps
            .get_mut(self.len)
            .zip(self.sets.get_mut(self.len));
        if let Some((step, set)) = places {
            *step = Step {
                bitrate: taken + bitrate,
                encoding,
            };
            *set = carried | 1 << encoding;
            self.len += 1;
        }
    }
}

impl Producer {
    /// The steps of these encodings, which the other side of a link wants. An encoding that does not arrive counts as what it
    /// needed when it did.
    pub(crate) fn piped_steps(&mut self, now: Micros, wanted: EncodingSet) -> PipedSteps {
        let mut steps = PipedSteps::default();
        let count = self.encodings.len();
        for encoding in 0..count.min(MAX_ENCODINGS) {
            if wanted >> encoding & 1 == 0 {
                continue;
            }
            let is_live = self.layers.is_live(encoding);
            let stream = self.streams.get_mut(encoding).and_then(Option::as_mut);
            let measured = stream.and_then(|stream| {
                if is_live {
                    stream.layer_rates.advance(now);
                }
                stream.layer_rates.bitrate(stream.top.on_grid())
            });
            let bitrate = measured.unwrap_or_else(|| self.assumed(encoding));
            steps.push(encoding as u8, bitrate);
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_adds_an_encoding() {
        let mut steps = PipedSteps::default();
        assert_eq!((steps.as_ref(), steps.encodings(0)), (&[][..], 0));
        steps.push(0, 100);
        steps.push(2, 2_000);
        let bitrates: Vec<_> = steps.as_ref().iter().map(|step| step.bitrate).collect();
        assert_eq!(bitrates, [100, 2_100]);
        assert_eq!([0, 1, 2].map(|step| steps.encodings(step)), [1, 5, 0]);
    }
}
