//! The loop of a worker thread: waits, feeds the worker, sends what it left, delivers its events.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, PoisonError};

use hubbub_core::api::Micros;
use hubbub_core::{Worker, WorkerConfig};
use rustix::event::Timespec;

use crate::batch::ReceiveBatch;
use crate::clock::{Clock, thread_cpu_us};
use crate::handle::{Message, Shared, ThreadCounters};
use crate::port::Port;
use crate::queue::EventQueue;
use crate::sender::Sender;
use crate::socket::WorkerSocket;
use crate::tcp::Connections;
use crate::watch::{Interest, Ready, Source, Watch};

/// Events that are not urgent wait at most this long, and so do the counters.
const DELIVERY_INTERVAL_US: u64 = 10_000;

/// Commands that are executed before the socket has its turn again.
const COMMAND_BATCH: usize = 256;

/// Datagrams that may gather before they are sent within one receive batch: what fits the caches, and bounds the
/// memory of a large fan-out.
const SEND_THRESHOLD: usize = 1_024;

/// What the thread owns.
pub(crate) struct EventLoop {
    index: usize,
    socket: WorkerSocket,
    tcp: Option<Connections>,
    watch: Watch,
    ready: Vec<Ready>,
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
        port: Port,
        clock: Clock,
        config: WorkerConfig,
        commands: Receiver<Message>,
        shared: Arc<Shared>,
        events: Arc<EventQueue>,
    ) -> io::Result<Self> {
        let Port { udp: socket, tcp } = port;
        let watch = Watch::new()?;
        watch.add(&socket, Source::Socket)?;
        watch.add(&shared.waker, Source::Commands)?;
        if let Some(tcp) = &tcp {
            tcp.start(&watch)?;
        }
        Ok(Self {
            index,
            socket,
            tcp,
            watch,
            ready: Vec::new(),
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
            self.wait();
            let now = self.clock.now();
            let mut stop = false;
            let mut ready = std::mem::take(&mut self.ready);
            // Commands first: what was asked for before a datagram came is done when it is handled.
            ready.sort_unstable_by_key(|ready| ready.source != Source::Commands);
            let mut clients_wait = false;
            for Ready {
                source,
                input,
                room,
            } in ready.drain(..)
            {
                match source {
                    Source::Commands => stop = self.execute(now),
                    Source::Socket => {
                        if room {
                            self.sender.resume(&self.socket);
                        }
                        if input {
                            self.receive(now, &mut batch);
                        }
                    }
                    Source::Connection(index) => self.serve(now, index, input, room),
                    Source::Listener => clients_wait = true,
                }
            }
            self.ready = ready;
            if self
                .worker
                .next_deadline()
                .is_some_and(|deadline| deadline <= now)
            {
                self.dirty = true;
                guarded(&mut self.worker, now, |worker| worker.handle_timeout(now));
            }
            self.tend_connections(now);
            self.send();
            self.watch_room();
            // Last: what is ready by its index is of the connections that were there before.
            if clients_wait && let Some(tcp) = &mut self.tcp {
                tcp.accept(now, &self.watch);
                self.dirty = true;
            }
            self.deliver(now, stop);
            if stop {
                return;
            }
        }
    }

    /// Sleeps until there is something to do.
    fn wait(&mut self) {
        let delivery = self
            .dirty
            .then(|| self.delivered_at.plus(DELIVERY_INTERVAL_US));
        let sweep = self.tcp.as_ref().and_then(Connections::next_deadline);
        let wake_at = [self.worker.next_deadline(), delivery, sweep]
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
        self.watch.wait(timeout.as_ref(), &mut self.ready);
    }

    /// Executes commands; true when the thread is to end.
    fn execute(&mut self, now: Micros) -> bool {
        self.shared.waker.reset();
        self.dirty = true;
        for _ in 0..COMMAND_BATCH {
            match self.commands.try_recv() {
                Ok(Message::Command(request, command)) => {
                    guarded(&mut self.worker, now, |worker| {
                        worker.handle_command(now, request, command);
                    });
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
            guarded(&mut self.worker, now, |worker| {
                worker.handle_datagram(now, path, datagram);
            });
            if self.worker.outbox().len() >= SEND_THRESHOLD {
                self.send();
            }
        }
        self.oversized += (received - whole) as u64;
    }

    /// Reads from a connection that has something, and writes to one that has room.
    fn serve(&mut self, now: Micros, index: usize, input: bool, room: bool) {
        let Some(tcp) = &mut self.tcp else {
            return;
        };
        self.dirty = true;
        if room {
            tcp.resume(index, &self.watch);
        }
        if input {
            tcp.read(index, |path, datagram| {
                guarded(&mut self.worker, now, |worker| {
                    worker.handle_datagram(now, path, datagram);
                });
            });
        }
        if self.worker.outbox().len() >= SEND_THRESHOLD {
            self.send();
        }
    }

    /// Closes connections that are nobody's, and tells the worker of all that have ended.
    fn tend_connections(&mut self, now: Micros) {
        let Some(tcp) = &mut self.tcp else {
            return;
        };
        if tcp.next_deadline().is_some_and(|deadline| deadline <= now) {
            tcp.sweep(now, &self.watch, |path| self.worker.is_valid(path));
            self.dirty = true;
        }
        for path in tcp.take_ended() {
            guarded(&mut self.worker, now, |worker| {
                worker.handle_disconnect(now, path);
            });
        }
    }

    /// Sends what the worker has left in its outbox.
    fn send(&mut self) {
        let outbox = self.worker.outbox();
        if outbox.is_empty() {
            return;
        }
        self.sender.send(&self.socket, outbox);
        if let Some(tcp) = &mut self.tcp {
            tcp.send(outbox, &self.watch);
        }
        outbox.clear();
    }

    /// Watches for room in the socket while something waits for it.
    fn watch_room(&mut self) {
        let blocked = self.sender.is_blocked();
        if blocked != self.watching_room {
            let interest = if blocked {
                Interest::InputAndRoom
            } else {
                Interest::Input
            };
            if self
                .watch
                .change(&self.socket, Source::Socket, interest)
                .is_ok()
            {
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
                tcp: self
                    .tcp
                    .as_ref()
                    .map(Connections::counters)
                    .unwrap_or_default(),
                oversized: self.oversized,
                cpu_us: thread_cpu_us(),
            };
            self.delivered_at = now;
            self.dirty = false;
        }
    }
}

/// Calls the worker; a panic in it costs what it was at work on, not the thread. When even that cannot be cleaned up
/// the process ends, to be restarted whole.
fn guarded(worker: &mut Worker, now: Micros, call: impl FnOnce(&mut Worker)) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| call(worker))) {
        let message = panic_message(payload.as_ref());
        if catch_unwind(AssertUnwindSafe(|| worker.contain(now, message))).is_err() {
            std::process::abort();
        }
    }
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
