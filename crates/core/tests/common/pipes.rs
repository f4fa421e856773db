//! Two workers that are joined by rings: a sender on the first, viewers on the second. The pipe carries what the viewers want,
//! as the control plane arranges it.

use hubbub_core::WorkerConfig;
use hubbub_core::api::{
    Command, ConsumerId, ConsumerSpec, EncodingSpec, Event, FeedbackKind, Path, PipeConsumerSpec,
    PipeLink, PipedEncodingSpec, ProducerId, ProducerSpec, Protocol, TransportId,
};
use hubbub_wire::PacketKind;
use hubbub_wire::rtcp::{Compound, RtcpPacket};
use hubbub_wire::rtp::RtpPacket;

use super::media::Packet;
use super::specs::*;
use super::{Client, ROUTER, World};

/// The transports of the pipe have this id in both workers.
pub const PIPE: TransportId = TransportId(200);
/// The pipe consumer.
pub const PIPED: ConsumerId = ConsumerId(200);
/// The producer of the sender, and its pipe producer.
pub const PRODUCER: ProducerId = ProducerId(1);
/// The SSRC of encoding 0 on the pipe, its RTX is one above; that of each further encoding is 10 above.
pub const PIPE_SSRC: u32 = 7000;
const PAIR: u32 = 5;

/// The way from the origin to the other worker, and back.
pub const TO_FAR: Path = Path::ring(1, PAIR);
pub const TO_ORIGIN: Path = Path::ring(0, PAIR);

/// The two workers.
pub struct Pipe {
    pub origin: World,
    pub far: World,
    pub sender: Client,
    /// RTP that crossed: as sent, whether or not it was lost.
    pub crossed: Vec<Vec<u8>>,
    /// What the far side asked the origin for.
    pub nacked: Vec<u16>,
    /// Whether a datagram to the far side is lost.
    pub loses: Box<dyn FnMut(&RtpPacket<'_>) -> bool>,
    /// What the far side wanted: each change.
    pub wanted: Vec<Vec<bool>>,
}

/// The parameters of a pipe for a producer.
pub fn pipe_specs(spec: &ProducerSpec) -> (PipeConsumerSpec, ProducerSpec) {
    let out = match spec.kind {
        hubbub_core::api::MediaKind::Video => video_consumer(0),
        hubbub_core::api::MediaKind::Audio => audio_consumer(0),
    };
    let has_rtx = out.rtx_ssrc.is_some();
    let encodings: Vec<_> = (0..spec.encodings.len() as u32)
        .map(|index| PipedEncodingSpec {
            ssrc: PIPE_SSRC + 10 * index,
            rtx_ssrc: has_rtx.then_some(PIPE_SSRC + 10 * index + 1),
        })
        .collect();
    let extensions: Vec<_> = out
        .extensions
        .into_iter()
        .filter(|mapping| [OUT_AUDIO_LEVEL, OUT_DEPENDENCIES].contains(&mapping.id))
        .collect();
    let producer = ProducerSpec {
        mid: None,
        codecs: out.codecs.clone(),
        extensions: extensions.clone(),
        encodings: encodings
            .iter()
            .map(|encoding| EncodingSpec {
                ssrc: Some(encoding.ssrc),
                rtx_ssrc: encoding.rtx_ssrc,
                rid: None,
            })
            .collect(),
        feedback: FeedbackKind::None,
        ..spec.clone()
    };
    let consumer = PipeConsumerSpec {
        kind: spec.kind,
        codecs: out.codecs,
        extensions,
        encodings,
        cname: "someone".into(),
    };
    (consumer, producer)
}

impl Pipe {
    /// A sender with a producer on the first worker, and its pipe producer on the second.
    pub fn new(spec: ProducerSpec) -> Self {
        Self::with(World::config(), spec)
    }

    pub fn with(config: WorkerConfig, spec: ProducerSpec) -> Self {
        let mut origin = World::with(config.clone());
        let mut far = World::with(config);
        let sender = Client::connected(&mut origin, 1);
        let (consumer, producer) = pipe_specs(&spec);
        produce(&mut origin, sender.transport, PRODUCER.0, spec);
        for (world, worker) in [(&mut origin, 1), (&mut far, 0)] {
            world.execute(Command::CreatePipeTransport {
                transport: PIPE,
                router: ROUTER,
                link: PipeLink::Worker { worker, pair: PAIR },
            });
        }
        origin.execute(Command::CreatePipeConsumer {
            consumer: PIPED,
            transport: PIPE,
            producer: PRODUCER,
            spec: consumer,
        });
        produce(&mut far, PIPE, PRODUCER.0, producer);
        Self {
            origin,
            far,
            sender,
            crossed: Vec::new(),
            nacked: Vec::new(),
            loses: Box::new(|_| false),
            wanted: Vec::new(),
        }
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

    /// Lets time pass on both workers.
    pub fn advance(&mut self, milliseconds: u64) {
        for _ in 0..milliseconds.div_ceil(10) {
            let step = 10.min(milliseconds);
            self.origin.advance(step);
            self.far.advance(step);
            self.carry();
        }
    }

    /// Carries what the workers have sent to each other, and what the far side wants, until nothing is left.
    pub fn carry(&mut self) {
        loop {
            let to_far = self.origin.take_sent(TO_FAR);
            let to_origin = self.far.take_sent(TO_ORIGIN);
            let wanted = self.take_wanted();
            if to_far.is_empty() && to_origin.is_empty() && wanted.is_empty() {
                return;
            }
            for encodings in wanted {
                self.wanted.push(encodings.clone());
                self.origin.execute(Command::SetPipedEncodings {
                    consumer: PIPED,
                    encodings,
                });
            }
            for datagram in to_far {
                if PacketKind::of(&datagram) == PacketKind::Rtp {
                    let packet = RtpPacket::parse(&datagram).expect("RTP");
                    self.crossed.push(datagram.clone());
                    if (self.loses)(&packet) {
                        continue;
                    }
                }
                self.far.datagram(TO_ORIGIN, &datagram);
            }
            for datagram in to_origin {
                for packet in Compound::parse(&datagram).expect("RTCP") {
                    if let RtcpPacket::Nack(nack) = packet.expect("RTCP") {
                        self.nacked.extend(nack.lost());
                    }
                }
                self.origin.datagram(TO_FAR, &datagram);
            }
        }
    }

    /// SSRC and sequence number of what crossed since the last call.
    pub fn take_crossed(&mut self) -> Vec<(u32, u16)> {
        std::mem::take(&mut self.crossed)
            .iter()
            .map(|datagram| {
                let packet = RtpPacket::parse(datagram).expect("RTP");
                (packet.ssrc(), packet.sequence_number())
            })
            .collect()
    }

    /// The encodings that crossed since the last call, each once.
    pub fn crossed_encodings(&mut self) -> Vec<u32> {
        let mut encodings: Vec<_> = self
            .take_crossed()
            .iter()
            .map(|(ssrc, _)| (ssrc - PIPE_SSRC) / 10)
            .collect();
        encodings.sort_unstable();
        encodings.dedup();
        encodings
    }

    fn take_wanted(&mut self) -> Vec<Vec<bool>> {
        let mut wanted = Vec::new();
        self.far.events.retain(|event| match event {
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
}

/// Whether a path leads through rings.
pub fn is_ring(path: Path) -> bool {
    matches!(path.protocol, Protocol::Ring { .. })
}
