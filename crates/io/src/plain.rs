//! The sockets of plain transports: one UDP port each, or two without rtcp-mux.
//!
//! The thread of the worker owns them. A socket is bound when the command that creates its transport arrives, and closed
//! before the event that announces the end of the transport reaches the control plane.

use std::net::{IpAddr, SocketAddr};

use hubbub_core::api::{Command, PlainPorts, Protocol, TransportId};
use hubbub_core::{Outbox, Worker};
use rustc_hash::FxHashMap;

use crate::poller::{Interest, Poller, Source};
use crate::send_queue::SendCounters;
use crate::udp::{UdpSender, WorkerSocket};

/// Attempts to find two consecutive ports among those that the system chooses.
const ATTEMPTS: usize = 64;

/// Where plain transports receive. All workers of a process may share a range: a port in use is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainAddresses {
    /// The address to bind to.
    pub ip: IpAddr,
    /// The first port; 0: the system chooses.
    pub first: u16,
    /// The last port.
    pub last: u16,
}

struct PlainSocket {
    socket: WorkerSocket,
    sender: UdpSender,
    /// The poller also waits for the socket to become writable, because the sender is blocked.
    waits_for_writable: bool,
}

/// The open sockets, by port.
pub(crate) struct PlainSockets {
    /// `None`: plain transports are switched off.
    addresses: Option<PlainAddresses>,
    /// Where the search for a free port starts, so that a closed port rests before it is used again.
    next: u16,
    sockets: FxHashMap<u16, PlainSocket>,
    ports: FxHashMap<TransportId, PlainPorts>,
    /// Those of closed sockets.
    counters: SendCounters,
    /// Scratch list of the ports in a batch.
    used: Vec<u16>,
}

impl PlainSockets {
    pub(crate) fn new(addresses: Option<PlainAddresses>) -> Self {
        Self {
            addresses,
            next: addresses.map_or(0, |addresses| addresses.first),
            sockets: FxHashMap::default(),
            ports: FxHashMap::default(),
            counters: SendCounters::default(),
            used: Vec::new(),
        }
    }

    /// If the command creates a plain transport: binds its sockets, and tells the command their ports. Without a free port
    /// it tells none, and the worker refuses the command.
    pub(crate) fn prepare(
        &mut self,
        command: &mut Command,
        poller: &Poller,
    ) -> Option<(TransportId, PlainPorts)> {
        let Command::CreatePlainTransport {
            transport,
            rtcp_mux,
            ports,
            ..
        } = command
        else {
            return None;
        };
        *ports = self.open(*rtcp_mux, poller);
        Some((*transport, (*ports)?))
    }

    /// After the command was executed: keeps the sockets if the worker uses them, else closes them.
    pub(crate) fn settle(&mut self, transport: TransportId, ports: PlainPorts, worker: &Worker) {
        if worker.is_plain_port(ports.rtp) {
            self.ports.insert(transport, ports);
        } else {
            self.close_ports(ports);
        }
    }

    /// Closes the sockets of a transport that has ended; does nothing for a WebRTC transport.
    pub(crate) fn close(&mut self, transport: TransportId) {
        if let Some(ports) = self.ports.remove(&transport) {
            self.close_ports(ports);
        }
    }

    /// The socket with this port; `None` if it was closed.
    pub(crate) fn socket(&self, port: u16) -> Option<&WorkerSocket> {
        self.sockets.get(&port).map(|plain| &plain.socket)
    }

    /// Sends the datagrams of `outbox` that are for plain transports.
    pub(crate) fn send(&mut self, outbox: &Outbox, poller: &Poller) {
        if self.sockets.is_empty() {
            return;
        }
        self.used.clear();
        for (_, path, _) in outbox.iter() {
            if let Some(port) = path.protocol.plain_port()
                && !self.used.contains(&port)
            {
                self.used.push(port);
            }
        }
        for port in &self.used {
            if let Some(plain) = self.sockets.get_mut(port) {
                plain.sender.send(&plain.socket, outbox);
                plain.update_interest(*port, poller);
            }
        }
    }

    /// Sends what waited until this socket became writable.
    pub(crate) fn resume(&mut self, port: u16, poller: &Poller) {
        if let Some(plain) = self.sockets.get_mut(&port) {
            plain.sender.resume(&plain.socket);
            plain.update_interest(port, poller);
        }
    }

    /// Over all sockets, also closed ones.
    pub(crate) fn counters(&self) -> SendCounters {
        let mut total = self.counters;
        for plain in self.sockets.values() {
            total += plain.sender.counters();
        }
        total
    }

    fn open(&mut self, rtcp_mux: bool, poller: &Poller) -> Option<PlainPorts> {
        let sockets = self.bind(rtcp_mux)?;
        let mut bound = [None; 2];
        for (slot, socket) in bound.iter_mut().zip(sockets) {
            let port = socket.address().port();
            *slot = Some(port);
            if poller.add(&socket, Source::Plain(port)).is_ok() {
                let plain = PlainSocket {
                    socket,
                    sender: UdpSender::new(Protocol::Plain(port)),
                    waits_for_writable: false,
                };
                self.sockets.insert(port, plain);
            }
        }
        let [rtp, rtcp] = bound;
        let ports = PlainPorts { rtp: rtp?, rtcp };
        if ports.all().any(|port| !self.sockets.contains_key(&port)) {
            self.close_ports(ports);
            return None;
        }
        Some(ports)
    }

    /// Binds one socket, or without `rtcp_mux` two: RTP at an even port, RTCP at the next (RFC 3550 section 11).
    fn bind(&mut self, rtcp_mux: bool) -> Option<Vec<WorkerSocket>> {
        let addresses = self.addresses?;
        if addresses.first == 0 {
            return (0..ATTEMPTS).find_map(|_| {
                let rtp = WorkerSocket::bind_plain(SocketAddr::new(addresses.ip, 0)).ok()?;
                with_rtcp(addresses.ip, rtp, rtcp_mux)
            });
        }
        let range = addresses.first..=addresses.last;
        let from_next = range.clone().skip_while(|port| *port < self.next);
        let ports = from_next.chain(range).take(usize::from(u16::MAX));
        for port in ports {
            let is_usable = rtcp_mux || (port.is_multiple_of(2) && port < addresses.last);
            if !is_usable {
                continue;
            }
            let rtp = WorkerSocket::bind_plain(SocketAddr::new(addresses.ip, port)).ok();
            if let Some(sockets) = rtp.and_then(|rtp| with_rtcp(addresses.ip, rtp, rtcp_mux)) {
                let taken = if rtcp_mux { 1 } else { 2 };
                self.next = port.saturating_add(taken);
                return Some(sockets);
            }
        }
        None
    }

    fn close_ports(&mut self, ports: PlainPorts) {
        for port in ports.all() {
            if let Some(plain) = self.sockets.remove(&port) {
                self.counters += plain.sender.counters();
            }
        }
    }
}

impl PlainSocket {
    fn update_interest(&mut self, port: u16, poller: &Poller) {
        let blocked = self.sender.is_blocked();
        if blocked != self.waits_for_writable {
            let interest = if blocked {
                Interest::ReadableAndWritable
            } else {
                Interest::Readable
            };
            if poller
                .change(&self.socket, Source::Plain(port), interest)
                .is_ok()
            {
                self.waits_for_writable = blocked;
            }
        }
    }
}

/// Adds the socket for RTCP unless RTP and RTCP share one.
fn with_rtcp(ip: IpAddr, rtp: WorkerSocket, rtcp_mux: bool) -> Option<Vec<WorkerSocket>> {
    if rtcp_mux {
        return Some(vec![rtp]);
    }
    let port = rtp.address().port();
    let next = port.checked_add(1).filter(|_| port.is_multiple_of(2))?;
    let rtcp = WorkerSocket::bind_plain(SocketAddr::new(ip, next)).ok()?;
    Some(vec![rtp, rtcp])
}
