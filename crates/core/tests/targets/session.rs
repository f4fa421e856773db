//! Four clients and a worker behind SRTP. A script of bytes decides what the clients and the control plane do.

use arbitrary::{Result, Unstructured};
use hubbub_core::api::{
    Command, ConsumerId, ConsumerSpec, Event, IceCredentials, Path, ProducerId, ProducerSpec,
};
use hubbub_wire::rtcp::NackBuilder;
use hubbub_wire::rtp::{RtpHeader, RtpPacket};

use super::captures::{Capture, SIMULCAST, STREAMS};
use super::copies::{AUDIO_MID, AUDIO_SSRC, SUCCESSIONS, copies, copy_of};
use super::mutation::{MAX_PACKET, bytes, chance, damage, mutate, pause, word};
use super::nonces::Nonces;
use super::rtcp::{Raw, compound};
use crate::common::media::{Packet, vp8};
use crate::common::specs::*;
use crate::common::{Client, ROUTER, World, path_from};

/// Steps of the longest script.
const MAX_STEPS: usize = 400;

const RIDS: [&[u8]; 3] = [b"r0", b"r1", b"r2"];

/// The clients that produce, by index: simulcast and audio; one stream of another codec, and copies of the first two. The
/// others consume.
const SIMULCAST_CLIENT: usize = 0;
const STREAM_CLIENT: usize = 1;
const CONSUMING: [usize; 2] = [2, 3];

/// Follows a script.
///
/// # Panics
/// If the worker panics, counts a fault, keeps an entity of a closed router, answers a command twice or not at all, sends a
/// datagram that is too long, or uses an SRTP nonce for two packets.
pub fn session(script: &[u8]) {
    let mut script = Unstructured::new(script);
    // A script that ends within a step ends the session.
    if let Ok(mut session) = Session::new(&mut script) {
        for _ in 0..MAX_STEPS {
            if script.is_empty() || session.step(&mut script).is_err() {
                break;
            }
            session.check_sent();
        }
        session.close();
    }
}

struct Session {
    world: World,
    clients: Vec<Client>,
    nonces: Nonces,
    /// The second client sends copies of simulcast and audio.
    sends_copies: bool,
    /// The capture that [`STREAM_CLIENT`] sends.
    capture: &'static Capture,
    /// Packets of it that were sent.
    replayed: usize,
    /// Added to the sequence numbers of the capture.
    jump: u16,
    /// The last sequence number by simulcast layer.
    layers: [u16; 3],
    audio_sequence: u16,
    rtx_sequence: u16,
    consumers: u32,
    /// The numbers of those that the worker did not refuse.
    created: Vec<u32>,
    /// SSRCs that RTCP is about.
    ssrcs: Vec<u32>,
    requests: u64,
}

impl Session {
    fn new(script: &mut Unstructured<'_>) -> Result<Self> {
        let mut world = World::new();
        let clients: Vec<_> = (1..=4)
            .map(|number| Client::connected(&mut world, number))
            .collect();
        let capture = script.choose(&*STREAMS)?;
        let first = RtpPacket::parse(&capture.packets[0]).expect("RTP");
        let simulcast_transport = clients[SIMULCAST_CLIENT].transport;
        produce(&mut world, simulcast_transport, 1, simulcast());
        let mut sound = ProducerSpec {
            mid: Some(String::from_utf8_lossy(AUDIO_MID).into()),
            ..audio()
        };
        sound.encodings[0].ssrc = Some(AUDIO_SSRC);
        produce(&mut world, simulcast_transport, 2, sound);
        let stream = video_of(capture.codec, first.payload_type(), first.ssrc());
        produce(&mut world, clients[STREAM_CLIENT].transport, 3, stream);
        for (producer, spec) in copies() {
            let copying = clients[STREAM_CLIENT].transport;
            produce(&mut world, copying, producer, spec);
        }
        let mut session = Self {
            sends_copies: false,
            world,
            clients,
            nonces: Nonces::default(),
            capture,
            replayed: 0,
            jump: 0,
            layers: [1_000, 20_000, 65_000],
            audio_sequence: 0,
            rtx_sequence: 0,
            consumers: 0,
            created: Vec::new(),
            ssrcs: vec![AUDIO_SSRC, first.ssrc(), 100, 101, 102],
            requests: 1 << 50,
        };
        for producer in 1..=3 {
            for _ in CONSUMING {
                session.create_consumer(producer);
            }
        }
        Ok(session)
    }

    /// Creates a running consumer. Consumers alternate between the transports, and between RTX and none.
    fn create_consumer(&mut self, producer: u64) {
        self.consumers += 1;
        let ssrc = 5_000 + 4 * self.consumers;
        self.ssrcs.extend([ssrc, ssrc + 1]);
        let consumer = ConsumerId(self.consumers.into());
        let client = CONSUMING[self.consumers as usize % CONSUMING.len()];
        let mut spec = match producer {
            1 => video_consumer(ssrc),
            2 => audio_consumer(ssrc),
            _ => video_consumer_of(self.capture.codec, ssrc),
        };
        if self.consumers % 4 == 1 {
            spec = ConsumerSpec {
                rtx_ssrc: None,
                ..spec
            };
        }
        let is_created = self.execute(Command::CreateConsumer {
            consumer,
            transport: self.clients[client].transport,
            producer: ProducerId(producer),
            spec,
        });
        if is_created {
            self.created.push(self.consumers);
        }
        self.execute(Command::ResumeConsumer { consumer });
    }

    /// Executes a command, which may fail. Returns whether it succeeded.
    fn execute(&mut self, command: Command) -> bool {
        self.requests += 1;
        self.world
            .worker
            .handle_command(self.world.now, self.requests, command);
        let mut replies = self
            .world
            .worker
            .drain_events()
            .filter_map(|event| match event {
                Event::Reply { request, result } => Some((request, result.is_ok())),
                _ => None,
            });
        let (request, is_ok) = replies.next().expect("a reply");
        assert_eq!((request, replies.next()), (self.requests, None));
        is_ok
    }

    fn step(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        match script.int_in_range(0..=99)? {
            0..=29 => self.send_simulcast(script),
            30..=44 => self.replay(script),
            45..=52 => self.send_damaged_simulcast(script),
            53..=57 => self.send_audio(script),
            58..=63 => self.send_repair(script),
            64..=75 => self.send_rtcp(script),
            76..=79 => self.request_repair(script),
            80..=82 => self.send_stun(script),
            83..=84 => self.send_noise(script),
            85..=88 => self.check_path(script),
            89..=93 => self.wait(script),
            _ => self.control(script),
        }
    }

    fn send_protected(&mut self, client: usize, packet: &[u8], rollovers: u32) {
        // Longer packets, and those without a header, cannot be protected.
        if packet.len() <= MAX_PACKET && RtpHeader::parse(packet).is_ok() {
            let client = &mut self.clients[client];
            let datagram = client.protect_in_round(packet, rollovers);
            self.world.datagram(client.path, &datagram);
        }
    }

    /// Simulcast with loss, reordering and jumps; some payloads are damaged.
    fn send_simulcast(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let layer = script.int_in_range(0..=2)?;
        let step = match script.int_in_range(0..=39)? {
            0 => 5,
            1 => 400,
            2 => 0_u16.wrapping_sub(20),
            3 => 3_200,
            4 => 32_760,
            _ => 1,
        };
        let number = self.layers[layer].wrapping_add(step);
        self.layers[layer] = number;
        let mut packet = vp8(number, chance(script, 10)?);
        packet.ssrc = 100 + layer as u32 + 10 * u32::from(chance(script, 1)?);
        packet.extensions = vec![(MID, b"0"), (RID, RIDS[layer])];
        damage(script, &mut packet)?;
        // The highest layer starts just before its first rollover.
        let has_rolled_over = layer == 2 && number < 500;
        self.send_protected(SIMULCAST_CLIENT, &packet.bytes(), has_rolled_over.into());
        self.send_copy(packet, has_rolled_over.into());
        Ok(())
    }

    /// The next packet of the capture, sometimes damaged or after a jump of the sequence number.
    fn replay(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let mut packet = self.capture.packets[self.replayed % self.capture.packets.len()].clone();
        self.replayed += 1;
        if chance(script, 30)? {
            mutate(script, &mut packet, 80)?;
        }
        if chance(script, 2)? {
            self.jump = script.arbitrary()?;
        }
        if let Some(sequence) = packet.get_mut(2..4) {
            let jumped = u16::from_be_bytes([sequence[0], sequence[1]]).wrapping_add(self.jump);
            sequence.copy_from_slice(&jumped.to_be_bytes());
        }
        self.send_protected(STREAM_CLIENT, &packet, 0);
        Ok(())
    }

    fn send_damaged_simulcast(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let mut packet = script.choose(&SIMULCAST.packets)?.clone();
        mutate(script, &mut packet, 60)?;
        self.send_protected(SIMULCAST_CLIENT, &packet, 0);
        Ok(())
    }

    fn send_audio(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        self.audio_sequence = self
            .audio_sequence
            .wrapping_add(script.int_in_range(1..=3)?);
        let packet = Packet {
            ssrc: AUDIO_SSRC,
            payload_type: OPUS,
            payload: bytes(script, 60)?,
            extensions: vec![(MID, AUDIO_MID)],
            ..vp8(self.audio_sequence, false)
        };
        self.send_protected(SIMULCAST_CLIENT, &packet.bytes(), 0);
        self.send_copy(packet, 0);
        Ok(())
    }

    /// If the second client sends copies: sends that of a packet of the first.
    fn send_copy(&mut self, packet: Packet<'_>, rollovers: u32) {
        if self.sends_copies {
            self.send_protected(STREAM_CLIENT, &copy_of(packet).bytes(), rollovers);
        }
    }

    /// RTX of simulcast, requested or not.
    fn send_repair(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let layer = script.int_in_range(0..=2)?;
        let repaired = self.layers[layer].wrapping_sub(script.int_in_range(0..=60)?);
        self.rtx_sequence = self.rtx_sequence.wrapping_add(1);
        let original = vp8(repaired, chance(script, 20)?);
        let mut payload = repaired.to_be_bytes().to_vec();
        payload.extend(&original.payload);
        if chance(script, 20)? {
            mutate(script, &mut payload, 12)?;
        }
        let packet = Packet {
            ssrc: 200 + layer as u32,
            payload_type: VP8_RTX,
            sequence: self.rtx_sequence,
            extensions: vec![(MID, b"0"), (REPAIRED_RID, RIDS[layer])],
            payload,
            ..original
        };
        self.send_protected(SIMULCAST_CLIENT, &packet.bytes(), 0);
        Ok(())
    }

    fn send_rtcp(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let Raw(compound) = compound(script, &self.ssrcs)?;
        let client = self.any_client(script)?;
        if compound.len() >= 8 && compound[0] >> 6 == 2 {
            self.clients[client].send_rtcp(&mut self.world, &Raw(compound));
        }
        Ok(())
    }

    /// A consuming client requests packets that it got, now or later.
    fn request_repair(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let Some((ssrc, newest)) = self.nonces.newest(script.arbitrary()?) else {
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
            media_ssrc: ssrc,
            lost: &lost,
        };
        for client in CONSUMING {
            self.clients[client].send_rtcp(&mut self.world, &nack);
        }
        Ok(())
    }

    fn send_stun(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let client = &mut self.clients[script.int_in_range(0..=3)?];
        let mut request = client.request(&client.ice.clone(), script.arbitrary()?);
        mutate(script, &mut request, 100)?;
        let path = self.any_path(script)?;
        self.world.datagram(path, &request);
        Ok(())
    }

    fn send_noise(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let mut datagram = vec![*script.choose(&[0, 22, 0x80, 0x90])?];
        datagram.extend(bytes(script, 100)?);
        let path = self.any_path(script)?;
        self.world.datagram(path, &datagram);
        Ok(())
    }

    /// A connectivity check, sometimes over another pair; sometimes the old pair ends.
    fn check_path(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let client = self.any_client(script)?;
        let client = &mut self.clients[client];
        let former = client.path;
        if chance(script, 20)? {
            client.path = path_from(4_000 + script.int_in_range(0..=40)?);
        }
        client.check(&mut self.world, chance(script, 60)?);
        if chance(script, 5)? {
            self.world.disconnect(former);
        }
        Ok(())
    }

    fn wait(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        self.world.advance(pause(script)?);
        Ok(())
    }

    /// A command of the control plane.
    fn control(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let consumer = ConsumerId(script.int_in_range(1..=self.consumers)?.into());
        let producer = ProducerId(script.int_in_range(1..=3)?);
        let client = self.any_client(script)?;
        let transport = self.clients[client].transport;
        let command = match script.int_in_range(0..=39)? {
            0..=4 => Command::PauseConsumer { consumer },
            5..=14 => Command::ResumeConsumer { consumer },
            15..=18 => Command::PauseProducer { producer },
            19..=26 => Command::ResumeProducer { producer },
            27..=29 => Command::RequestKeyFrame { consumer },
            30 => Command::ProducerStats { producer },
            31 => Command::CloseConsumer { consumer },
            32..=34 => {
                self.create_consumer(producer.0);
                return Ok(());
            }
            35 => return self.reuse_ssrc(script),
            36..=37 => {
                let number: u32 = script.arbitrary()?;
                let ice = IceCredentials {
                    ufrag: format!("restarted{number}"),
                    pwd: format!("password {number}"),
                };
                let restart = Command::RestartIce {
                    transport,
                    ice: ice.clone(),
                };
                if self.execute(restart) && chance(script, 70)? {
                    self.clients[client].ice = ice;
                }
                return Ok(());
            }
            38 if chance(script, 20)? => Command::CloseProducer { producer },
            38 => {
                self.sends_copies = true;
                let (producer, successor) = *script.choose(&SUCCESSIONS)?;
                Command::ReplaceProducer {
                    producer: ProducerId(producer),
                    successor: ProducerId(successor),
                }
            }
            39 if chance(script, 5)? => Command::CloseTransport { transport },
            _ => Command::TransportStats { transport },
        };
        self.execute(command);
        Ok(())
    }

    /// Creates a consumer with the SSRC of another on the same transport. The worker must refuse it, even if the other
    /// is closed.
    fn reuse_ssrc(&mut self, script: &mut Unstructured<'_>) -> Result<()> {
        let former = *script.choose(&self.created)?;
        let client = CONSUMING[former as usize % CONSUMING.len()];
        let is_created = self.execute(Command::CreateConsumer {
            consumer: ConsumerId(1 << 40),
            transport: self.clients[client].transport,
            producer: ProducerId(1),
            spec: video_consumer(5_000 + 4 * former),
        });
        assert!(!is_created, "an SSRC was used by two consumers");
        Ok(())
    }

    fn any_client(&self, script: &mut Unstructured<'_>) -> Result<usize> {
        script.choose_index(self.clients.len())
    }

    fn any_path(&self, script: &mut Unstructured<'_>) -> Result<Path> {
        let client = self.clients.get(script.int_in_range(0..=4)?);
        Ok(client.map_or(path_from(9), |client| client.path))
    }

    fn check_sent(&mut self) {
        for (datagram, _) in self.world.sent.drain(..) {
            self.nonces.check(datagram);
        }
        self.world.events.clear();
    }

    /// Closes the router, and asserts that nothing is left of it.
    fn close(mut self) {
        self.execute(Command::CloseRouter { router: ROUTER });
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
