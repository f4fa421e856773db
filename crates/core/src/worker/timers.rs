//! What is done by time. One tick of 10 ms walks the transports; nothing has a timer of its own.

use crate::api::{CloseReason, Micros};
use crate::tables::TransportKey;

use super::Worker;

const TICK_US: u64 = 10_000;

impl Worker {
    /// When [`Self::handle_timeout`] is to be called next; `None` while there is nothing to wait for.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Micros> {
        (self.tables.transports.len() > 0).then_some(self.next_tick)
    }

    /// Does what is due. To be called when [`Self::next_deadline`] has come; calling it earlier does no harm.
    pub fn handle_timeout(&mut self, now: Micros) {
        if now < self.next_tick {
            return;
        }
        self.next_tick = now.plus(TICK_US);
        for place in 0..self.tables.transports.places() {
            let Some(key) = self.tables.transports.key_at(place) else {
                continue;
            };
            self.touched.clear();
            self.touched.transport = Some(key);
            self.tick_transport(now, key);
        }
        self.touched.clear();
    }

    fn tick_transport(&mut self, now: Micros, key: TransportKey) {
        if let Some(reason) = self.expired(now, key) {
            return self.close_transport(key, reason);
        }
        let Some(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        let former = transport.ice.selected();
        if transport.ice.reselect(now)
            && let Some(former) = former
        {
            self.announce_selected(now, key, former);
        }
        if self
            .tables
            .transports
            .get(key)
            .is_none_or(|transport| !transport.is_ready())
        {
            return;
        }
        self.tick_producers(now, key);
        self.send_nacks(now, key);
        self.send_transport_feedback(now, key);
        self.send_receiver_reports(now, key);
        self.send_sender_reports(now, key);
    }

    /// Why a transport has to go.
    fn expired(&self, now: Micros, key: TransportKey) -> Option<CloseReason> {
        let transport = self.tables.transports.get(key)?;
        if transport
            .handshake_deadline
            .is_some_and(|deadline| deadline <= now)
        {
            return Some(CloseReason::HandshakeTimeout);
        }
        let silence = now.since(transport.ice.last_heard()?);
        // Before the keys are there, the handshake's deadline counts.
        (transport.outbound.is_some() && silence > self.config.consent_timeout_us)
            .then_some(CloseReason::IceTimeout)
    }

    fn tick_producers(&mut self, now: Micros, key: TransportKey) {
        let Some(transport) = self.tables.transports.get(key) else {
            return;
        };
        for index in 0..transport.producers.len() {
            let producer_key = self
                .tables
                .transports
                .get(key)
                .and_then(|found| found.producers.get(index).copied());
            let Some(producer_key) = producer_key else {
                return;
            };
            if let Some(producer) = self.tables.producers.get_mut(producer_key) {
                producer.layers.tick(now);
            }
            self.ask_for_key_frames(now, producer_key);
        }
    }
}
