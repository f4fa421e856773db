//! Time-driven work. One tick every 10 ms visits all transports; paced packets leave at deadlines of their own.

use crate::api::{CloseReason, Micros};
use crate::entities::{DanglingKey, Link, TransportKey};

use super::Worker;

const TICK_US: u64 = 10_000;

impl Worker {
    /// When to call [`Self::handle_timeout`] next: at once while a router is being closed; `None` while the worker has no
    /// transport.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Micros> {
        if !self.closing.is_empty() {
            return Some(Micros(0));
        }
        let tick = (self.tables.transports.len() > 0).then_some(self.next_tick);
        tick.into_iter().chain(self.release_queue.deadline()).min()
    }

    /// Does the work that is due. Call it at [`Self::next_deadline`]; an earlier call does nothing.
    pub fn handle_timeout(&mut self, now: Micros) {
        self.in_flight.clear();
        self.continue_closing();
        self.release_packets(now);
        if now < self.next_tick {
            return;
        }
        self.next_tick = now.plus(TICK_US);
        for slot in 0..self.tables.transports.slot_count() {
            let Some(key) = self.tables.transports.key_at(slot) else {
                continue;
            };
            self.in_flight.clear();
            self.in_flight.transport = Some(key);
            let outcome = self.tick_transport(now, key);
            self.count_fault(outcome);
        }
        self.in_flight.clear();
        self.report_speakers(now);
    }

    fn tick_transport(&mut self, now: Micros, key: TransportKey) -> Result<(), DanglingKey> {
        if let Some(reason) = self.expired(now, key)? {
            self.close_transport(key, reason);
            return Ok(());
        }
        self.free_packet_memory(now, key)?;
        let transport = self.tables.transports.get_mut(key)?;
        match &mut transport.link {
            Link::WebRtc(link) => {
                if let Some(former) = link.ice.tick(now) {
                    self.announce_selected(now, key, former)?;
                }
            }
            Link::Pipe(_) => self.tend_node_link(now, key)?,
            Link::Plain(_) => {}
        }
        if !self.tables.transports.get(key)?.is_ready() {
            return Ok(());
        }
        let misses_packets = self.tick_producers(now, key)?;
        self.request_periodic_key_frames(now, key)?;
        if misses_packets {
            self.send_nacks(now, key)?;
        }
        if !self.tables.transports.get(key)?.is_due(now) {
            return Ok(());
        }
        self.tick_congestion(now, key)?;
        self.send_transport_feedback(now, key)?;
        self.send_receiver_reports(now, key)?;
        self.report_scores(now, key)?;
        self.send_sender_reports(now, key)?;
        self.send_pipe_reports(now, key)
    }

    /// The reason to close a transport whose deadline has passed.
    fn expired(&self, now: Micros, key: TransportKey) -> Result<Option<CloseReason>, DanglingKey> {
        let transport = self.tables.transports.get(key)?;
        let Link::WebRtc(link) = &transport.link else {
            return Ok(None);
        };
        if link
            .handshake_deadline
            .is_some_and(|deadline| deadline <= now)
        {
            return Ok(Some(CloseReason::HandshakeTimeout));
        }
        // Without keys the handshake deadline applies, not the consent timeout.
        let is_silent = transport.outbound.is_some()
            && link
                .ice
                .last_request()
                .is_some_and(|at| now.since(at) > self.config.consent_timeout_us);
        Ok(is_silent.then_some(CloseReason::IceTimeout))
    }

    /// Returns whether packets of a producer are missing.
    fn tick_producers(&mut self, now: Micros, key: TransportKey) -> Result<bool, DanglingKey> {
        let mut misses_packets = false;
        let mut index = 0;
        while let Some(producer_key) = self.tables.transports.get(key)?.producers.get(index) {
            let producer_key = *producer_key;
            let producer = self.tables.producers.get_mut(producer_key)?;
            producer.tick(now);
            misses_packets |= producer.misses_packets;
            if producer.is_due(now) {
                self.tick_wanted_encodings(now, producer_key)?;
                self.send_key_frame_requests(now, producer_key)?;
                self.offer_kept_groups(now, producer_key)?;
            }
            index += 1;
        }
        Ok(misses_packets)
    }
}
