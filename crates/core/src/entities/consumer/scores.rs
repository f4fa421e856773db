//! The score of a consumer: how well its client receives it.

use super::reported_loss::Reported;
use super::state::Consumer;
use crate::entities::producer::Producer;
use crate::entities::stream_score::Delivery;

impl Consumer {
    /// Adds what the client's report says to the score.
    pub(crate) fn add_to_score(&mut self, reported: &Reported) {
        let (packets, retransmissions) = self.budget.allowed();
        let former = std::mem::replace(&mut self.scored_repairs, (packets, retransmissions));
        self.score.add(Delivery {
            expected: reported.expected,
            lost: reported.lost,
            repaired: packets - former.0,
            retransmitted: retransmissions - former.1,
        });
    }

    /// The score and the forwarded encoding of the producer, if the score or that of the encoding has changed since the last
    /// call. While no stream is forwarded, nothing changes.
    pub(crate) fn changed_scores(&mut self, producer: &Producer) -> Option<(u8, u8)> {
        let encoding = self.forwarded_encoding(producer)?;
        let scores = (self.score.value(), producer.score(encoding));
        let changed = std::mem::replace(&mut self.reported_scores, scores) != scores;
        changed.then_some((scores.0, encoding as u8))
    }
}
