//! A link between nodes whose other side is hostile: it has the keys, and sends what a script of bytes says.

use std::net::SocketAddr;

use arbitrary::{Result, Unstructured};
use hubbub_core::api::{
    Command, ConsumerId, EncodingSpec, IceState, Path, ProducerId, ProducerSpec,
};
use hubbub_netem::TransportCcReceiver;
use hubbub_wire::PacketKind;
use hubbub_wire::rtcp::{NackBuilder, RtcpWrite};
use hubbub_wire::rtp::RtpPacket;
use hubbub_wire::stun::{IceKey, StunClass, StunMessage};

use super::delivered_media::{DeliveredMedia, ENCODINGS};
use super::mutation::{bytes, chance, mutate, pause};
use super::nonces::Nonces;
use super::other_node::{OtherNode, WORKER, answer, check, is_authentic_check, our_key, their_key};
use super::rtcp::{Raw, compound};
use crate::common::media::vp8;
use crate::common::node_pipe::{
    LINK_CC, create_link, from, link_keys, link_states, node_link as side_of_link, node_pipe_specs,
};
use crate::common::pipes::{PIPE, PIPE_SSRC, PIPED, PRODUCER};
use crate::common::specs::*;
use crate::common::{Client, ROUTER, World};

/// Steps of the longest script.
const MAX_STEPS: usize = 400;

const OTHER: ([u8; 4], u16) = ([10, 0, 0, 1], 4000);
/// SSRC of the pipe to the other side. That of its repair follows.
const OUT_SSRC: u32 = 9_000;

/// Follows a script.
///
/// # Panics
/// If the worker panics, counts a fault, keeps an entity of a closed router, sends anything but answers to connectivity checks
/// to an address from which no authentic check came, a datagram that is too long, or uses an SRTP nonce for two packets.
pub fn node_link(script: &[u8]) {
    let mut script = Unstructured::new(script);
    let mut session = LinkSession::new();
    // A script that ends within a step ends the session.
    for _ in 0..MAX_STEPS {
        if script.is_empty() || session.step(&mut script).is_err() {
            break;
        }
        session.check_sent();
    }
    session.close();
}

/// One worker with its end of the link. The producer of the link is watched here, and that of a client here is sent over it.
struct LinkSession {
    world: World,
    path: Path,
    stranger: Path,
    /// An authentic check came from the stranger's address, too: the other side may have moved.
    has_moved: bool,
    sender: Client,
    viewer: Client,
    other: OtherNode,
    /// What the worker has sent over the link, and to the two clients.
    nonces: [Nonces; 3],
    feedback: TransportCcReceiver,
    media: DeliveredMedia,
    /// The last sequence number of the client here.
    sent_number: u16,
    /// Datagrams that the other side has sent over the link.
    datagrams: Vec<Vec<u8>>,
}

impl LinkSession {
    fn new() -> Self {
        let mut world = World::new();
        let path = Path::udp(SocketAddr::from(WORKER).ip(), OTHER.into());
        world.execute(create_link(
            PIPE,
            ROUTER,
            side_of_link("second", "first", 1, path),
        ));
        world.execute(link_keys(PIPE, 2));
        let (piped, delivered) = node_pipe_specs(&two_encodings());
        produce(&mut world, PIPE, PRODUCER.0, delivered);
        let viewer = Client::connected(&mut world, 1);
        let transport = viewer.transport;
        consume_running(&mut world, transport, PRODUCER, 1, video_consumer(5_000));
        let sender = Client::connected(&mut world, 2);
        let producer = produce(&mut world, sender.transport, 2, video());
        let mut spec = piped;
        spec.encodings.truncate(1);
        (spec.encodings[0].ssrc, spec.encodings[0].rtx_ssrc) = (OUT_SSRC, Some(OUT_SSRC + 1));
        world.execute(Command::CreatePipeConsumer {
            consumer: PIPED,
            transport: PIPE,
            producer,
            spec,
        });
        world.execute(Command::SetPipedEncodings {
            consumer: PIPED,
            encodings: vec![true],
        });
        let mut session = Self {
            feedback: TransportCcReceiver::new(world.now, None),
            world,
            path,
            stranger: from(path, [192, 0, 2, 66], 6_666),
            has_moved: false,
            sender,
            viewer,
            other: OtherNode::new(),
            nonces: Default::default(),
            media: DeliveredMedia::new(),
            sent_number: 0,
            datagrams: Vec::new(),
        };
        session.check_sent();
        session.answer_checks();
        session.check();
        let states = link_states(&mut session.world);
        assert_eq!(states, [IceState::Connected]);
        session
    }

    fn step(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        match script.int_in_range(0..=99)? {
            0..=29 => self.deliver(script, DeliveredMedia::picture),
            30..=34 => self.deliver(script, DeliveredMedia::capture),
            35..=42 => self.deliver(script, DeliveredMedia::repair),
            43..=52 => self.send_rtcp(script),
            53..=56 => self.request_repair(script),
            57..=61 => self.send_feedback(script),
            62..=69 => self.send_stun(script),
            70..=74 => self.send_noise(script),
            75..=79 => self.repeat(script),
            80..=88 => self.send_from_here(),
            89..=96 => self.wait(script),
            _ => self.control(script),
        }
    }

    /// Sends a datagram over the link, if there is one, and remembers it.
    fn send(&mut self, datagram: Option<Vec<u8>>) {
        if let Some(datagram) = datagram {
            self.world.datagram(self.path, &datagram);
            self.datagrams.push(datagram);
        }
    }

    fn send_protected(&mut self, packet: &[u8], rollovers: u32) {
        let datagram = self.other.rtp(packet, rollovers);
        self.send(datagram);
    }

    fn send_protected_rtcp(&mut self, packets: &[u8]) {
        let datagram = self.other.rtcp(packets);
        self.send(datagram);
    }

    /// Media or repair.
    fn deliver(
        &mut self,
        script: &mut Unstructured<'_>,
        next: impl Fn(&mut DeliveredMedia, &mut Unstructured<'_>) -> Result<(Vec<u8>, u32)>,
    ) -> Result<()> {
        let (packet, rollovers) = next(&mut self.media, script)?;
        self.send_protected(&packet, rollovers);
        Ok(())
    }

    /// Reports and requests about what either side sends.
    fn send_rtcp(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let ssrcs = [PIPE_SSRC, PIPE_SSRC + 10, OUT_SSRC, OUT_SSRC + 1, 5_000];
        let Raw(compound) = compound(script, &ssrcs)?;
        self.send_protected_rtcp(&compound);
        Ok(())
    }

    /// The other side requests packets that it got, now or later.
    fn request_repair(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let Some((media_ssrc, newest)) = self.nonces[0].newest(script.arbitrary()?) else {
            return Ok(());
        };
        let first = newest.wrapping_sub(script.int_in_range(0..=40)?);
        let count = script.int_in_range(1..=24)?;
        let lost: Vec<u16> = (0..count).map(|n| first.wrapping_add(n)).collect();
        if script.arbitrary()? {
            self.world.advance(script.int_in_range(0..=400)?);
        }
        let nack = NackBuilder {
            sender_ssrc: 1,
            media_ssrc,
            lost: &lost,
        };
        let mut buffer = [0; 300];
        let len = nack.write(&mut buffer).expect("it fits");
        self.send_protected_rtcp(&buffer[..len]);
        Ok(())
    }

    /// Transport-wide feedback about what the worker has sent, often damaged.
    fn send_feedback(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        for mut packet in self.feedback.feedback(self.world.now) {
            if chance(script, 40)? {
                mutate(script, &mut packet, 40)?;
            }
            self.send_protected_rtcp(&packet);
        }
        Ok(())
    }

    /// A connectivity check or the answers to those of the worker; some are damaged, wrong or from elsewhere.
    fn send_stun(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        if chance(script, 30)? {
            self.answer_checks();
            return Ok(());
        }
        if chance(script, 30)? {
            self.check();
            return Ok(());
        }
        let key = if chance(script, 20)? {
            IceKey::new("another password")
        } else if chance(script, 30)? {
            their_key()
        } else {
            our_key()
        };
        let mut id = self.other.next_check();
        if chance(script, 10)? {
            id = script.arbitrary()?;
        }
        let mut datagram = match self.other.checks.last() {
            Some(check) if chance(script, 50)? => answer(check, &key),
            _ => check(id, &key),
        };
        if chance(script, 60)? {
            mutate(script, &mut datagram, 100)?;
        }
        let path = *script.choose(&[self.path, self.stranger])?;
        self.has_moved |= path == self.stranger && is_authentic_check(&datagram);
        self.world.datagram(path, &datagram);
        Ok(())
    }

    /// Anything, behind the connection id or another one.
    fn send_noise(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let mut datagram = self.other.connection_id.to_vec();
        datagram.extend(bytes(script, 100)?);
        if chance(script, 60)? {
            mutate(script, &mut datagram, 8)?;
        }
        let path = *script.choose(&[self.path, self.stranger])?;
        self.world.datagram(path, &datagram);
        Ok(())
    }

    /// A former datagram, as it was or damaged, perhaps from elsewhere.
    fn repeat(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        if self.datagrams.is_empty() {
            return Ok(());
        }
        let mut datagram = script.choose(&self.datagrams)?.clone();
        if chance(script, 60)? {
            mutate(script, &mut datagram, 60)?;
        }
        let path = *script.choose(&[self.path, self.stranger])?;
        self.world.datagram(path, &datagram);
        Ok(())
    }

    /// The client here sends a picture, which the worker sends over the link.
    fn send_from_here(&mut self) -> Result<()> {
        self.sent_number += 1;
        let packet = vp8(self.sent_number, self.sent_number % 10 == 1);
        self.sender.send(&mut self.world, &packet.bytes());
        Ok(())
    }

    fn wait(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        self.world.advance(pause(script)?);
        Ok(())
    }

    /// A command of the control plane, which may fail.
    fn control(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let producer = ProducerId(script.int_in_range(1..=2)?);
        let command = match script.int_in_range(0..=9)? {
            0 => Command::PauseProducer { producer },
            1..=2 => Command::ResumeProducer { producer },
            3..=5 => Command::SetPipedEncodings {
                consumer: PIPED,
                encodings: vec![chance(script, 70)?],
            },
            6 => Command::RequestKeyFrame {
                consumer: ConsumerId(1),
            },
            7 => Command::ProducerStats { producer },
            8 if chance(script, 20)? => Command::CloseProducer { producer },
            9 if chance(script, 10)? => Command::CloseTransport { transport: PIPE },
            _ => Command::TransportStats { transport: PIPE },
        };
        let _ = self.world.command(command);
        Ok(())
    }

    /// Sends the next connectivity check.
    fn check(&mut self) {
        let id = self.other.next_check();
        self.world.datagram(self.path, &check(id, &our_key()));
    }

    /// Answers the checks of the worker.
    fn answer_checks(&mut self) {
        for answer in self.other.answers() {
            self.world.datagram(self.path, &answer);
        }
    }

    /// Looks at what the worker has sent.
    fn check_sent(&mut self) {
        for (datagram, path) in std::mem::take(&mut self.world.sent) {
            let kind = PacketKind::of(&datagram);
            if path == self.sender.path {
                self.nonces[1].check(datagram);
            } else if path == self.viewer.path {
                self.nonces[2].check(datagram);
            } else if kind == PacketKind::Stun {
                let message = StunMessage::parse(&datagram).expect("STUN");
                if message.class() == StunClass::Request {
                    assert!(self.may_be_sent_to(path), "a check to {path:?}");
                    self.other
                        .checks
                        .push(datagram[8..20].try_into().expect("an id"));
                }
            } else {
                assert_eq!(kind, PacketKind::Linked);
                assert!(self.may_be_sent_to(path), "media to {path:?}");
                self.arrived(&datagram[4..]);
                assert!(datagram.len() <= hubbub_core::MAX_DATAGRAM);
                self.nonces[0].check(datagram[4..].to_vec());
            }
        }
        self.world.events.clear();
    }

    fn may_be_sent_to(&self, path: Path) -> bool {
        path == self.path || (path == self.stranger && self.has_moved)
    }

    /// Notes the transport-wide number of a packet, whose header extensions are not encrypted.
    fn arrived(&mut self, packet: &[u8]) {
        if PacketKind::of(packet) != PacketKind::Rtp {
            return;
        }
        let number = RtpPacket::parse(packet)
            .ok()
            .and_then(|packet| packet.extension(LINK_CC)?.try_into().ok());
        if let Some(number) = number {
            let now = self.world.now;
            self.feedback.arrived(now, u16::from_be_bytes(number));
        }
    }

    /// Closes the router, and asserts that nothing is left of it.
    fn close(mut self) {
        self.world.execute(Command::CloseRouter { router: ROUTER });
        let counters = self.world.worker.counters();
        assert_eq!(counters.faults, 0);
        let left = [
            counters.routers,
            counters.transports,
            counters.producers,
            counters.consumers,
        ];
        assert_eq!(left, [0; 4], "routers, transports, producers, consumers");
    }
}

/// Video in as many encodings as the link delivers.
fn two_encodings() -> ProducerSpec {
    ProducerSpec {
        encodings: vec![EncodingSpec::default(); ENCODINGS],
        ..video()
    }
}
