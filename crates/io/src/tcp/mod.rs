//! ICE over TCP (RFC 6544) for clients whose network lets no UDP through: they connect, and each datagram is a frame
//! (RFC 4571) of that connection.
//!
//! Everything about a connection is a stranger's until the worker has found a good check on it. So these are bounded:
//! - connections, in all and from one address; what comes on top is closed at once,
//! - the time for which a connection may be nobody's pair, at its beginning or later, before it is closed,
//! - the bytes that it may have us keep: less than one frame on the way in, and [`writer`]'s on the way out.

mod connection;
mod listener;
mod reader;
mod writer;

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};

use hubbub_core::Outbox;
use hubbub_core::api::{Micros, Path, Protocol};
use rustc_hash::FxHashMap;
use rustix::io::Errno;
use serde::Serialize;

use crate::backlog::Overflow;
use crate::watch::{Interest, Source, Watch};
use connection::Connection;
use reader::READ_BYTES;

/// Connections accepted before what else is ready has its turn.
const ACCEPT_BATCH: usize = 16;

/// How often connections are looked through for those that are nobody's.
const SWEEP_INTERVAL_US: u64 = 1_000_000;

/// How many connections there may be, and for how long without a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpLimits {
    /// Connections of a worker.
    pub connections: usize,
    /// Of these, from one address of IPv4 or one network of IPv6 (/64). Whole offices have one address.
    pub per_address: usize,
    /// Microseconds for which a connection may be no transport's valid pair; it is closed within a second after.
    pub patience_us: u64,
}

impl Default for TcpLimits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            per_address: 256,
            patience_us: 5_000_000,
        }
    }
}

/// What became of connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TcpCounters {
    /// Open now.
    pub connections: u64,
    /// Taken in, ever.
    pub accepted: u64,
    /// Closed at once, because there were too many.
    pub refused: u64,
    /// Datagrams given up because their client read too slowly.
    pub overflow: Overflow,
}

/// The listener of a worker and its connections, each under an index.
#[derive(Debug)]
pub(crate) struct Connections {
    listener: TcpListener,
    limits: TcpLimits,
    slots: Vec<Option<Connection>>,
    by_path: FxHashMap<Path, usize>,
    by_network: FxHashMap<IpAddr, usize>,
    /// Those that something was put into since the last writing.
    pushed: Vec<usize>,
    ended: Vec<Path>,
    buffer: Vec<u8>,
    counters: TcpCounters,
    /// The process has no descriptor left: nothing is accepted until the next sweep.
    is_paused: bool,
    next_sweep: Micros,
}

impl Connections {
    /// Listens for clients. `address` has the worker's port.
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

    /// Has the listener watched.
    pub(crate) fn start(&self, watch: &Watch) -> io::Result<()> {
        watch.add(&self.listener, Source::Listener)
    }

    pub(crate) fn counters(&self) -> TcpCounters {
        TcpCounters {
            connections: self.by_path.len() as u64,
            ..self.counters
        }
    }

    /// When [`Self::sweep`] is to be called next; `None` while there is nothing to wait for.
    pub(crate) fn next_deadline(&self) -> Option<Micros> {
        (self.is_paused || !self.by_path.is_empty()).then_some(self.next_sweep)
    }

    /// Takes in clients that wait; there may be more of them.
    pub(crate) fn accept(&mut self, now: Micros, watch: &Watch) {
        for _ in 0..ACCEPT_BATCH {
            match self.listener.accept() {
                // One that cannot be set up has ended already.
                Ok((stream, remote)) => drop(self.enter(now, stream, remote, watch)),
                Err(error) => match Errno::from_io_error(&error) {
                    Some(Errno::AGAIN) => return,
                    Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                        return self.pause(now, watch);
                    }
                    // The client was gone before its turn came.
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
        watch: &Watch,
    ) -> io::Result<()> {
        let connection = Connection::new(now, stream, remote)?;
        let path = connection.path;
        let from_there = self.by_network.get(&network_of(path)).copied();
        if self.by_path.len() >= self.limits.connections
            || from_there.unwrap_or_default() >= self.limits.per_address
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
        watch.add(&connection, Source::Connection(index))?;
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

    /// Reads once from a connection and hands its datagrams over.
    pub(crate) fn read(&mut self, index: usize, take: impl FnMut(Path, &mut [u8])) {
        let Some(Some(connection)) = self.slots.get_mut(index) else {
            return;
        };
        if connection.read(&mut self.buffer, take).is_err() {
            self.end(index);
        }
    }

    /// Sends what goes by TCP in `outbox`, or keeps it for later.
    pub(crate) fn send(&mut self, outbox: &Outbox, watch: &Watch) {
        if self.by_path.is_empty() {
            return;
        }
        let by_tcp = outbox
            .iter()
            .filter(|(_, path, _)| path.protocol == Protocol::Tcp);
        for (bytes, path, priority) in by_tcp {
            // One that has just ended has no place for it.
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
            self.write(index, false, watch);
        }
        self.pushed = pushed;
    }

    /// Sends what waits for a connection that has room again.
    pub(crate) fn resume(&mut self, index: usize, watch: &Watch) {
        self.write(index, true, watch);
    }

    fn write(&mut self, index: usize, has_room: bool, watch: &Watch) {
        let Some(Some(connection)) = self.slots.get_mut(index) else {
            return;
        };
        self.counters.overflow += connection.take_overflow();
        if connection.watches_room && !has_room {
            return;
        }
        let mut is_broken = connection.write().is_err();
        let is_blocked = connection.is_blocked();
        if is_blocked != connection.watches_room {
            let interest = if is_blocked {
                Interest::InputAndRoom
            } else {
                Interest::Input
            };
            let source = Source::Connection(index);
            is_broken |= watch.change(&*connection, source, interest).is_err();
            connection.watches_room = is_blocked;
        }
        if is_broken {
            self.end(index);
        }
    }

    /// Closes the connections that have been nobody's for too long, and accepts again.
    pub(crate) fn sweep(&mut self, now: Micros, watch: &Watch, is_valid: impl Fn(Path) -> bool) {
        self.next_sweep = now.plus(SWEEP_INTERVAL_US);
        if self.is_paused {
            let watched = watch.change(&self.listener, Source::Listener, Interest::Input);
            self.is_paused = watched.is_err();
        }
        for index in 0..self.slots.len() {
            let Some(Some(connection)) = self.slots.get_mut(index) else {
                continue;
            };
            if is_valid(connection.path) {
                connection.valid_at = now;
            } else if now.since(connection.valid_at) > self.limits.patience_us {
                self.end(index);
            }
        }
    }

    /// Takes the paths of the connections that have ended.
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

    fn pause(&mut self, now: Micros, watch: &Watch) {
        let watched = watch.change(&self.listener, Source::Listener, Interest::Nothing);
        self.is_paused = watched.is_ok();
        self.next_sweep = now.plus(SWEEP_INTERVAL_US);
    }
}

/// Whom a client is counted with: its address of IPv4, or its network of IPv6, which is one subscriber's.
fn network_of(path: Path) -> IpAddr {
    match path.remote.ip() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (!0 << 64))),
        v4 => v4,
    }
}
