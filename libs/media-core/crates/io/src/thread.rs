//! The loop of a worker thread: waits, feeds the worker, sends what it left, delivers its events.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, PoisonError};

use hubbub_core::api::Micros;
use hubbub_core::{Worker, WorkerConfig};
use rustix::event::{Timespec, epoll};

use crate::batch::ReceiveBatch;
use crate::clock::{Clock, thread_cpu_us};
use crate::handle::{Message, Shared, ThreadCounters};
use crate::queue::EventQueue;
use crate::sender::Sender;
use crate::socket::WorkerSocket;

/// Events that are not urgent wait at most this long, and so do the counters.
const DELIVERY_INTERVAL_US: u64 = 10_000;

/// Commands that are executed before the socket has its turn again.
const COMMAND_BATCH: usize = 256;

/// Datagrams that may gather before they are sent within one receive batch: what fits the caches, and bounds the
/// memory of a large fan-out.
const SEND_THRESHOLD: usize = 1_024;

const SOCKET: u64 = 0;
const COMMANDS: u64 = 1;

/// What the thread owns.
pub(crate) struct EventLoop {
    index: usize,
    socket: WorkerSocket,
    epoll: std::os::fd::OwnedFd,
    clock: Clock,
    worker: Worker,
    commands: Receiver<Message>,
    shared: Arc<Shared>,
    events: Arc<EventQueue>,
    sender: Sender,
    /// The socket is watched for room, because the sender was blocked.
    watching_room: bool,
    oversized: u64,
    delivered_at: Micros,
    /// Something was handled since the last delivery.
    dirty: bool,
}

impl EventLoop {
    pub(crate) fn new(
        index: usize,
        socket: WorkerSocket,
        clock: Clock,
        config: WorkerConfig,
        commands: Receiver<Message>,
        shared: Arc<Shared>,
        events: Arc<EventQueue>,
    ) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(
            &epoll,
            &socket,
            epoll::EventData::new_u64(SOCKET),
            epoll::EventFlags::IN,
        )?;
        epoll::add(
            &epoll,
            &shared.waker,
            epoll::EventData::new_u64(COMMANDS),
            epoll::EventFlags::IN,
        )?;
        Ok(Self {
            index,
            socket,
            epoll,
            clock,
            worker: Worker::new(config),
            commands,
            shared,
            events,
            sender: Sender::new(),
            watching_room: false,
            oversized: 0,
            delivered_at: Micros(0),
            dirty: false,
        })
    }

    /// Runs until it is told to stop.
    pub(crate) fn run(mut self) {
        let mut batch = ReceiveBatch::new();
        loop {
            let ready = self.wait();
            let now = self.clock.now();
            let mut stop = false;
            if ready.commands {
                stop = self.execute(now);
            }
            if ready.room {
                self.sender.resume(&self.socket);
            }
            if ready.datagrams {
                self.receive(now, &mut batch);
            }
            if self
                .worker
                .next_deadline()
                .is_some_and(|deadline| deadline <= now)
            {
                self.dirty = true;
                self.guarded(now, |worker| worker.handle_timeout(now));
            }
            self.sender.send(&self.socket, self.worker.outbox());
            self.watch_room();
            self.deliver(now, stop);
            if stop {
                return;
            }
        }
    }

    /// Sleeps until there is something to do.
    fn wait(&self) -> Ready {
        let delivery = self
            .dirty
            .then(|| self.delivered_at.plus(DELIVERY_INTERVAL_US));
        let wake_at = [self.worker.next_deadline(), delivery]
            .into_iter()
            .flatten()
            .min();
        let timeout = wake_at.map(|at| {
            let micros = at.since(self.clock.now());
            Timespec {
                tv_sec: (micros / 1_000_000) as i64,
                tv_nsec: ((micros % 1_000_000) * 1_000) as _,
            }
        });
        let mut ready = Ready::default();
        let mut buffer = [const { std::mem::MaybeUninit::uninit() }; 2];
        // An error is a signal that came between: nothing is ready, and the loop comes round again.
        if let Ok((events, _)) = epoll::wait(&self.epoll, &mut buffer, timeout.as_ref()) {
            for event in events.iter() {
                let flags = event.flags;
                match event.data.u64() {
                    COMMANDS => ready.commands = true,
                    _ => {
                        ready.room |= flags.contains(epoll::EventFlags::OUT);
                        ready.datagrams |= flags.intersects(!epoll::EventFlags::OUT);
                    }
                }
            }
        }
        ready
    }

    /// Executes commands; true when the thread is to end.
    fn execute(&mut self, now: Micros) -> bool {
        self.shared.waker.reset();
        self.dirty = true;
        for _ in 0..COMMAND_BATCH {
            match self.commands.try_recv() {
                Ok(Message::Command(request, command)) => {
                    self.guarded(now, |worker| worker.handle_command(now, request, command));
                }
                Ok(Message::Stop) | Err(TryRecvError::Disconnected) => return true,
                Err(TryRecvError::Empty) => return false,
            }
        }
        self.shared.waker.wake();
        false
    }

    /// Feeds one batch of datagrams to the worker.
    fn receive(&mut self, now: Micros, batch: &mut ReceiveBatch) {
        // An error is an empty socket, or one that the next call tells of again.
        let Ok(received) = batch.receive(&self.socket) else {
            return;
        };
        self.dirty = true;
        let mut whole = 0;
        for (path, datagram) in batch.datagrams() {
            whole += 1;
            self.guarded(now, |worker| worker.handle_datagram(now, path, datagram));
            if self.worker.outbox().len() >= SEND_THRESHOLD {
                self.sender.send(&self.socket, self.worker.outbox());
            }
        }
        self.oversized += (received - whole) as u64;
    }

    /// Calls the worker; a panic in it costs what it was at work on, not the thread. When even that cannot be
    /// cleaned up the process ends, to be restarted whole.
    fn guarded(&mut self, now: Micros, call: impl FnOnce(&mut Worker)) {
        let worker = &mut self.worker;
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| call(worker))) {
            let message = panic_message(payload.as_ref());
            if catch_unwind(AssertUnwindSafe(|| worker.contain(now, message))).is_err() {
                std::process::abort();
            }
        }
    }

    /// Watches for room in the socket while something waits for it.
    fn watch_room(&mut self) {
        let blocked = self.sender.is_blocked();
        if blocked != self.watching_room {
            let flags = if blocked {
                epoll::EventFlags::IN | epoll::EventFlags::OUT
            } else {
                epoll::EventFlags::IN
            };
            let data = epoll::EventData::new_u64(SOCKET);
            if epoll::modify(&self.epoll, &self.socket, data, flags).is_ok() {
                self.watching_room = blocked;
            }
        }
    }

    /// Hands over events (urgent ones at once) and publishes the counters.
    fn deliver(&mut self, now: Micros, at_once: bool) {
        let due = at_once || now.since(self.delivered_at) >= DELIVERY_INTERVAL_US;
        if self.worker.has_urgent_events() || (due && self.worker.has_events()) {
            self.events.push(self.index, self.worker.drain_events());
        }
        if due && self.dirty {
            *self
                .shared
                .counters
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = ThreadCounters {
                worker: self.worker.counters(),
                sent: self.sender.counters(),
                oversized: self.oversized,
                cpu_us: thread_cpu_us(),
            };
            self.delivered_at = now;
            self.dirty = false;
        }
    }
}

/// What `epoll` says.
#[derive(Debug, Default)]
struct Ready {
    commands: bool,
    datagrams: bool,
    room: bool,
}

fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_a_panic_is_kept() {
        let payload = catch_unwind(|| panic!("slab entry {} is gone", 7)).unwrap_err();
        assert_eq!(panic_message(payload.as_ref()), "slab entry 7 is gone");
        let payload = catch_unwind(|| panic!("plain")).unwrap_err();
        assert_eq!(panic_message(payload.as_ref()), "plain");
    }
}
