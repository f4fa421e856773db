//! What the estimate of a link to another node is spent on: upper encodings are left out first, and audio never.

use hubbub_congestion::{Allocation, Candidate, wanted};

use crate::api::Micros;
use crate::entities::{
    CongestionControl, DanglingKey, EncodingSet, PipeConsumerKey, PipedSteps, TransportKey,
};

use super::Worker;

/// Scratch lists of an allocation.
#[derive(Debug, Default)]
pub(super) struct PipeCandidates {
    keys: Vec<PipeConsumerKey>,
    candidates: Vec<Candidate<PipedSteps>>,
}

impl Worker {
    /// Divides the estimate of a link among the videos that it carries: the lowest encodings of all first.
    pub(super) fn allocate_pipes(
        &mut self,
        now: Micros,
        key: TransportKey,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        let (Some(congestion), Some(link)) =
            (transport.congestion.as_deref_mut(), transport.link.pipe())
        else {
            return Ok(());
        };
        let mut list = std::mem::take(&mut self.pipe_candidates);
        list.keys.clear();
        list.candidates.clear();
        for consumer_key in &link.consumers {
            let consumer = self.tables.pipe_consumers.get(*consumer_key)?;
            if !consumer.is_allocated {
                continue;
            }
            let producer = self.tables.producers.get_mut(consumer.producer)?;
            let steps = if producer.paused {
                PipedSteps::default()
            } else {
                producer.piped_steps(now, consumer.wanted)
            };
            list.keys.push(*consumer_key);
            list.candidates.push(Candidate {
                priority: 1,
                pixels: 0,
                steps,
                allocation: consumer.allocation,
            });
        }
        divide(congestion, now, &mut list.candidates);
        for (key, candidate) in list.keys.iter().zip(&list.candidates) {
            let encodings = match candidate.allocation {
                Allocation::Step(step) => candidate.steps.encodings(step),
                Allocation::PausedByBandwidth | Allocation::Unavailable => 0,
            };
            self.tables.pipe_consumers.get_mut(*key)?.allocation = candidate.allocation;
            self.send_encodings(now, *key, encodings)?;
        }
        self.pipe_candidates = list;
        Ok(())
    }

    /// Makes a pipe consumer send these encodings and no others. One that it did not send before starts with a key frame.
    pub(super) fn send_encodings(
        &mut self,
        now: Micros,
        key: PipeConsumerKey,
        encodings: EncodingSet,
    ) -> Result<(), DanglingKey> {
        let consumer = self.tables.pipe_consumers.get_mut(key)?;
        if consumer.sent_encodings() == encodings {
            return Ok(());
        }
        let producer_key = consumer.producer;
        let producer = self.tables.producers.get_mut(producer_key)?;
        for (index, encoding) in consumer.encodings.iter_mut().enumerate() {
            if encoding.switch(encodings >> index & 1 == 1) {
                producer.ask_for_key_frame(index);
            }
        }
        self.update_wanted_encodings(now, producer_key)?;
        self.send_key_frame_requests(now, producer_key)
    }
}

/// Divides the estimate among the candidates.
fn divide(
    congestion: &mut CongestionControl,
    now: Micros,
    candidates: &mut [Candidate<PipedSteps>],
) {
    congestion.wanted = wanted(candidates);
    congestion.estimator.set_wanted(now, congestion.wanted);
    let estimate = congestion.estimator.estimate();
    congestion.allocated = congestion.allocator.allocate(now, estimate, candidates);
}
