//! Recovery from bugs: panics, and keys that refer to no entity.

use crate::api::{CloseReason, CommandError, Event};
use crate::entities::{DanglingKey, TransportKey};

use super::Worker;

impl Worker {
    /// Call this after a `handle_*` method has panicked. Closes the entities that the method was changing, with reason
    /// `Internal`, reports `message` as [`Event::Fault`], and answers the interrupted command.
    ///
    /// A pipe transport carries the producers of many clients, so it stays when one of them was in use.
    pub fn recover_from_panic(&mut self, message: String) {
        self.counters.faults += 1;
        let in_flight = std::mem::take(&mut self.in_flight);
        if let Some(consumer) = in_flight.consumer {
            self.close_consumer(consumer, CloseReason::Internal);
        }
        if let Some(consumer) = in_flight.pipe_consumer {
            self.close_pipe_consumer(consumer, CloseReason::Internal);
        }
        if let Some(producer) = in_flight.producer {
            self.close_producer(producer, CloseReason::Internal);
        }
        if let Some(transport) = in_flight.transport
            && !(in_flight.producer.is_some() && self.is_pipe(transport))
        {
            self.close_transport(transport, CloseReason::Internal);
        }
        self.events.push(Event::Fault { message });
        if let Some(request) = in_flight.request {
            self.events.push(Event::Reply {
                request,
                result: Err(CommandError::Internal),
            });
        }
    }

    fn is_pipe(&self, transport: TransportKey) -> bool {
        let transport = self.tables.transports.get(transport);
        transport.is_ok_and(|transport| transport.link.pipe().is_some())
    }

    /// Counts a failed lookup that should have succeeded.
    pub(super) fn count_fault(&mut self, outcome: Result<(), DanglingKey>) {
        self.counters.faults += u64::from(outcome.is_err());
    }
}

#[cfg(test)]
mod tests {
    use crate::api::{
        Command, CommandError, Event, IceCredentials, Micros, Path, RouterId, TransportId,
    };
    use crate::worker::{Worker, WorkerConfig};

    #[test]
    fn a_lookup_that_must_succeed_counts_as_a_fault_when_it_fails() {
        let (router, transport) = (RouterId(1), TransportId(1));
        let ice = IceCredentials {
            ufrag: "ufrag".into(),
            pwd: "password".into(),
        };
        let path = Path::udp([127, 0, 0, 1].into(), ([127, 0, 0, 1], 4000).into());
        let mut worker = Worker::new(WorkerConfig::default());
        worker.handle_command(Micros(0), 1, Command::CreateRouter { router });
        worker.handle_command(
            Micros(0),
            2,
            Command::CreateTransport {
                transport,
                router,
                ice,
            },
        );
        let key = worker.tables.transport_ids[&transport];
        worker.tables.paths.insert(path, key);
        assert!(worker.tables.transports.remove(key).is_ok());

        worker.handle_command(Micros(0), 3, Command::TransportStats { transport });
        let refused = Event::Reply {
            request: 3,
            result: Err(CommandError::Internal),
        };
        assert_eq!(worker.drain_events().next_back(), Some(refused));
        assert_eq!(worker.counters().faults, 1);
        worker.handle_datagram(Micros(0), path, &mut [22, 254, 253]);
        assert_eq!(worker.counters().faults, 2);
    }
}
