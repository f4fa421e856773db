//! The way back: events of every worker of a pool, for one consumer that may be slow.
//!
//! Rules:
//! - Replies and closures are never dropped. Replies are bounded because commands are admitted only while fewer than
//!   [`COMMANDS_UNDER_WAY`] are unanswered; closures because entities are.
//! - Of a transport's `IceSelected` the last one counts; DTLS and faults are dropped, counted, when too many wait.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hubbub_core::api::Event;

use crate::waker::Waker;

/// Commands of a pool whose replies have not been taken.
const COMMANDS_UNDER_WAY: usize = 16_384;

/// Events that wait before what may be dropped is dropped.
const CROWDED: usize = 8_192;

/// Why a command did not reach its worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmitError {
    /// Too many commands are unanswered: the consumer does not keep up.
    Busy,
    /// The worker was shut down.
    Stopped,
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "too many commands are under way",
            Self::Stopped => "the worker was shut down",
        })
    }
}

impl std::error::Error for SubmitError {}

/// Events of a pool's workers, with the index of the worker. Its file descriptor is readable while any wait.
#[derive(Debug)]
pub struct EventQueue {
    waker: Waker,
    under_way: AtomicUsize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<(usize, Event)>,
    dropped: u64,
}

impl EventQueue {
    /// An empty queue.
    ///
    /// # Errors
    /// When the process has no file descriptor left.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            waker: Waker::new()?,
            under_way: AtomicUsize::new(0),
            waiting: Mutex::default(),
        })
    }

    /// Takes every event, oldest first.
    pub fn drain(&self) -> Vec<(usize, Event)> {
        self.waker.reset();
        let events = std::mem::take(&mut self.lock().events);
        let replies = events
            .iter()
            .filter(|(_, event)| matches!(event, Event::Reply { .. }))
            .count();
        self.under_way.fetch_sub(replies, Ordering::Relaxed);
        events.into()
    }

    /// Events that were dropped because the consumer was slow.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Counts a command in.
    pub(crate) fn admit(&self) -> Result<(), SubmitError> {
        if self.under_way.fetch_add(1, Ordering::Relaxed) < COMMANDS_UNDER_WAY {
            return Ok(());
        }
        self.withdraw();
        Err(SubmitError::Busy)
    }

    /// Counts a command out that will have no reply.
    pub(crate) fn withdraw(&self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
    }

    /// Appends events of `worker` and wakes the consumer.
    pub(crate) fn push(&self, worker: usize, events: impl Iterator<Item = Event>) {
        let mut waiting = self.lock();
        for event in events {
            waiting.add(worker, event);
        }
        drop(waiting);
        self.waker.wake();
    }

    /// A panic elsewhere leaves a deque that is whole, so poison means nothing here.
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
        if self.events.len() >= CROWDED {
            match &event {
                Event::DtlsReceived { .. } | Event::Fault { .. } => {
                    self.dropped += 1;
                    return;
                }
                Event::IceSelected { transport, .. } => {
                    let former = self.events.iter_mut().find(|(of, former)| {
                        *of == worker && matches!(former, Event::IceSelected { transport: t, .. } if t == transport)
                    });
                    if let Some((_, former)) = former {
                        *former = event;
                        self.dropped += 1;
                        return;
                    }
                }
                Event::Reply { .. }
                | Event::TransportClosed { .. }
                | Event::ProducerClosed { .. }
                | Event::ConsumerClosed { .. } => {}
            }
        }
        self.events.push_back((worker, event));
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use hubbub_core::api::{CloseReason, IceState, Protocol, ReplyBody, TransportId};

    use super::*;

    fn closed(number: u64) -> Event {
        Event::TransportClosed {
            transport: TransportId(number),
            reason: CloseReason::IceTimeout,
        }
    }

    fn crowded() -> EventQueue {
        let queue = EventQueue::new().unwrap();
        queue.push(0, (0..CROWDED as u64).map(closed));
        queue
    }

    #[test]
    fn a_slow_consumer_still_learns_of_every_closure() {
        let queue = crowded();
        queue.push(1, std::iter::once(closed(7)));
        let events = queue.drain();
        assert_eq!(
            (events.len(), events.last()),
            (CROWDED + 1, Some(&(1, closed(7))))
        );
    }

    #[test]
    fn a_slow_consumer_loses_dtls_and_it_is_counted() {
        let queue = crowded();
        queue.push(
            0,
            std::iter::once(Event::DtlsReceived {
                transport: TransportId(1),
                datagram: vec![22],
            }),
        );
        assert_eq!((queue.drain().len(), queue.dropped()), (CROWDED, 1));
    }

    #[test]
    fn a_slow_consumer_sees_the_last_selected_address() {
        let queue = crowded();
        let selected = |port| Event::IceSelected {
            transport: TransportId(1),
            state: IceState::Connected,
            local: Ipv4Addr::LOCALHOST.into(),
            remote: SocketAddr::from(([127, 0, 0, 1], port)),
            protocol: Protocol::Udp,
        };
        queue.push(0, (1..=3).map(selected));
        queue.push(1, std::iter::once(selected(4)));
        let events = queue.drain().split_off(CROWDED);
        assert_eq!(events, [(0, selected(3)), (1, selected(4))]);
    }

    #[test]
    fn commands_are_admitted_again_when_replies_are_taken() {
        let queue = EventQueue::new().unwrap();
        for _ in 0..COMMANDS_UNDER_WAY {
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
