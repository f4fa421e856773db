//! Recovery from bugs: panics, and keys that refer to no entity.

use crate::api::{CloseReason, CommandError, Event};
use crate::entities::DanglingKey;

use super::Worker;

impl Worker {
    /// Call this after a `handle_*` method has panicked. Closes the entities that the method was changing, with reason
    /// `Internal`, reports `message` as [`Event::Fault`], and answers the interrupted command.
    pub fn recover_from_panic(&mut self, message: String) {
        self.counters.faults += 1;
        let in_flight = std::mem::take(&mut self.in_flight);
        if let Some(consumer) = in_flight.consumer {
            self.close_consumer(consumer, CloseReason::Internal);
        }
        if let Some(producer) = in_flight.producer {
            self.close_producer(producer, CloseReason::Internal);
        }
        if let Some(transport) = in_flight.transport {
            self.close_transport(transport, CloseReason::Internal);
        }
        self.emit(Event::Fault { message });
        if let Some(request) = in_flight.request {
            self.emit(Event::Reply {
                request,
                result: Err(CommandError::Internal),
            });
        }
    }

    /// Counts a failed lookup that should have succeeded.
    pub(super) fn count_fault(&mut self, outcome: Result<(), DanglingKey>) {
        self.counters.faults += u64::from(outcome.is_err());
    }
}
