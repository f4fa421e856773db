//! The close cascade.
//!
//! | closed    | also closes                                | reason of those    |
//! |-----------|--------------------------------------------|--------------------|
//! | router    | its transports                             | `RouterClosed`     |
//! | transport | its producers                              | `TransportClosed`  |
//! |           | the consumers of those, on any transport   | `ProducerClosed`   |
//! |           | its consumers                              | `TransportClosed`  |
//! | producer  | its consumers, on any transport (1)        | `ProducerClosed`   |
//! | consumer  | nothing                                    |                    |
//!
//! (1) If it is replaced, they move to the successor, except pipe consumers.
//!
//! Pipe consumers close as other consumers do.
//!
//! Children are announced before their parent. Removing an entity from its slab and announcing it are one step, so each
//! is announced exactly once. A cascade can reach an entity twice (a consumer by its producer and by its transport), so
//! closing an entity that is gone does nothing.
//!
//! A router closes in steps, so that the worker serves other rooms meanwhile. It is not found by its id any more, and
//! its transports work until their turn.

use crate::api::{CloseReason, CommandError, Event, ReplyBody, RequestId, RouterId};
use crate::entities::{
    ConsumerKey, Link, PipeConsumerKey, ProducerKey, RouterKey, TransportKey, remove_first,
};

use super::Worker;

/// Entities that one step closes, less than a millisecond of work; a transport is closed in one step.
const STEP: usize = 1_000;

/// A router that is being closed, and the command to answer then. Nothing announces the end of a router except the reply:
/// only a command closes one.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClosingRouter {
    key: RouterKey,
    request: RequestId,
}

impl Worker {
    /// Starts to close a router and does the first step.
    pub(super) fn close_router(&mut self, id: RouterId, request: RequestId) {
        match self.tables.router_ids.remove(&id) {
            Some(key) => {
                self.closing.push_back(ClosingRouter { key, request });
                self.continue_closing();
            }
            None => self.events.push(Event::Reply {
                request,
                result: Err(CommandError::NotFound),
            }),
        }
    }

    /// Closes some of the transports of the routers that are being closed.
    pub(super) fn continue_closing(&mut self) {
        let enough = self.events.len() + STEP;
        while self.events.len() < enough
            && let Some(&ClosingRouter { key, request }) = self.closing.front()
        {
            if let Ok(router) = self.tables.routers.get_mut(key)
                && !router.transports.is_empty()
            {
                let transport = router.transports.remove(0);
                self.in_flight.transport = Some(transport);
                self.close_transport(transport, CloseReason::RouterClosed);
                continue;
            }
            self.closing.pop_front();
            let removed = self.tables.routers.remove(key);
            self.events.push(Event::Reply {
                request,
                result: removed.map(|_| ReplyBody::Done {}).map_err(Into::into),
            });
        }
    }

    pub(super) fn close_transport(&mut self, key: TransportKey, reason: CloseReason) {
        let Ok(transport) = self.tables.transports.get_mut(key) else {
            return;
        };
        let producers = std::mem::take(&mut transport.producers);
        let consumers = std::mem::take(&mut transport.consumers);
        let pipe_consumers = transport
            .link
            .pipe_mut()
            .map(|link| std::mem::take(&mut link.consumers));
        for producer in producers {
            self.close_producer(producer, CloseReason::TransportClosed);
        }
        for consumer in consumers {
            self.close_consumer(consumer, CloseReason::TransportClosed);
        }
        for consumer in pipe_consumers.into_iter().flatten() {
            self.close_pipe_consumer(consumer, CloseReason::TransportClosed);
        }
        let Ok(transport) = self.tables.transports.remove(key) else {
            return;
        };
        self.tables.transport_ids.remove(&transport.id);
        match &transport.link {
            Link::WebRtc(link) => {
                for path in link.ice.paths() {
                    if self.tables.paths.get(&path) == Some(&key) {
                        self.tables.paths.remove(&path);
                    }
                }
                for ufrag in link.ice.ufrags() {
                    self.tables.ufrags.remove(ufrag);
                }
            }
            Link::Plain(link) => {
                for port in link.ports().all() {
                    self.tables.plain_ports.remove(&port);
                }
            }
            Link::Pipe(link) => match &link.node {
                Some(node) => {
                    self.tables.ufrags.remove(&node.ufrag);
                    self.tables.connections.remove(&node.id);
                }
                None => {
                    if let Some(path) = &link.path {
                        self.tables.paths.remove(path);
                    }
                }
            },
        }
        if let Ok(router) = self.tables.routers.get_mut(transport.router) {
            remove_first(&mut router.transports, key);
        }
        self.events.push(Event::TransportClosed {
            transport: transport.id,
            reason,
        });
    }

    pub(super) fn close_producer(&mut self, key: ProducerKey, reason: CloseReason) {
        let outcome = self.leave_to_successor(key);
        self.count_fault(outcome);
        let Ok(producer) = self.tables.producers.get_mut(key) else {
            return;
        };
        let pipe_consumers = std::mem::take(&mut producer.pipes);
        for consumer in std::mem::take(&mut producer.consumers) {
            self.close_consumer(consumer, CloseReason::ProducerClosed);
        }
        for consumer in pipe_consumers {
            self.close_pipe_consumer(consumer, CloseReason::ProducerClosed);
        }
        let Ok(producer) = self.tables.producers.remove(key) else {
            return;
        };
        self.tables.producer_ids.remove(&producer.id);
        if let Ok(router) = self.tables.routers.get_mut(producer.router) {
            router.speakers.remove(key);
        }
        if let Ok(transport) = self.tables.transports.get_mut(producer.transport) {
            transport.remove_producer(key);
        }
        self.events.push(Event::ProducerClosed {
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
            remove_first(&mut producer.consumers, key);
            if producer.successor().is_some() {
                let outcome = self.end_replacement(consumer.producer);
                self.count_fault(outcome);
            }
        }
        if let Ok(transport) = self.tables.transports.get_mut(consumer.transport) {
            transport.remove_consumer(key, consumer.ssrcs());
        }
        self.events.push(Event::ConsumerClosed {
            consumer: consumer.id,
            reason,
        });
    }

    pub(super) fn close_pipe_consumer(&mut self, key: PipeConsumerKey, reason: CloseReason) {
        let Ok(consumer) = self.tables.pipe_consumers.remove(key) else {
            return;
        };
        self.tables.pipe_consumer_ids.remove(&consumer.id);
        if let Ok(producer) = self.tables.producers.get_mut(consumer.producer) {
            remove_first(&mut producer.pipes, key);
        }
        if let Ok(transport) = self.tables.transports.get_mut(consumer.transport) {
            transport.release_ssrcs(consumer.ssrcs());
            if let Some(link) = transport.link.pipe_mut() {
                link.remove_consumer(key, consumer.ssrcs());
            }
        }
        self.events.push(Event::ConsumerClosed {
            consumer: consumer.id,
            reason,
        });
    }
}
