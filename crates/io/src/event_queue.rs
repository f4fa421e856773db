//! The queue of events from all workers of a pool to one consumer, which may be slow.
//!
//! Rules:
//! - Replies, `*Closed` events and `ProducerReplaced` are never dropped. Replies are bounded because at most
//!   [`MAX_PENDING_COMMANDS`] commands are admitted without a taken reply; `*Closed` events are bounded because entities are.
//!   Each producer is replaced by commands alone, once for each.
//! - When the queue is long, a new `IceSelected` replaces the queued one of the same transport, a new `LayersChanged`,
//!   `BandwidthPause` or `ConsumerScore` that of the same consumer, a new `LayersWanted` or `ProducerScore` that of the same
//!   producer, a new `ActiveSpeaker` or `AudioLevels` that of the same router, and DTLS and faults are dropped.
//!   All are counted.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hubbub_core::api::Event;

use crate::error::SubmitError;
use crate::waker::Waker;

/// Commands of a pool whose replies the consumer has not taken yet.
const MAX_PENDING_COMMANDS: usize = 16_384;

/// Queue length from which droppable events are dropped.
const DROP_THRESHOLD: usize = 8_192;

/// Events of a pool's workers, each with the index of its worker. The file descriptor is readable while events are
/// queued.
#[derive(Debug)]
pub struct EventQueue {
    waker: Waker,
    pending_commands: AtomicUsize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<(usize, Event)>,
    dropped: u64,
}

impl EventQueue {
    /// Creates an empty queue.
    ///
    /// # Errors
    /// When the process has no file descriptor left.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            waker: Waker::new()?,
            pending_commands: AtomicUsize::new(0),
            waiting: Mutex::default(),
        })
    }

    /// Takes all queued events, oldest first.
    pub fn drain(&self) -> Vec<(usize, Event)> {
        self.waker.reset();
        let events = std::mem::take(&mut self.lock().events);
        let replies = events
            .iter()
            .filter(|(_, event)| matches!(event, Event::Reply { .. }))
            .count();
        self.pending_commands.fetch_sub(replies, Ordering::Relaxed);
        events.into()
    }

    /// Total number of events dropped because the consumer was slow.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Admits a command, if not too many are pending.
    pub(crate) fn admit(&self) -> Result<(), SubmitError> {
        if self.pending_commands.fetch_add(1, Ordering::Relaxed) < MAX_PENDING_COMMANDS {
            return Ok(());
        }
        self.withdraw();
        Err(SubmitError::Busy)
    }

    /// Releases an admitted command that will have no reply.
    pub(crate) fn withdraw(&self) {
        self.pending_commands.fetch_sub(1, Ordering::Relaxed);
    }

    /// Appends the events of `worker` and wakes the consumer.
    pub(crate) fn push(&self, worker: usize, events: impl Iterator<Item = Event>) {
        let mut waiting = self.lock();
        for event in events {
            waiting.add(worker, event);
        }
        drop(waiting);
        self.waker.wake();
    }

    /// Ignores poisoning: a panic while the lock is held leaves a valid queue.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsFd for EventQueue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.waker.as_fd()
    }
}

impl Waiting {
    fn add(&mut self, worker: usize, event: Event) {
        if self.events.len() >= DROP_THRESHOLD {
            match &event {
                Event::DtlsReceived { .. } | Event::Fault { .. } => {
                    self.dropped += 1;
                    return;
                }
                Event::IceSelected { .. }
                | Event::LayersChanged { .. }
                | Event::LayersWanted { .. }
                | Event::BandwidthPause { .. }
                | Event::ProducerScore { .. }
                | Event::ConsumerScore { .. }
                | Event::ActiveSpeaker { .. }
                | Event::AudioLevels { .. } => {
                    let former = self
                        .events
                        .iter_mut()
                        .find(|(of, former)| *of == worker && supersedes(&event, former));
                    if let Some((_, former)) = former {
                        *former = event;
                        self.dropped += 1;
                        return;
                    }
                }
                Event::Reply { .. }
                | Event::TransportClosed { .. }
                | Event::ProducerClosed { .. }
                | Event::ConsumerClosed { .. }
                | Event::ProducerReplaced { .. } => {}
            }
        }
        self.events.push_back((worker, event));
    }
}

/// Whether an event says all that an earlier one of its worker says.
fn supersedes(event: &Event, former: &Event) -> bool {
    match (event, former) {
        (Event::IceSelected { transport, .. }, Event::IceSelected { transport: of, .. }) => {
            transport == of
        }
        (Event::LayersChanged { consumer, .. }, Event::LayersChanged { consumer: of, .. }) => {
            consumer == of
        }
        (Event::LayersWanted { producer, .. }, Event::LayersWanted { producer: of, .. })
        | (Event::ProducerScore { producer, .. }, Event::ProducerScore { producer: of, .. }) => {
            producer == of
        }
        (Event::BandwidthPause { consumer, .. }, Event::BandwidthPause { consumer: of, .. })
        | (Event::ConsumerScore { consumer, .. }, Event::ConsumerScore { consumer: of, .. }) => {
            consumer == of
        }
        (Event::ActiveSpeaker { router, .. }, Event::ActiveSpeaker { router: of, .. })
        | (Event::AudioLevels { router, .. }, Event::AudioLevels { router: of, .. }) => {
            router == of
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use hubbub_core::api::{CloseReason, ConsumerId, IceState, Protocol, ReplyBody, TransportId};

    use super::*;

    fn closed(number: u64) -> Event {
        Event::TransportClosed {
            transport: TransportId(number),
            reason: CloseReason::IceTimeout,
        }
    }

    fn full_queue() -> EventQueue {
        let queue = EventQueue::new().unwrap();
        queue.push(0, (0..DROP_THRESHOLD as u64).map(closed));
        queue
    }

    #[test]
    fn full_queue_still_takes_every_closed_event() {
        let queue = full_queue();
        queue.push(1, std::iter::once(closed(7)));
        let events = queue.drain();
        assert_eq!(
            (events.len(), events.last()),
            (DROP_THRESHOLD + 1, Some(&(1, closed(7))))
        );
    }

    #[test]
    fn full_queue_drops_dtls_and_counts_it() {
        let queue = full_queue();
        queue.push(
            0,
            std::iter::once(Event::DtlsReceived {
                transport: TransportId(1),
                datagram: vec![22],
            }),
        );
        assert_eq!((queue.drain().len(), queue.dropped()), (DROP_THRESHOLD, 1));
    }

    #[test]
    fn full_queue_keeps_the_latest_selected_pair() {
        let queue = full_queue();
        let selected = |port| Event::IceSelected {
            transport: TransportId(1),
            state: IceState::Connected,
            local: Ipv4Addr::LOCALHOST.into(),
            remote: SocketAddr::from(([127, 0, 0, 1], port)),
            protocol: Protocol::Udp,
        };
        queue.push(0, (1..=3).map(selected));
        queue.push(1, std::iter::once(selected(4)));
        let events = queue.drain().split_off(DROP_THRESHOLD);
        assert_eq!(events, [(0, selected(3)), (1, selected(4))]);
    }

    #[test]
    fn full_queue_keeps_the_latest_layers_of_each_consumer() {
        let queue = full_queue();
        let layers = |consumer, spatial| Event::LayersChanged {
            consumer: ConsumerId(consumer),
            spatial,
            temporal: 0,
        };
        let events = [layers(1, 0), layers(2, 0), layers(1, 1), layers(1, 2)];
        queue.push(0, events.into_iter());
        let events = queue.drain().split_off(DROP_THRESHOLD);
        assert_eq!(events, [(0, layers(1, 2)), (0, layers(2, 0))]);
    }

    #[test]
    fn commands_are_admitted_again_after_replies_are_taken() {
        let queue = EventQueue::new().unwrap();
        for _ in 0..MAX_PENDING_COMMANDS {
            queue.admit().unwrap();
        }
        assert_eq!(queue.admit(), Err(SubmitError::Busy));
        queue.push(
            0,
            std::iter::once(Event::Reply {
                request: 1,
                result: Ok(ReplyBody::Done {}),
            }),
        );
        queue.drain();
        assert_eq!(
            (queue.admit(), queue.admit()),
            (Ok(()), Err(SubmitError::Busy))
        );
    }
}
