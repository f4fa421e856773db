//! Bandwidth: the estimate of each transport's link, and what its video consumers get of it.

use hubbub_congestion::{Allocation, Candidate, Estimator, wanted};

use crate::api::{Event, Micros};
use crate::entities::{Allowance, ConsumerKey, DanglingKey, LayerSteps, Origin, TransportKey};

use super::Worker;

/// Percent of the bitrate of what is not seen yet that must be free before it may start without allocation.
const PLENTY: u64 = 140;

impl Worker {
    /// Lets time pass for the estimate.
    pub(super) fn tick_congestion(
        &mut self,
        now: Micros,
        key: TransportKey,
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        if let Some(congestion) = &mut transport.congestion {
            congestion.tick(now);
            if let Some(sample) = congestion.sample(now) {
                let media = &mut self.counters.media;
                media.estimate_sent.record(sample.estimate);
                media.allocated_sent.record(sample.allocated);
                media.wanted_sent.record(sample.wanted);
            }
            self.follow_estimate(now, key)?;
        }
        Ok(())
    }

    /// Updates the estimate by what the client says of its link. The estimator knows which of its reports says most.
    pub(super) fn update_estimate(
        &mut self,
        now: Micros,
        key: TransportKey,
        update: impl FnOnce(&mut Estimator),
    ) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        if let Some(congestion) = &mut transport.congestion {
            update(&mut congestion.estimator);
            congestion.adopt_estimate(now);
            self.follow_estimate(now, key)?;
        }
        Ok(())
    }

    /// After a change of the estimate, or of what is wanted: allocates it and sends the probes that are due.
    fn follow_estimate(&mut self, now: Micros, key: TransportKey) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        if let Some(congestion) = &mut transport.congestion
            && congestion.allocation_is_due(now)
        {
            self.allocate(now, key)?;
        }
        let transport = self.tables.transports.get_mut(key)?;
        if let Some(congestion) = &mut transport.congestion {
            congestion.start_probe(now);
            if congestion.pacer.is_probing() {
                self.release_queue.add(now, key, congestion);
            }
        }
        Ok(())
    }

    /// Divides the estimate of a transport among its video consumers.
    pub(super) fn allocate(&mut self, now: Micros, key: TransportKey) -> Result<(), DanglingKey> {
        let transport = self.tables.transports.get_mut(key)?;
        if transport.link.pipe().is_some() {
            return self.allocate_pipes(now, key);
        }
        let Some(congestion) = transport.congestion.as_deref_mut() else {
            return Ok(());
        };
        self.candidates.clear();
        self.due.clear();
        let mut audio = 0;
        for consumer_key in &transport.consumers {
            let consumer = self.tables.consumers.get_mut(*consumer_key)?;
            if !consumer.is_allocated() {
                audio += consumer.rate.bits_per_second(now);
                continue;
            }
            let producer = self.tables.producers.get_mut(consumer.producer)?;
            let wants = !consumer.paused && !producer.paused;
            self.due.push(*consumer_key);
            self.candidates.push(Candidate {
                priority: consumer.priority,
                pixels: consumer.preferred.spatial.into(),
                steps: if wants {
                    producer.steps(now, consumer.preferred)
                } else {
                    LayerSteps::default()
                },
                allocation: consumer.allocation,
            });
        }
        congestion.wanted = wanted(&self.candidates);
        congestion.estimator.set_wanted(now, congestion.wanted);
        let estimate = congestion.estimate_for_video(audio);
        congestion.allocated = congestion
            .allocator
            .allocate(now, estimate, &mut self.candidates);
        congestion.videos = self.candidates.len() as u64;
        let free = estimate.saturating_sub(congestion.allocated);
        let is_queueing = congestion.estimator.is_queueing();
        while let (Some(candidate), Some(key)) = (self.candidates.pop(), self.due.pop()) {
            let allowance = allowance(candidate.allocation, &candidate.steps, free);
            let consumer = self.tables.consumers.get_mut(key)?;
            consumer.allocation = candidate.allocation;
            let postponed = consumer.postponed_request.take_if(|until| *until <= now);
            self.allow(now, key, allowance, is_queueing)?;
            if postponed.is_some() {
                self.request_key_frame_of_consumer(now, key)?;
            }
        }
        Ok(())
    }

    /// Adopts what bandwidth allows. While packets wait in a long queue, nothing more is sent of an encoding that is too high: it
    /// would arrive late, and delay the key frame of the lower one.
    fn allow(
        &mut self,
        now: Micros,
        key: ConsumerKey,
        allowance: Allowance,
        is_queueing: bool,
    ) -> Result<(), DanglingKey> {
        let consumer = self.tables.consumers.get_mut(key)?;
        let producer_key = consumer.producer;
        let producer = self.tables.producers.get_mut(producer_key)?;
        let was_leaving = consumer.is_leaving(producer);
        if consumer.allow(allowance, producer) {
            let event = Event::BandwidthPause {
                consumer: consumer.id,
                paused: consumer.is_starved(),
            };
            self.events.replace(&mut consumer.pause_event, event);
        }
        if !consumer.is_leaving(producer) {
            return Ok(());
        }
        if is_queueing {
            consumer.stop_forwarding();
            consumer.forget_reported_layers();
        }
        if !was_leaving {
            producer.expect_key_frame_of_less(consumer.target_encoding(producer));
            // Of a client's encodings, the lower ones are sent.
            if producer.origin == Origin::Pipe {
                self.update_wanted_encodings(now, producer_key)?;
            }
            self.send_key_frame_requests(now, producer_key)?;
        }
        Ok(())
    }
}

/// What a consumer may receive. The highest step is no limit: layers above it would be steps if they were sent. Encodings
/// that were not seen yet may start at once if there is room for them.
fn allowance(allocation: Allocation, steps: &LayerSteps, free: u64) -> Allowance {
    let step = match allocation {
        Allocation::Step(step) => step,
        Allocation::PausedByBandwidth => return Allowance::Nothing,
        Allocation::Unavailable => return Allowance::ALL,
    };
    match steps.layers(step) {
        Some((layers, false)) => Allowance::UpTo(layers),
        Some((layers, true)) if steps.unseen * PLENTY / 100 > free => Allowance::UpTo(layers),
        _ => Allowance::ALL,
    }
}
