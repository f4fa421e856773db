//! The TCP connections of a worker and their limits.

use std::cmp::Reverse;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};

use hubbub_core::Outbox;
use hubbub_core::api::{Micros, Path, Protocol};
use rustc_hash::FxHashMap;
use rustix::io::Errno;
use serde::Serialize;

use super::connection::Connection;
use super::listener;
use super::reader::READ_BYTES;
use crate::backlog::Overflow;
use crate::poller::{Interest, Poller, Source};

/// Connections accepted per iteration of the event loop.
const ACCEPT_BATCH: usize = 16;

/// Interval at which expired connections are closed.
const SWEEP_INTERVAL_US: u64 = 1_000_000;

/// Limits on TCP connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpLimits {
    /// Maximum number of connections of a worker.
    pub connections: usize,
    /// Maximum number of connections from one IPv4 address or one IPv6 /64 network. A whole office may share one
    /// address.
    pub per_address: usize,
    /// Microseconds for which a connection may be no transport's valid pair. It is closed within one second after that.
    pub unpaired_timeout_us: u64,
}

impl Default for TcpLimits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            per_address: 256,
            unpaired_timeout_us: 5_000_000,
        }
    }
}

/// Counters of TCP connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TcpCounters {
    /// Connections open now.
    pub connections: u64,
    /// Connections accepted in total.
    pub accepted: u64,
    /// Connections closed at once because a limit was reached.
    pub refused: u64,
    /// Connections without a valid pair that were closed for one from another address.
    pub displaced: u64,
    /// Datagrams dropped because their client reads too slowly.
    pub overflow: Overflow,
}

/// The TCP listener of a worker and its connections, each with an index.
#[derive(Debug)]
pub(crate) struct Connections {
    listener: TcpListener,
    limits: TcpLimits,
    slots: Vec<Option<Connection>>,
    by_path: FxHashMap<Path, usize>,
    by_network: FxHashMap<IpAddr, usize>,
    /// Indices of the connections with new output since the last write.
    pushed: Vec<usize>,
    ended: Vec<Path>,
    buffer: Vec<u8>,
    counters: TcpCounters,
    /// The process ran out of descriptors: no connection is accepted until the next sweep.
    is_paused: bool,
    next_sweep: Micros,
}

impl Connections {
    /// Listens on `address`, which has the worker's port.
    pub(crate) fn listen(address: SocketAddr, limits: TcpLimits) -> io::Result<Self> {
        Ok(Self {
            listener: listener::listen(address)?,
            limits,
            slots: Vec::new(),
            by_path: FxHashMap::default(),
            by_network: FxHashMap::default(),
            pushed: Vec::new(),
            ended: Vec::new(),
            buffer: vec![0; READ_BYTES],
            counters: TcpCounters::default(),
            is_paused: false,
            next_sweep: Micros(0),
        })
    }

    /// Registers the listener with the poller.
    pub(crate) fn start(&self, poller: &Poller) -> io::Result<()> {
        poller.add(&self.listener, Source::Listener)
    }

    pub(crate) fn counters(&self) -> TcpCounters {
        TcpCounters {
            connections: self.by_path.len() as u64,
            ..self.counters
        }
    }

    /// When to call [`Self::sweep`] next; `None` while it has nothing to do.
    pub(crate) fn next_deadline(&self) -> Option<Micros> {
        (self.is_paused || !self.by_path.is_empty()).then_some(self.next_sweep)
    }

    /// Accepts waiting clients; more may remain. When all connections are in use, one without a valid pair gives way.
    pub(crate) fn accept(&mut self, now: Micros, poller: &Poller, is_valid: impl Fn(Path) -> bool) {
        for _ in 0..ACCEPT_BATCH {
            match self.listener.accept() {
                // A connection that cannot be set up has already ended.
                Ok((stream, remote)) => drop(self.enter(now, stream, remote, poller, &is_valid)),
                Err(error) => match Errno::from_io_error(&error) {
                    Some(Errno::AGAIN) => return,
                    Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                        return self.pause(now, poller);
                    }
                    // The client closed the connection before it was accepted.
                    _ => {}
                },
            }
        }
    }

    fn enter(
        &mut self,
        now: Micros,
        stream: TcpStream,
        remote: SocketAddr,
        poller: &Poller,
        is_valid: &impl Fn(Path) -> bool,
    ) -> io::Result<()> {
        let connection = Connection::new(now, stream, remote)?;
        let path = connection.path;
        let from_there = self.by_network.get(&network_of(path)).copied();
        let from_there = from_there.unwrap_or_default();
        let has_room = || self.by_path.len() < self.limits.connections;
        if from_there >= self.limits.per_address
            || (!has_room() && !self.displace(from_there, is_valid))
        {
            self.counters.refused += 1;
            return Ok(());
        }
        let index = match self.slots.iter().position(Option::is_none) {
            Some(free) => free,
            None => {
                self.slots.push(None);
                self.slots.len() - 1
            }
        };
        poller.add(&connection, Source::Connection(index))?;
        if self.next_deadline().is_none() {
            self.next_sweep = now.plus(SWEEP_INTERVAL_US);
        }
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Some(connection);
        }
        self.by_path.insert(path, index);
        *self.by_network.entry(network_of(path)).or_default() += 1;
        self.counters.accepted += 1;
        Ok(())
    }

    /// Closes the oldest connection without a valid pair of the network that has most of them, if that network has more
    /// than the `newcomers` connections of the new client's network. Returns whether it did.
    fn displace(&mut self, newcomers: usize, is_valid: &impl Fn(Path) -> bool) -> bool {
        let mut unpaired: FxHashMap<IpAddr, (usize, Micros, usize)> = FxHashMap::default();
        let connections = self.slots.iter().enumerate();
        for (index, connection) in
            connections.filter_map(|(index, slot)| Some((index, slot.as_ref()?)))
        {
            if is_valid(connection.path) {
                continue;
            }
            let (count, oldest, at) = unpaired.entry(network_of(connection.path)).or_insert((
                0,
                connection.valid_at,
                index,
            ));
            *count += 1;
            if connection.valid_at < *oldest {
                (*oldest, *at) = (connection.valid_at, index);
            }
        }
        let most = unpaired
            .into_values()
            .max_by_key(|(count, oldest, _)| (*count, Reverse(*oldest)));
        match most {
            Some((count, _, index)) if count > newcomers => {
                self.end(index);
                self.counters.displaced += 1;
                true
            }
            _ => false,
        }
    }

    /// Reads once from a connection and passes its datagrams to `take`.
    pub(crate) fn read(&mut self, index: usize, take: impl FnMut(Path, &mut [u8])) {
        let Some(Some(connection)) = self.slots.get_mut(index) else {
            return;
        };
        if connection.read(&mut self.buffer, take).is_err() {
            self.end(index);
        }
    }

    /// Sends the TCP datagrams of `outbox`, or queues them per connection.
    pub(crate) fn send(&mut self, outbox: &Outbox, poller: &Poller) {
        if self.by_path.is_empty() {
            return;
        }
        let by_tcp = outbox
            .iter()
            .filter(|(_, path, _)| path.protocol == Protocol::Tcp);
        for (bytes, path, priority) in by_tcp {
            // The connection has just ended: drop the datagram.
            let Some(&index) = self.by_path.get(&path) else {
                continue;
            };
            if let Some(Some(connection)) = self.slots.get_mut(index) {
                connection.push(bytes, priority);
                if self.pushed.last() != Some(&index) {
                    self.pushed.push(index);
                }
            }
        }
        let mut pushed = std::mem::take(&mut self.pushed);
        pushed.sort_unstable();
        pushed.dedup();
        for index in pushed.drain(..) {
            self.write(index, false, poller);
        }
        self.pushed = pushed;
    }

    /// Sends queued datagrams once a connection is writable again.
    pub(crate) fn resume(&mut self, index: usize, poller: &Poller) {
        self.write(index, true, poller);
    }

    fn write(&mut self, index: usize, is_writable: bool, poller: &Poller) {
        let Some(Some(connection)) = self.slots.get_mut(index) else {
            return;
        };
        self.counters.overflow += connection.take_overflow();
        if connection.waits_for_writable && !is_writable {
            return;
        }
        let mut is_broken = connection.write().is_err();
        let is_blocked = connection.is_blocked();
        if is_blocked != connection.waits_for_writable {
            let interest = if is_blocked {
                Interest::ReadableAndWritable
            } else {
                Interest::Readable
            };
            let source = Source::Connection(index);
            is_broken |= poller.change(&*connection, source, interest).is_err();
            connection.waits_for_writable = is_blocked;
        }
        if is_broken {
            self.end(index);
        }
    }

    /// Closes the connections that were no transport's pair for too long, and resumes accepting.
    pub(crate) fn sweep(&mut self, now: Micros, poller: &Poller, is_valid: impl Fn(Path) -> bool) {
        self.next_sweep = now.plus(SWEEP_INTERVAL_US);
        if self.is_paused {
            let changed = poller.change(&self.listener, Source::Listener, Interest::Readable);
            self.is_paused = changed.is_err();
        }
        for index in 0..self.slots.len() {
            let Some(Some(connection)) = self.slots.get_mut(index) else {
                continue;
            };
            if is_valid(connection.path) {
                connection.valid_at = now;
            } else if now.since(connection.valid_at) > self.limits.unpaired_timeout_us {
                self.end(index);
            }
        }
    }

    /// Takes the paths of the connections that ended.
    pub(crate) fn take_ended(&mut self) -> Vec<Path> {
        std::mem::take(&mut self.ended)
    }

    fn end(&mut self, index: usize) {
        let Some(connection) = self.slots.get_mut(index).and_then(Option::take) else {
            return;
        };
        let path = connection.path;
        self.by_path.remove(&path);
        if let Some(count) = self.by_network.get_mut(&network_of(path)) {
            *count -= 1;
            if *count == 0 {
                self.by_network.remove(&network_of(path));
            }
        }
        self.ended.push(path);
    }

    fn pause(&mut self, now: Micros, poller: &Poller) {
        let changed = poller.change(&self.listener, Source::Listener, Interest::None);
        self.is_paused = changed.is_ok();
        self.next_sweep = now.plus(SWEEP_INTERVAL_US);
    }
}

/// The network that a client's connections are counted under: its IPv4 address, or its IPv6 /64, which one subscriber
/// has.
fn network_of(path: Path) -> IpAddr {
    match path.remote.ip() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (!0 << 64))),
        v4 => v4,
    }
}
