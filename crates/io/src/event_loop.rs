//! The event loop of a worker thread: it polls, passes input to the worker, sends its output and delivers its events.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, PoisonError};

use hubbub_core::api::{Event, Micros, Protocol};
use hubbub_core::{Worker, WorkerConfig};
use rustix::event::Timespec;

use crate::clock::{Clock, thread_cpu_us};
use crate::event_queue::EventQueue;
use crate::plain::PlainSockets;
use crate::poller::{Interest, Poller, Readiness, Source};
use crate::port::Port;
use crate::rings::{IncomingRings, OutgoingRings, Rings};
use crate::shared::{Shared, ThreadCounters, ThreadMessage};
use crate::tcp::Connections;
use crate::udp::{ReceiveBatch, UdpSender, WorkerSocket};

/// Maximum delay of events that are not urgent, and of the counters.
const DELIVERY_INTERVAL_US: u64 = 10_000;

/// Commands executed per iteration, and the time they may take, so that they cannot starve the sockets: closing the
/// transports of a large room takes tens of milliseconds.
const COMMAND_BATCH: usize = 256;
const COMMAND_TIME_US: u64 = 2_000;

/// Outbox length at which the loop sends within a receive batch. It keeps the outbox in the CPU caches and bounds the
/// memory of a large fan-out.
const SEND_THRESHOLD: usize = 1_024;

/// Where datagrams come and go.
pub(crate) struct Ports {
    pub(crate) port: Port,
    pub(crate) plain: PlainSockets,
    pub(crate) rings: Rings,
}

/// The state that the thread owns.
pub(crate) struct EventLoop {
    index: usize,
    socket: WorkerSocket,
    tcp: Option<Connections>,
    plain: PlainSockets,
    incoming: IncomingRings,
    outgoing: OutgoingRings,
    poller: Poller,
    ready: Vec<Readiness>,
    clock: Clock,
    worker: Worker,
    commands: Receiver<ThreadMessage>,
    shared: Arc<Shared>,
    events: Arc<EventQueue>,
    sender: UdpSender,
    /// The poller also waits for the socket to become writable, because the sender is blocked.
    waits_for_writable: bool,
    oversized: u64,
    /// The latest time passed to the worker.
    worker_time: Micros,
    delivered_at: Micros,
    /// Something was processed since the last delivery.
    dirty: bool,
}

impl EventLoop {
    pub(crate) fn new(
        index: usize,
        Ports { port, plain, rings }: Ports,
        clock: Clock,
        config: WorkerConfig,
        commands: Receiver<ThreadMessage>,
        shared: Arc<Shared>,
        events: Arc<EventQueue>,
    ) -> io::Result<Self> {
        let Port { udp: socket, tcp } = port;
        let poller = Poller::new()?;
        poller.add(&socket, Source::Socket)?;
        poller.add(&shared.bell.waker, Source::Commands)?;
        if let Some(tcp) = &tcp {
            tcp.start(&poller)?;
        }
        Ok(Self {
            index,
            socket,
            tcp,
            plain,
            incoming: rings.incoming,
            outgoing: rings.outgoing,
            poller,
            ready: Vec::new(),
            clock,
            worker: Worker::new(config),
            commands,
            shared,
            events,
            sender: UdpSender::new(Protocol::Udp),
            waits_for_writable: false,
            oversized: 0,
            worker_time: Micros(0),
            delivered_at: Micros(0),
            dirty: false,
        })
    }

    /// Runs until [`ThreadMessage::Stop`] arrives.
    pub(crate) fn run(mut self) {
        let mut batch = ReceiveBatch::new();
        loop {
            self.wait();
            let now = self.clock.now();
            let mut stop = false;
            let mut ready = std::mem::take(&mut self.ready);
            // Commands first: a command submitted before a datagram arrived takes effect before it.
            ready.sort_unstable_by_key(|ready| ready.source != Source::Commands);
            let mut has_new_clients = false;
            for Readiness {
                source,
                readable,
                writable,
            } in ready.drain(..)
            {
                match source {
                    Source::Commands => stop = self.execute(now),
                    Source::Socket => {
                        if writable {
                            self.sender.resume(&self.socket);
                        }
                        if readable {
                            self.receive(&mut batch, None);
                        }
                    }
                    Source::Plain(port) => {
                        if writable {
                            self.plain.resume(port, &self.poller);
                        }
                        if readable {
                            self.receive(&mut batch, Some(port));
                        }
                    }
                    Source::Connection(index) => self.serve(now, index, readable, writable),
                    Source::Listener => has_new_clients = true,
                }
            }
            self.ready = ready;
            self.receive_from_workers(now);
            if self
                .worker
                .next_deadline()
                .is_some_and(|deadline| deadline <= now)
            {
                self.dirty = true;
                let now = self.advance_to(now);
                guarded(&mut self.worker, |worker| worker.handle_timeout(now));
            }
            self.tend_connections(now);
            self.send();
            self.update_interest();
            // Last: the indices in `ready` refer to the connections before this accept.
            if has_new_clients && let Some(tcp) = &mut self.tcp {
                tcp.accept(now, &self.poller, |path| self.worker.is_valid(path));
                self.dirty = true;
            }
            self.deliver(now, stop);
            if stop {
                return;
            }
        }
    }

    /// The time to pass to the worker for what happened at `at`. The worker's time never goes back: a datagram that waited
    /// while the worker was called counts as received then.
    fn advance_to(&mut self, at: Micros) -> Micros {
        self.worker_time = self.worker_time.max(at);
        self.worker_time
    }

    /// Waits for a ready descriptor or the next deadline.
    fn wait(&mut self) {
        let delivery = self
            .dirty
            .then(|| self.delivered_at.plus(DELIVERY_INTERVAL_US));
        let sweep = self.tcp.as_ref().and_then(Connections::next_deadline);
        let wake_at = [self.worker.next_deadline(), delivery, sweep]
            .into_iter()
            .flatten()
            .min();
        let is_alone = self.incoming.is_empty();
        let may_sleep = is_alone || self.shared.bell.fall_asleep(|| self.incoming.has_input());
        let wake_at = if may_sleep { wake_at } else { Some(Micros(0)) };
        let timeout = wake_at.map(|at| {
            let micros = at.since(self.clock.now());
            Timespec {
                tv_sec: (micros / 1_000_000) as i64,
                tv_nsec: ((micros % 1_000_000) * 1_000) as _,
            }
        });
        self.poller.wait(timeout.as_ref(), &mut self.ready);
        if !is_alone {
            self.shared.bell.wake_up();
        }
    }

    /// Executes commands; returns true when the thread must end.
    fn execute(&mut self, started: Micros) -> bool {
        self.shared.bell.waker.reset();
        self.dirty = true;
        let now = self.advance_to(started);
        for _ in 0..COMMAND_BATCH {
            match self.commands.try_recv() {
                Ok(ThreadMessage::Command(request, mut command)) => {
                    let plain = self.plain.prepare(&mut command, &self.poller);
                    guarded(&mut self.worker, |worker| {
                        worker.handle_command(now, request, command);
                    });
                    if let Some((transport, ports)) = plain {
                        self.plain.settle(transport, ports, &self.worker);
                    }
                    if self.clock.now().since(started) >= COMMAND_TIME_US {
                        break;
                    }
                }
                Ok(ThreadMessage::Stop) | Err(TryRecvError::Disconnected) => return true,
                Err(TryRecvError::Empty) => return false,
            }
        }
        self.shared.bell.waker.wake();
        false
    }

    /// Passes one batch of datagrams to the worker, each with the time at which the kernel received it: from the worker's
    /// socket, or that of a plain transport with this port.
    fn receive(&mut self, batch: &mut ReceiveBatch, plain: Option<u16>) {
        let socket = match plain {
            None => Some(&self.socket),
            Some(port) => self.plain.socket(port),
        };
        // An error means that the socket is empty, or the next call reports it again.
        let Some(Ok(received)) = socket.map(|socket| batch.receive(socket)) else {
            return;
        };
        self.dirty = true;
        let reading = self.clock.read();
        let mut whole = 0;
        for (path, arrival, datagram) in batch.datagrams() {
            whole += 1;
            let now = self.advance_to(reading.arrival(arrival));
            guarded(&mut self.worker, |worker| {
                worker.handle_datagram(now, path, datagram);
            });
            if self.worker.outbox().len() >= SEND_THRESHOLD {
                self.send();
            }
        }
        self.oversized += (received - whole) as u64;
    }

    /// Passes a batch of datagrams from each other worker to ours.
    fn receive_from_workers(&mut self, now: Micros) {
        let now = self.advance_to(now);
        let mut incoming = std::mem::take(&mut self.incoming);
        self.dirty |= incoming.receive(|path, datagram| {
            guarded(&mut self.worker, |worker| {
                worker.handle_datagram(now, path, datagram);
            });
            if self.worker.outbox().len() >= SEND_THRESHOLD {
                self.send();
            }
        });
        self.incoming = incoming;
    }

    /// Writes to a connection that is writable and reads from one that is readable.
    fn serve(&mut self, now: Micros, index: usize, readable: bool, writable: bool) {
        let Some(tcp) = &mut self.tcp else {
            return;
        };
        self.dirty = true;
        self.worker_time = self.worker_time.max(now);
        let now = self.worker_time;
        if writable {
            tcp.resume(index, &self.poller);
        }
        if readable {
            tcp.read(index, |path, datagram| {
                guarded(&mut self.worker, |worker| {
                    worker.handle_datagram(now, path, datagram);
                });
            });
        }
        if self.worker.outbox().len() >= SEND_THRESHOLD {
            self.send();
        }
    }

    /// Closes expired connections, and reports all connections that ended to the worker.
    fn tend_connections(&mut self, now: Micros) {
        let Some(tcp) = &mut self.tcp else {
            return;
        };
        if tcp.next_deadline().is_some_and(|deadline| deadline <= now) {
            tcp.sweep(now, &self.poller, |path| self.worker.is_valid(path));
            self.dirty = true;
        }
        let ended = tcp.take_ended();
        let now = self.advance_to(now);
        for path in ended {
            guarded(&mut self.worker, |worker| {
                worker.handle_disconnect(now, path);
            });
        }
    }

    /// Sends the datagrams in the worker's outbox.
    fn send(&mut self) {
        let outbox = self.worker.outbox();
        if outbox.is_empty() {
            return;
        }
        self.sender.send(&self.socket, outbox);
        self.plain.send(outbox, &self.poller);
        self.outgoing.send(outbox);
        if let Some(tcp) = &mut self.tcp {
            tcp.send(outbox, &self.poller);
        }
        outbox.clear();
    }

    /// Waits for the socket to become writable only while the sender is blocked.
    fn update_interest(&mut self) {
        let blocked = self.sender.is_blocked();
        if blocked != self.waits_for_writable {
            let interest = if blocked {
                Interest::ReadableAndWritable
            } else {
                Interest::Readable
            };
            if self
                .poller
                .change(&self.socket, Source::Socket, interest)
                .is_ok()
            {
                self.waits_for_writable = blocked;
            }
        }
    }

    /// Delivers events (urgent ones at once) and publishes the counters.
    fn deliver(&mut self, now: Micros, at_once: bool) {
        let due = at_once || now.since(self.delivered_at) >= DELIVERY_INTERVAL_US;
        if self.worker.has_urgent_events() || (due && self.worker.has_events()) {
            let plain = &mut self.plain;
            let events = self.worker.drain_events().inspect(|event| {
                if let Event::TransportClosed { transport, .. } = event {
                    plain.close(*transport);
                }
            });
            self.events.push(self.index, events);
        }
        if due && self.dirty {
            let mut sent = self.sender.counters();
            sent += self.plain.counters();
            *self
                .shared
                .counters
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = ThreadCounters {
                worker: self.worker.counters(),
                sent,
                rings: self.outgoing.counters(),
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

/// Calls the worker and recovers from a panic in it: the entities in use are closed and the thread continues. If the
/// recovery panics too, the process aborts, to be restarted.
fn guarded(worker: &mut Worker, call: impl FnOnce(&mut Worker)) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| call(worker))) {
        let message = panic_message(payload.as_ref());
        if catch_unwind(AssertUnwindSafe(|| worker.recover_from_panic(message))).is_err() {
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
    fn panic_message_keeps_the_text_of_the_panic() {
        let payload = catch_unwind(|| panic!("slab entry {} is gone", 7)).unwrap_err();
        assert_eq!(panic_message(payload.as_ref()), "slab entry 7 is gone");
        let payload = catch_unwind(|| panic!("plain")).unwrap_err();
        assert_eq!(panic_message(payload.as_ref()), "plain");
    }
}
