//! A worker with simulated time, and clients that use STUN with integrity, SRTP and RTCP as browsers do.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the fuzz target and the benchmarks use only a part"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

pub mod call;
pub mod media;
pub mod microphones;
pub mod network;
pub mod node_pipe;
pub mod pipes;
pub mod replacement;
pub mod specs;

use std::net::IpAddr;

use hubbub_core::api::{
    Command, CommandError, ConsumerId, ConsumerStats, Event, IceCredentials, Micros, Path,
    ProducerId, ProducerStats, ReplyBody, RouterId, TransportId, TransportStats,
};
use hubbub_core::{Limits, Worker, WorkerConfig};
use hubbub_srtp::{Inbound, MAX_OVERHEAD, Outbound, SrtpProfile};
use hubbub_wire::PacketKind;
use hubbub_wire::rtcp::{Compound, Pli, RtcpPacket, RtcpWrite};
use hubbub_wire::rtp::{RtpHeader, RtpPacket};
use hubbub_wire::stun::{BindingRequest, IceKey, IceRole};

pub const ROUTER: RouterId = RouterId(1);
pub const PROFILE: SrtpProfile = SrtpProfile::AeadAes128Gcm;

/// A worker, the current time, and the worker's output.
pub struct World {
    pub worker: Worker,
    pub now: Micros,
    pub events: Vec<Event>,
    /// Sent datagrams that no client has taken yet.
    pub sent: Vec<(Vec<u8>, Path)>,
    requests: u64,
}

impl World {
    /// A world with one router.
    pub fn new() -> Self {
        Self::with(Self::config())
    }

    /// The default configuration, but with so high an estimate that neither layers nor bursts are limited.
    pub fn config() -> WorkerConfig {
        Self::with_estimate(1_000_000_000)
    }

    /// The default configuration, but with an estimate that stays at this bitrate.
    pub fn with_estimate(bitrate: u64) -> WorkerConfig {
        Self::estimating(bitrate, bitrate, bitrate)
    }

    /// The default configuration, but with an estimate within usual limits.
    pub fn following() -> WorkerConfig {
        Self::estimating(30_000, 300_000, 20_000_000)
    }

    fn estimating(min: u64, initial: u64, max: u64) -> WorkerConfig {
        WorkerConfig {
            outgoing_bitrate: Limits { min, initial, max },
            ..WorkerConfig::default()
        }
    }

    pub fn with(config: WorkerConfig) -> Self {
        let mut world = Self {
            worker: Worker::new(config),
            now: Micros(1_000_000),
            events: Vec::new(),
            sent: Vec::new(),
            requests: 0,
        };
        world.execute(Command::CreateRouter { router: ROUTER });
        world
    }

    /// Executes a command and returns its reply.
    pub fn command(&mut self, command: Command) -> Result<ReplyBody, CommandError> {
        self.requests += 1;
        let request = self.requests;
        self.worker.handle_command(self.now, request, command);
        self.collect();
        match self.events.pop() {
            Some(Event::Reply {
                request: answered,
                result,
            }) if answered == request => result,
            other => panic!("expected a reply, got {other:?}"),
        }
    }

    /// Executes a command that must succeed.
    pub fn execute(&mut self, command: Command) {
        assert_eq!(self.command(command), Ok(ReplyBody::Done {}));
    }

    pub fn datagram(&mut self, path: Path, datagram: &[u8]) {
        self.worker
            .handle_datagram(self.now, path, &mut datagram.to_vec());
        self.collect();
    }

    /// Ends a TCP connection.
    pub fn disconnect(&mut self, path: Path) {
        self.worker.handle_disconnect(self.now, path);
        self.collect();
    }

    /// Advances the time by this many milliseconds.
    pub fn advance(&mut self, milliseconds: u64) {
        let end = self.now.plus(milliseconds * 1000);
        while self.now < end {
            self.now = end.min(self.now.plus(10_000));
            self.worker.handle_timeout(self.now);
            self.collect();
        }
    }

    /// Does what is due at the current time.
    pub fn timeout(&mut self) {
        self.worker.handle_timeout(self.now);
        self.collect();
    }

    fn collect(&mut self) {
        self.events.extend(self.worker.drain_events());
        let outbox = self.worker.outbox();
        self.sent
            .extend(outbox.iter().map(|(bytes, path, _)| (bytes.to_vec(), path)));
        outbox.clear();
    }

    /// The datagrams sent over this path since the last call.
    pub fn take_sent(&mut self, path: Path) -> Vec<Vec<u8>> {
        let (mine, rest) = std::mem::take(&mut self.sent)
            .into_iter()
            .partition(|(_, other)| *other == path);
        self.sent = rest;
        let mine: Vec<(Vec<u8>, Path)> = mine;
        mine.into_iter().map(|(bytes, _)| bytes).collect()
    }

    pub fn transport_stats(&mut self, transport: TransportId) -> TransportStats {
        match self.command(Command::TransportStats { transport }) {
            Ok(ReplyBody::Transport(stats)) => *stats,
            other => panic!("expected statistics, got {other:?}"),
        }
    }

    pub fn producer_stats(&mut self, producer: ProducerId) -> ProducerStats {
        match self.command(Command::ProducerStats { producer }) {
            Ok(ReplyBody::Producer(stats)) => *stats,
            other => panic!("expected statistics, got {other:?}"),
        }
    }

    pub fn consumer_stats(&mut self, consumer: ConsumerId) -> ConsumerStats {
        match self.command(Command::ConsumerStats { consumer }) {
            Ok(ReplyBody::Consumer(stats)) => *stats,
            other => panic!("expected statistics, got {other:?}"),
        }
    }
}

/// The default local address.
pub const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// From this port of the client's machine to [`LOCAL`].
pub fn path_from(port: u16) -> Path {
    Path::udp(LOCAL, ([127, 0, 0, 1], port).into())
}

/// A master key and salt, derived from a number.
fn keys(number: u8) -> Vec<u8> {
    vec![number; PROFILE.key_len() + PROFILE.salt_len()]
}

/// The client of a transport.
pub struct Client {
    pub transport: TransportId,
    pub path: Path,
    pub ice: IceCredentials,
    inbound: Inbound,
    outbound: Outbound,
    transactions: u8,
}

/// A decrypted packet that a client received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received(pub Vec<u8>);

impl Received {
    pub fn rtp(&self) -> RtpPacket<'_> {
        RtpPacket::parse(&self.0).expect("RTP")
    }
}

impl Client {
    /// The client of a new transport. It has sent nothing yet. `number` determines its ids and its port.
    pub fn new(world: &mut World, number: u8) -> Self {
        let transport = TransportId(number.into());
        let ice = IceCredentials {
            ufrag: format!("ufrag{number}"),
            pwd: format!("password of transport {number}"),
        };
        world.execute(Command::CreateTransport {
            transport,
            router: ROUTER,
            ice: ice.clone(),
        });
        let split = |material: &[u8]| {
            let (key, salt) = material.split_at(PROFILE.key_len());
            (key.to_vec(), salt.to_vec())
        };
        let (to_us, to_us_salt) = split(&keys(number));
        let (from_us, from_us_salt) = split(&keys(number + 100));
        Self {
            transport,
            path: path_from(4000 + u16::from(number)),
            ice,
            inbound: Inbound::new(PROFILE, &to_us, &to_us_salt).expect("keys"),
            outbound: Outbound::new(PROFILE, &from_us, &from_us_salt).expect("keys"),
            transactions: 0,
        }
    }

    /// A client whose transport carries media.
    pub fn connected(world: &mut World, number: u8) -> Self {
        let mut client = Self::new(world, number);
        client.check(world, true);
        client.set_keys(world);
        world.take_sent(client.path);
        client
    }

    /// Sets the SRTP keys, as after a DTLS handshake.
    pub fn set_keys(&self, world: &mut World) {
        let number = u8::try_from(self.transport.0).expect("number below 256");
        world.execute(Command::SetSrtpKeys {
            transport: self.transport,
            profile: PROFILE,
            outbound: keys(number),
            inbound: keys(number + 100),
        });
    }

    /// Sends a connectivity check.
    pub fn check(&mut self, world: &mut World, use_candidate: bool) {
        let request = self.request(&self.ice.clone(), use_candidate);
        world.datagram(self.path, &request);
    }

    /// A connectivity check with these credentials.
    pub fn request(&mut self, ice: &IceCredentials, use_candidate: bool) -> Vec<u8> {
        self.transactions += 1;
        let request = BindingRequest {
            transaction_id: [self.transactions; 12],
            username: &format!("{}:theirs", ice.ufrag),
            priority: 1,
            use_candidate,
            role: IceRole::Controlling(1),
        };
        let mut buffer = vec![0; 200];
        let len = request
            .write(&mut buffer, &IceKey::new(&ice.pwd))
            .expect("buffer is large enough");
        buffer.truncate(len);
        buffer
    }

    /// Sends an RTP packet.
    pub fn send(&mut self, world: &mut World, packet: &[u8]) {
        let protected = self.protect(packet);
        world.datagram(self.path, &protected);
    }

    /// Encrypts an RTP packet. Packets may be in any order and repeat, as no rollover occurs.
    pub fn protect(&mut self, packet: &[u8]) -> Vec<u8> {
        assert!(RtpPacket::parse(packet).is_ok(), "not RTP");
        self.protect_raw(packet)
    }

    /// As [`Self::protect`], after this many rollovers of the sequence number.
    pub fn protect_in_round(&mut self, packet: &[u8], rollovers: u32) -> Vec<u8> {
        let header_len = RtpHeader::parse(packet).expect("RTP header").len;
        let mut buffer = packet.to_vec();
        buffer.resize(packet.len() + MAX_OVERHEAD, 0);
        let len = self
            .outbound
            .protect_rtp_with_index(&mut buffer, header_len, packet.len(), rollovers)
            .expect("encryption succeeds");
        buffer.truncate(len);
        buffer
    }

    /// As [`Self::protect`], for packets that are only valid up to the header.
    pub fn protect_raw(&mut self, packet: &[u8]) -> Vec<u8> {
        self.protect_in_round(packet, 0)
    }

    /// Sends an RTCP packet.
    pub fn send_rtcp(&mut self, world: &mut World, packet: &impl RtcpWrite) {
        let mut buffer = vec![0; 1500];
        let len = packet.write(&mut buffer).expect("buffer is large enough");
        let len = self
            .outbound
            .protect_rtcp(&mut buffer, len)
            .expect("encryption succeeds");
        world.datagram(self.path, &buffer[..len]);
    }

    /// Asks for a key frame of this stream.
    pub fn send_pli(&mut self, world: &mut World, media_ssrc: u32) {
        let pli = Pli {
            sender_ssrc: 1,
            media_ssrc,
        };
        self.send_rtcp(world, &pli);
    }

    /// Sends RTCP packets that are written already.
    pub fn send_rtcp_bytes(&mut self, world: &mut World, packets: &[u8]) {
        let protected = self.protect_rtcp(packets);
        world.datagram(self.path, &protected);
    }

    /// Encrypts RTCP packets that are written already.
    pub fn protect_rtcp(&mut self, packets: &[u8]) -> Vec<u8> {
        let mut buffer = packets.to_vec();
        buffer.resize(packets.len() + MAX_OVERHEAD, 0);
        let len = self
            .outbound
            .protect_rtcp(&mut buffer, packets.len())
            .expect("encryption succeeds");
        buffer.truncate(len);
        buffer
    }

    /// The RTP and RTCP sent to this client since the last call. Each packet passed authentication and replay
    /// protection.
    pub fn take(&mut self, world: &mut World) -> (Vec<Received>, Vec<Received>) {
        let (mut rtp, mut rtcp) = (Vec::new(), Vec::new());
        for mut datagram in world.take_sent(self.path) {
            match PacketKind::of(&datagram) {
                PacketKind::Rtp => {
                    let len = self
                        .inbound
                        .unprotect_rtp(&mut datagram)
                        .expect("valid SRTP");
                    datagram.truncate(len);
                    rtp.push(Received(datagram));
                }
                PacketKind::Rtcp => {
                    assert!(
                        datagram.len() <= 1200,
                        "a compound of {} bytes",
                        datagram.len()
                    );
                    let len = self
                        .inbound
                        .unprotect_rtcp(&mut datagram)
                        .expect("valid SRTCP");
                    datagram.truncate(len);
                    rtcp.push(Received(datagram));
                }
                _ => {}
            }
        }
        (rtp, rtcp)
    }

    /// As [`Self::take`], only the RTP.
    pub fn take_rtp(&mut self, world: &mut World) -> Vec<Received> {
        self.take(world).0
    }

    /// As [`Self::take`], the RTCP packets mapped by `select`.
    pub fn take_rtcp<T>(
        &mut self,
        world: &mut World,
        select: impl Fn(RtcpPacket<'_>) -> Option<T>,
    ) -> Vec<T> {
        let (_, compounds) = self.take(world);
        let packets = |compound: &Received| {
            Compound::parse(&compound.0)
                .expect("compound")
                .filter_map(|packet| select(packet.expect("RTCP")))
                .collect::<Vec<_>>()
        };
        compounds.iter().flat_map(packets).collect()
    }

    /// The SSRCs of which this client was asked for a key frame since the last call.
    pub fn take_plis(&mut self, world: &mut World) -> Vec<u32> {
        self.take_rtcp(world, |packet| match packet {
            RtcpPacket::Pli(pli) => Some(pli.media_ssrc),
            _ => None,
        })
    }
}
