//! What remains possible after a panic that should not have happened.

use crate::api::{CloseReason, CommandError, Event, Micros, Request};
use crate::tables::{ConsumerKey, ProducerKey, TransportKey};

use super::Worker;

/// What is being worked on. Forwarding moves `consumer` from one to the next: those before it are complete, and the
/// transport of a consumer is changed only by what cannot panic half-way.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) transport: Option<TransportKey>,
    pub(super) producer: Option<ProducerKey>,
    pub(super) consumer: Option<ConsumerKey>,
    pub(super) request: Option<Request>,
}

impl Touched {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Worker {
    /// To be called when one of the `handle_*` methods has panicked: closes what it was at work on, with reason
    /// `Internal`, answers the interrupted command, and reports `message` as [`Event::Fault`].
    pub fn contain(&mut self, _now: Micros, message: String) {
        self.counters.faults += 1;
        let touched = std::mem::take(&mut self.touched);
        if let Some(consumer) = touched.consumer {
            self.close_consumer(consumer, CloseReason::Internal);
        }
        if let Some(producer) = touched.producer {
            self.close_producer(producer, CloseReason::Internal);
        }
        if let Some(transport) = touched.transport {
            self.close_transport(transport, CloseReason::Internal);
        }
        self.emit(Event::Fault { message });
        if let Some(request) = touched.request {
            self.emit(Event::Reply {
                request,
                result: Err(CommandError::Internal),
            });
        }
    }
}
