//! The close cascade.
//!
//! | closed    | also closes                                | reason of those    |
//! |-----------|--------------------------------------------|--------------------|
//! | router    | its transports                             | `RouterClosed`     |
//! | transport | its producers                              | `TransportClosed`  |
//! |           | the consumers of those, on any transport   | `ProducerClosed`   |
//! |           | its consumers                              | `TransportClosed`  |
//! | producer  | its consumers, on any transport            | `ProducerClosed`   |
//! | consumer  | nothing                                    |                    |
//!
//! Children are announced before their parent. Removing an entity from its slab and announcing it are one step, so each
//! is announced exactly once. A cascade can reach an entity twice (a consumer by its producer and by its transport), so
//! closing an entity that is gone does nothing.

use crate::api::{CloseReason, Event};
use crate::entities::{ConsumerKey, ProducerKey, RouterKey, TransportKey};

use super::Worker;

impl Worker {
    /// Announces no event for the router itself: only a command closes a router.
    pub(super) fn close_router(&mut self, key: RouterKey) {
        let Ok(router) = self.tables.routers.get_mut(key) else {
            return;
        };
        for transport in std::mem::take(&mut router.transports) {
            self.close_transport(transport, CloseReason::RouterClosed);
        }
        if let Ok(router) = self.tables.routers.remove(key) {
            self.tables.router_ids.remove(&router.id);
        }
    }

    pub(super) fn close_transport(&mut self, key: TransportKey, reason: CloseReason) {
        let Ok(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        let producers = std::mem::take(&mut transport.producers);
        let consumers = std::mem::take(&mut transport.consumers);
        for producer in producers {
            self.close_producer(producer, CloseReason::TransportClosed);
        }
        for consumer in consumers {
            self.close_consumer(consumer, CloseReason::TransportClosed);
        }
        let Ok(transport) = self.tables.transports.remove(key) else {
            return;
        };
        self.tables.transport_ids.remove(&transport.id);
        for path in transport.ice.paths() {
            if self.tables.paths.get(&path) == Some(&key) {
                self.tables.paths.remove(&path);
            }
        }
        for ufrag in transport.ice.ufrags() {
            self.tables.ufrags.remove(ufrag);
        }
        if let Ok(router) = self.tables.routers.get_mut(transport.router) {
            router.transports.retain(|other| *other != key);
        }
        self.emit(Event::TransportClosed {
            transport: transport.id,
            reason,
        });
    }

    pub(super) fn close_producer(&mut self, key: ProducerKey, reason: CloseReason) {
        let Ok(producer) = self.tables.producers.get_mut(key) else {
            return;
        };
        for consumer in std::mem::take(&mut producer.consumers) {
            self.close_consumer(consumer, CloseReason::ProducerClosed);
        }
        let Ok(producer) = self.tables.producers.remove(key) else {
            return;
        };
        self.tables.producer_ids.remove(&producer.id);
        if let Ok(transport) = self.tables.transports.get_mut(producer.transport) {
            transport.remove_producer(key);
        }
        self.emit(Event::ProducerClosed {
            producer: producer.id,
            reason,
        });
    }

    pub(super) fn close_consumer(&mut self, key: ConsumerKey, reason: CloseReason) {
        let Ok(consumer) = self.tables.consumers.remove(key) else {
            return;
        };
        self.tables.consumer_ids.remove(&consumer.id);
        if let Ok(producer) = self.tables.producers.get_mut(consumer.producer) {
            producer.consumers.retain(|other| *other != key);
        }
        if let Ok(transport) = self.tables.transports.get_mut(consumer.transport) {
            transport.remove_consumer(key);
        }
        self.emit(Event::ConsumerClosed {
            consumer: consumer.id,
            reason,
        });
    }
}
