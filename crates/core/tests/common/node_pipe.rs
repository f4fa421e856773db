//! Two workers of different nodes: a sender on the first, viewers on the second, and a link over a simulated network between
//! them. The pipe carries what the viewers want, as the control plane arranges it.

use std::net::{IpAddr, SocketAddr};

use hubbub_core::WorkerConfig;
use hubbub_core::api::{
    Command, ConsumerId, ConsumerSpec, Event, FeedbackKind, IceCredentials, IceState, MediaKind,
    Micros, Path, PipeConsumerSpec, PipeLink, ProducerId, ProducerSpec, RouterId, TransportId,
};
use hubbub_netem::{Link, LinkConfig};
use hubbub_srtp::SrtpProfile;
use hubbub_wire::ExtensionKind;
use hubbub_wire::rtp::RtpHeader;

use super::media::{Packet, vp8};
use super::pipes::{PIPE, PIPED, PRODUCER, pipe_specs};
use super::specs::*;
use super::{Client, ROUTER, Received, World};

/// The id of transport-cc on the link.
pub const LINK_CC: u8 = 12;
pub const LINK_PROFILE: SrtpProfile = SrtpProfile::AeadAes256Gcm;

/// One direction of the network.
pub struct Way {
    pub link: Link<Vec<u8>>,
    /// Everything is lost.
    pub is_cut: bool,
    /// Whether a packet is lost: by its SSRC and number.
    pub loses: Box<dyn FnMut(u32, u16) -> bool>,
    /// Every datagram that was sent.
    pub sent: Vec<Vec<u8>>,
}

impl Way {
    fn new(config: LinkConfig) -> Self {
        Self {
            link: Link::new(config, 7),
            is_cut: false,
            loses: Box::new(|_, _| false),
            sent: Vec::new(),
        }
    }

    fn send(&mut self, now: Micros, datagram: Vec<u8>) {
        self.sent.push(datagram.clone());
        let is_lost = rtp(&datagram).is_some_and(|(ssrc, number)| (self.loses)(ssrc, number));
        if !self.is_cut && !is_lost {
            self.link.send(now, datagram.len() + 28, datagram);
        }
    }

    /// SSRC and number of the RTP that was sent since the last call.
    pub fn take_rtp(&mut self) -> Vec<(u32, u16)> {
        let sent = std::mem::take(&mut self.sent);
        sent.iter().filter_map(|datagram| rtp(datagram)).collect()
    }
}

/// SSRC and number of an RTP packet behind a connection id.
fn rtp(datagram: &[u8]) -> Option<(u32, u16)> {
    let packet = datagram.get(4..)?;
    let is_linked = (64..=79).contains(&datagram[0]);
    if !is_linked || (192..=223).contains(&packet[1]) {
        return None;
    }
    let header = RtpHeader::parse(packet).ok()?;
    Some((header.ssrc, header.sequence_number))
}

/// The two workers.
pub struct NodePipe {
    pub origin: World,
    pub far: World,
    pub sender: Client,
    pub to_far: Way,
    pub to_origin: Way,
    /// The path as the origin sees it, and as the other side does.
    pub at_origin: Path,
    pub at_far: Path,
    /// What the far side wanted: each change.
    pub wanted: Vec<Vec<bool>>,
}

/// The credentials of a side of a link.
pub fn link_ice(side: &str, number: u64) -> IceCredentials {
    IceCredentials {
        ufrag: format!("{side} fragment of link {number}"),
        pwd: format!("password of the {side} side of link {number}"),
    }
}

/// A side of a link.
pub fn node_link(ours: &str, theirs: &str, number: u64, path: Path) -> PipeLink {
    PipeLink::Node {
        ice: link_ice(ours, number),
        remote_ice: link_ice(theirs, number),
        remote: path.remote,
        local: Some(path.local),
    }
}

/// The keys of a side of a link; `direction` is that of what it sends.
pub fn link_keys(transport: TransportId, direction: u8) -> Command {
    let key = |direction| vec![direction; LINK_PROFILE.key_len() + LINK_PROFILE.salt_len()];
    Command::SetSrtpKeys {
        transport,
        profile: LINK_PROFILE,
        outbound: key(direction),
        inbound: key(3 - direction),
    }
}

/// As [`pipe_specs`], with transport-cc for video and NACK for audio.
pub fn node_pipe_specs(spec: &ProducerSpec) -> (PipeConsumerSpec, ProducerSpec) {
    let (mut consumer, mut producer) = pipe_specs(spec);
    if spec.kind == MediaKind::Video {
        for extensions in [&mut consumer.extensions, &mut producer.extensions] {
            extensions.push(extension(ExtensionKind::TransportCc, LINK_CC));
        }
        producer.feedback = FeedbackKind::TransportCc;
    }
    for codec in consumer.codecs.iter_mut().chain(&mut producer.codecs) {
        codec.nack = true;
    }
    (consumer, producer)
}

impl NodePipe {
    /// Two workers without a link, and a network without loss or delay.
    pub fn unlinked(config: WorkerConfig, spec: ProducerSpec) -> Self {
        let addresses = [[10, 0, 0, 1], [10, 0, 0, 2]].map(|ip| (ip, 4000).into());
        Self::between(addresses, config, spec)
    }

    /// As [`Self::unlinked`], at these addresses.
    pub fn between(
        [origin, far]: [SocketAddr; 2],
        config: WorkerConfig,
        spec: ProducerSpec,
    ) -> Self {
        let mut world = World::with(config.clone());
        let sender = Client::connected(&mut world, 1);
        produce(&mut world, sender.transport, PRODUCER.0, spec);
        Self {
            sender,
            origin: world,
            far: World::with(config),
            to_far: Way::new(LinkConfig::default()),
            to_origin: Way::new(LinkConfig::default()),
            at_origin: Path::udp(origin.ip(), far),
            at_far: Path::udp(far.ip(), origin),
            wanted: Vec::new(),
        }
    }

    /// A sender with a producer on the first worker, and its pipe producer on the second, over a connected link.
    pub fn new(spec: ProducerSpec) -> Self {
        Self::with(World::config(), spec)
    }

    pub fn with(config: WorkerConfig, spec: ProducerSpec) -> Self {
        let mut pipe = Self::unlinked(config, spec.clone());
        pipe.open(&spec);
        pipe.advance(10);
        assert_eq!(pipe.states(), [IceState::Connected; 2].map(Some));
        pipe
    }

    /// Opens the link, and the pipe for the producer.
    pub fn open(&mut self, spec: &ProducerSpec) {
        self.open_origin();
        self.open_far();
        self.carry_producer(spec);
    }

    /// Opens the first worker's side of the link.
    pub fn open_origin(&mut self) {
        let link = node_link("first", "second", 1, self.at_origin);
        self.origin.execute(create_link(PIPE, ROUTER, link));
        self.origin.execute(link_keys(PIPE, 1));
    }

    /// Opens the second worker's side of the link.
    pub fn open_far(&mut self) {
        let link = node_link("second", "first", 1, self.at_far);
        self.far.execute(create_link(PIPE, ROUTER, link));
        self.far.execute(link_keys(PIPE, 2));
    }

    fn carry_producer(&mut self, spec: &ProducerSpec) {
        let (consumer, producer) = node_pipe_specs(spec);
        self.origin.execute(Command::CreatePipeConsumer {
            consumer: PIPED,
            transport: PIPE,
            producer: PRODUCER,
            spec: consumer,
        });
        produce(&mut self.far, PIPE, PRODUCER.0, producer);
        self.carry();
    }

    /// A running consumer on the second worker. `number` from 1.
    pub fn watch(&mut self, number: u8, spec: ConsumerSpec) -> (Client, ConsumerId) {
        let client = Client::connected(&mut self.far, number);
        let consumer = consume_running(
            &mut self.far,
            client.transport,
            PRODUCER,
            number.into(),
            spec,
        );
        self.carry();
        (client, consumer)
    }

    /// Sends packets from the sender.
    pub fn send<'a>(&mut self, packets: impl IntoIterator<Item = Packet<'a>>) {
        for packet in packets {
            self.sender.send(&mut self.origin, &packet.bytes());
            self.carry();
        }
    }

    /// Lets time pass on both workers and in the network.
    pub fn advance(&mut self, milliseconds: u64) {
        self.advance_to(self.origin.now.plus(milliseconds * 1_000));
    }

    pub fn advance_to(&mut self, end: Micros) {
        loop {
            let timers = [
                Some(self.to_far.link.next()),
                Some(self.to_origin.link.next()),
                self.origin.worker.next_deadline(),
                self.far.worker.next_deadline(),
            ];
            let next = timers.into_iter().flatten().min().unwrap_or(end);
            let now = next.clamp(self.origin.now, end);
            for world in [&mut self.origin, &mut self.far] {
                world.now = now;
                world.timeout();
            }
            self.carry();
            if next >= end {
                return;
            }
        }
    }

    /// Carries what the workers have sent to each other and what is wanted, until nothing is left that arrives by now.
    pub fn carry(&mut self) {
        let now = self.origin.now;
        loop {
            for datagram in self.origin.take_sent(self.at_origin) {
                self.to_far.send(now, datagram);
            }
            for datagram in self.far.take_sent(self.at_far) {
                self.to_origin.send(now, datagram);
            }
            let wanted = take_wanted(&mut self.far);
            let is_quiet = wanted.is_empty()
                && self.to_far.link.next() > now
                && self.to_origin.link.next() > now;
            if is_quiet {
                return;
            }
            for encodings in wanted {
                self.wanted.push(encodings.clone());
                self.origin.execute(Command::SetPipedEncodings {
                    consumer: PIPED,
                    encodings,
                });
            }
            while let Some(datagram) = self.to_far.link.receive(now) {
                self.far.datagram(self.at_far, &datagram);
            }
            while let Some(datagram) = self.to_origin.link.receive(now) {
                self.origin.datagram(self.at_origin, &datagram);
            }
        }
    }

    /// The last state of the link that each side was told since the last call.
    pub fn states(&mut self) -> [Option<IceState>; 2] {
        [&mut self.origin, &mut self.far].map(|world| link_states(world).pop())
    }

    /// Cuts the network in both directions, or joins it again.
    pub fn cut(&mut self, is_cut: bool) {
        (self.to_far.is_cut, self.to_origin.is_cut) = (is_cut, is_cut);
    }
}

/// Carries another producer over the link, with all encodings. Their SSRCs are from `first` on, ten for each.
pub fn carry_another(
    world: &mut World,
    producer: ProducerId,
    mut spec: PipeConsumerSpec,
    first: u32,
) {
    for (encoding, ssrc) in spec.encodings.iter_mut().zip((first..).step_by(10)) {
        encoding.ssrc = ssrc;
        encoding.rtx_ssrc = encoding.rtx_ssrc.map(|_| ssrc + 1);
    }
    let consumer = ConsumerId(300 + producer.0);
    let encodings = vec![true; spec.encodings.len()];
    world.execute(Command::CreatePipeConsumer {
        consumer,
        transport: PIPE,
        producer,
        spec,
    });
    world.execute(Command::SetPipedEncodings {
        consumer,
        encodings,
    });
}

/// The states of links that a worker has told since the last call.
pub fn link_states(world: &mut World) -> Vec<IceState> {
    let mut states = Vec::new();
    world.events.retain(|event| match event {
        Event::IceSelected {
            transport, state, ..
        } if transport.0 >= PIPE.0 => {
            states.push(*state);
            false
        }
        _ => true,
    });
    states
}

/// The command that opens a side of a link.
pub fn create_link(transport: TransportId, router: RouterId, link: PipeLink) -> Command {
    Command::CreatePipeTransport {
        transport,
        router,
        link,
    }
}

/// What is wanted of the pipe's producer.
fn take_wanted(world: &mut World) -> Vec<Vec<bool>> {
    let mut wanted = Vec::new();
    world.events.retain(|event| match event {
        Event::LayersWanted {
            producer: PRODUCER,
            encodings,
        } => {
            wanted.push(encodings.clone());
            false
        }
        _ => true,
    });
    wanted
}

/// A path from another address.
pub fn from(path: Path, ip: impl Into<IpAddr>, port: u16) -> Path {
    Path {
        remote: SocketAddr::new(ip.into(), port),
        ..path
    }
}

/// Sends frames of one packet, every tenth a key frame, and waits after each until the next one.
pub fn send_frames(pipe: &mut NodePipe, numbers: std::ops::Range<u16>) {
    for number in numbers {
        pipe.send([vp8(number, number % 10 == 0)]);
        pipe.advance(33);
    }
}

/// The picture ids of the media that a viewer got on this SSRC, in order, each once.
pub fn pictures(viewer: &mut Client, world: &mut World, ssrc: u32) -> Vec<u16> {
    let packets = viewer.take_rtp(world);
    let media = packets
        .iter()
        .filter(|packet| packet.rtp().ssrc() == ssrc && !packet.rtp().payload().is_empty());
    let id = |packet: &Received| {
        let payload = packet.rtp().payload();
        u16::from_be_bytes([payload[payload.len() - 2], payload[payload.len() - 1]])
    };
    let mut ids: Vec<_> = media.map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
