//! A worker on a real loopback socket, and clients with their own sockets that speak STUN and SRTP.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each user includes this module and uses a part of it"
)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a failed expectation fails the test"
)]

pub mod media;
pub mod pipes;
pub mod tcp;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use hubbub_core::api::{
    Command, CommandError, Event, IceCredentials, IceState, Protocol, ReplyBody, RouterId,
    TransportId,
};
use hubbub_core::{Limits, WorkerConfig};
use hubbub_io::{
    Clock, EventQueue, PlainAddresses, Rings, SpawnError, TcpLimits, ThreadOptions, WorkerHandle,
    WorkerThread,
};
use hubbub_srtp::{Inbound, MAX_OVERHEAD, Outbound, SrtpProfile};
use hubbub_wire::stun::{BindingRequest, IceKey, IceRole, StunClass, StunMessage};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub const ROUTER: RouterId = RouterId(1);
pub const PROFILE: SrtpProfile = SrtpProfile::AeadAes128Gcm;

/// An estimate that limits nothing.
const ENOUGH: Limits = Limits {
    min: 10_000_000_000,
    initial: 10_000_000_000,
    max: 10_000_000_000,
};

/// Longer than any step of a test takes; a test that waits longer fails.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// A worker thread and its events.
pub struct Node {
    pub worker: WorkerHandle,
    pub queue: Arc<EventQueue>,
    pub events: Vec<Event>,
    requests: u64,
}

impl Node {
    /// Starts a worker with one router, on the IPv4 loopback address.
    pub fn start() -> Self {
        Self::bound_to(Ipv4Addr::LOCALHOST.into())
    }

    /// Starts a worker with one router, on this address and a port that the system chooses.
    pub fn bound_to(host: IpAddr) -> Self {
        Self::with(host, None)
    }

    /// Like [`Self::bound_to`], with TCP if `tcp` is given.
    pub fn with(host: IpAddr, tcp: Option<TcpLimits>) -> Self {
        let address = SocketAddr::new(host, 0);
        Self::running(Self::spawn(address, tcp).expect("a worker"))
    }

    /// Like [`Self::start`], with these ports for plain transports.
    pub fn with_plain_ports(first: u16, last: u16) -> Self {
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        Self::running(Self::spawn_with(address, None, (first, last)).expect("a worker"))
    }

    /// Starts workers of one process, each with one router, on the IPv4 loopback address.
    pub fn workers(count: usize) -> Vec<Self> {
        Self::workers_started(count, || {})
    }

    /// As [`Self::workers`], with something to do before each of them.
    pub fn workers_started(count: usize, before: impl Fn()) -> Vec<Self> {
        let rings = Rings::between(count).expect("descriptors");
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        let clock = Clock::start();
        rings
            .into_iter()
            .enumerate()
            .map(|(index, rings)| {
                before();
                let worker = Self::spawn_worker(index, rings, clock, address, None, (0, 0));
                Self::running(worker.expect("a worker"))
            })
            .collect()
    }

    fn running((worker, queue): (WorkerHandle, Arc<EventQueue>)) -> Self {
        let mut node = Self {
            worker,
            queue,
            events: Vec::new(),
            requests: 0,
        };
        node.done(Command::CreateRouter { router: ROUTER });
        node
    }

    /// Starts a worker thread on `address`, and the queue of its events.
    pub fn spawn(
        address: SocketAddr,
        tcp: Option<TcpLimits>,
    ) -> Result<(WorkerHandle, Arc<EventQueue>), SpawnError> {
        Self::spawn_with(address, tcp, (0, 0))
    }

    fn spawn_with(
        address: SocketAddr,
        tcp: Option<TcpLimits>,
        ports: (u16, u16),
    ) -> Result<(WorkerHandle, Arc<EventQueue>), SpawnError> {
        let rings = Rings::none().expect("a descriptor");
        Self::spawn_worker(0, rings, Clock::start(), address, tcp, ports)
    }

    fn spawn_worker(
        index: usize,
        rings: Rings,
        clock: Clock,
        address: SocketAddr,
        tcp: Option<TcpLimits>,
        (first, last): (u16, u16),
    ) -> Result<(WorkerHandle, Arc<EventQueue>), SpawnError> {
        let queue = Arc::new(EventQueue::new().expect("a descriptor"));
        let options = ThreadOptions {
            name: "media-test".into(),
            pin: None,
            tcp,
            plain: Some(PlainAddresses {
                ip: Ipv4Addr::LOCALHOST.into(),
                first,
                last,
            }),
        };
        // Benchmarks send faster than a client does, and receive faster than an estimate allows that starts low.
        let config = WorkerConfig {
            max_ingress_bitrate: u64::MAX,
            outgoing_bitrate: ENOUGH,
            ..WorkerConfig::default()
        };
        let events = Arc::clone(&queue);
        WorkerThread::spawn(index, address, config, options, rings, clock, events)
            .map(|worker| (worker, queue))
    }

    /// Executes a command and waits for the reply. Events that arrive before it are kept.
    pub fn command(&mut self, command: Command) -> Result<ReplyBody, CommandError> {
        self.requests += 1;
        self.worker
            .submit(self.requests, command)
            .expect("admitted");
        loop {
            self.await_events();
            let replied = self
                .events
                .iter()
                .position(|event| matches!(event, Event::Reply { .. }));
            if let Some(Event::Reply { request, result }) = replied.map(|at| self.events.remove(at))
            {
                assert_eq!(request, self.requests);
                return result;
            }
        }
    }

    /// Executes a command that must succeed.
    pub fn done(&mut self, command: Command) {
        assert_eq!(self.command(command), Ok(ReplyBody::Done {}));
    }

    /// Waits for events and takes them.
    pub fn await_events(&mut self) {
        let timeout = Timespec {
            tv_sec: TIMEOUT.as_secs() as i64,
            tv_nsec: 0,
        };
        let mut fds = [PollFd::from_borrowed_fd(self.queue.as_fd(), PollFlags::IN)];
        assert_eq!(poll(&mut fds, Some(&timeout)), Ok(1), "no event came");
        self.events
            .extend(self.queue.drain().into_iter().map(|(_, event)| event));
    }
}

/// The datagram connection of a client.
pub trait Line {
    fn send(&mut self, datagram: &[u8]) -> io::Result<()>;
    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    fn address(&self) -> SocketAddr;
}

impl Line for UdpSocket {
    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        Self::send(self, datagram).map(|_| ())
    }

    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Self::recv(self, buffer)
    }

    fn address(&self) -> SocketAddr {
        self.local_addr().expect("bound")
    }
}

/// The loopback address of the family of `ip`, to bind a client's socket to.
pub fn loopback_like(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

/// The client end of a transport.
pub struct Client<L = UdpSocket> {
    pub socket: L,
    pub transport: TransportId,
    pub outbound: Outbound,
    pub inbound: Inbound,
    ice: IceCredentials,
}

impl Client {
    /// Creates a transport and a UDP client for it that has sent nothing yet.
    pub fn new(node: &mut Node, number: u64) -> Self {
        Self::connecting_to(node, Ipv4Addr::LOCALHOST, number)
    }

    /// Like [`Self::new`], with a socket connected to this address of the node: it receives from no other address.
    pub fn connecting_to(node: &mut Node, host: impl Into<IpAddr>, number: u64) -> Self {
        let host = host.into();
        let socket = UdpSocket::bind((loopback_like(host), 0)).expect("a port");
        let port = node.worker.address().port();
        socket.connect((host, port)).expect("loopback");
        socket.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
        Self::over(socket, node, number)
    }

    /// Creates a client and connects its transport.
    pub fn connected(node: &mut Node, number: u64) -> Self {
        let mut client = Self::new(node, number);
        client.connect(node);
        client
    }
}

impl<L: Line> Client<L> {
    /// Creates a transport and a client for it that uses this line.
    pub fn over(socket: L, node: &mut Node, number: u64) -> Self {
        let transport = TransportId(number);
        let ice = IceCredentials {
            ufrag: format!("ufrag{number}"),
            pwd: format!("password of transport {number}"),
        };
        node.done(Command::CreateTransport {
            transport,
            router: ROUTER,
            ice: ice.clone(),
        });
        let key = vec![number as u8; PROFILE.key_len()];
        let salt = vec![number as u8; PROFILE.salt_len()];
        let outbound = Outbound::new(PROFILE, &key, &salt).expect("keys");
        Self {
            socket,
            transport,
            outbound,
            inbound: Inbound::new(PROFILE, &key, &salt).expect("keys"),
            ice,
        }
    }

    /// Connects the transport: a connectivity check, then the SRTP keys.
    pub fn connect(&mut self, node: &mut Node) {
        assert_eq!(self.check(), StunClass::SuccessResponse);
        let number = self.transport.0;
        let keys = vec![number as u8; PROFILE.key_len() + PROFILE.salt_len()];
        node.done(Command::SetSrtpKeys {
            transport: self.transport,
            profile: PROFILE,
            outbound: keys.clone(),
            inbound: keys,
        });
    }

    /// The event of this client's path being selected, or deselected.
    pub fn selected(&self, state: IceState, local: IpAddr, protocol: Protocol) -> Event {
        Event::IceSelected {
            transport: self.transport,
            state,
            local,
            remote: self.socket.address(),
            protocol,
        }
    }

    /// Makes a connectivity check and returns the class of the response.
    pub fn check(&mut self) -> StunClass {
        let request = BindingRequest {
            transaction_id: [7; 12],
            username: &format!("{}:theirs", self.ice.ufrag),
            priority: 1,
            use_candidate: true,
            role: IceRole::Controlling(1),
        };
        let key = IceKey::new(&self.ice.pwd);
        let mut buffer = [0; 1500];
        let len = request.write(&mut buffer, &key).expect("room");
        self.socket.send(&buffer[..len]).expect("sent");
        let len = self.socket.recv(&mut buffer).expect("an answer");
        let answer = StunMessage::parse(&buffer[..len]).expect("STUN");
        answer.verify_integrity(&key).expect("integrity");
        assert_eq!(answer.mapped_address(), Some(self.socket.address()));
        answer.class()
    }

    /// Protects an RTP packet with a 12-byte header.
    pub fn protect(&mut self, packet: &[u8]) -> Vec<u8> {
        let mut buffer = packet.to_vec();
        buffer.resize(packet.len() + MAX_OVERHEAD, 0);
        let len = self
            .outbound
            .protect_rtp(&mut buffer, 12, packet.len())
            .expect("protected");
        buffer.truncate(len);
        buffer
    }

    /// Receives the next RTP packet and unprotects it. RTCP is skipped.
    pub fn receive_rtp(&mut self) -> Vec<u8> {
        loop {
            let mut buffer = [0; 1500];
            let len = self.socket.recv(&mut buffer).expect("a packet");
            if hubbub_wire::PacketKind::of(&buffer[..len]) == hubbub_wire::PacketKind::Rtp {
                let len = self
                    .inbound
                    .unprotect_rtp(&mut buffer[..len])
                    .expect("good SRTP");
                return buffer[..len].to_vec();
            }
        }
    }
}
