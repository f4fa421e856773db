//! The scores of a producer's streams.

use super::state::Producer;
use crate::api::EncodingScore;

impl Producer {
    /// The score of the encoding's stream: 0 while it does not arrive.
    pub(crate) fn score(&self, encoding: usize) -> u8 {
        let stream = self
            .stream(encoding)
            .filter(|_| self.layers.is_live(encoding));
        stream.map_or(0, |stream| stream.score.value())
    }

    /// The scores of the streams that arrived and are wanted, if one has changed since the last call. One that is switched
    /// off, or starts, keeps its score: it is not the sender's fault that it does not arrive.
    pub(crate) fn changed_scores(&mut self) -> Option<Vec<EncodingScore>> {
        let is_scored = |producer: &Self, encoding: usize| {
            let layers = &producer.layers;
            producer.stream(encoding).is_some()
                && (layers.is_live(encoding) || !layers.is_available(encoding))
        };
        let mut changed = false;
        for encoding in 0..self.encodings.len() {
            if is_scored(self, encoding) {
                let score = self.score(encoding);
                if let Some(reported) = self.reported_scores.get_mut(encoding) {
                    changed |= std::mem::replace(reported, score) != score;
                }
            }
        }
        changed.then(|| {
            let scored = (0..self.encodings.len()).filter(|encoding| is_scored(self, *encoding));
            scored
                .filter_map(|encoding| {
                    Some(EncodingScore {
                        encoding: encoding as u8,
                        ssrc: self.stream(encoding)?.ssrc,
                        rid: self.encodings.get(encoding)?.rid.clone(),
                        score: self.score(encoding),
                    })
                })
                .collect()
        })
    }
}
