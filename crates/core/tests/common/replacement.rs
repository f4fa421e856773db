//! A track whose client moves: a call, and a second producer with the same track on another transport.

use hubbub_core::api::{
    CloseReason, Command, CommandError, ConsumerId, ConsumerSpec, Event, ProducerId, ProducerSpec,
};
use hubbub_wire::NtpTime;
use hubbub_wire::rtcp::{SenderInfo, SenderReportBuilder};

use hubbub_codec::vp8::Vp8Descriptor;

use super::call::Call;
use super::media::{Packet, rtx};
use super::specs::{SSRC, produce};
use super::{Client, Received};

/// The second producer.
pub const SUCCESSOR: ProducerId = ProducerId(2);

/// What [`Replacement::later`] adds to sequence numbers and timestamps.
const LATER: u16 = 20_000;
const LATER_TIMESTAMP: u32 = 3_000_000_000;

/// A call whose producer is about to be replaced.
pub struct Replacement {
    pub call: Call,
    /// The client of the successor.
    pub new_sender: Client,
}

impl Replacement {
    /// A call and a second producer with the same parameters.
    pub fn new(producer: ProducerSpec, consumer: ConsumerSpec) -> Self {
        Self::of(Call::new(producer.clone(), consumer), producer)
    }

    /// A second producer for this call.
    pub fn of(mut call: Call, producer: ProducerSpec) -> Self {
        let new_sender = Client::connected(&mut call.world, 50);
        produce(&mut call.world, new_sender.transport, SUCCESSOR.0, producer);
        Self { call, new_sender }
    }

    /// Commands that the successor replaces the call's producer.
    pub fn replace(&mut self) {
        let producer = self.call.producer;
        assert_eq!(self.replace_by(producer, SUCCESSOR), Ok(()));
    }

    pub fn replace_by(
        &mut self,
        producer: ProducerId,
        successor: ProducerId,
    ) -> Result<(), CommandError> {
        let command = Command::ReplaceProducer {
            producer,
            successor,
        };
        self.call.world.command(command).map(|_| ())
    }

    /// Another producer of the same track, of a further client.
    pub fn produce_again(&mut self, number: u8, producer: ProducerSpec) -> (Client, ProducerId) {
        let client = Client::connected(&mut self.call.world, 50 + number);
        let to = client.transport;
        let producer = produce(&mut self.call.world, to, number.into(), producer);
        (client, producer)
    }

    /// Closes a producer.
    pub fn close(&mut self, producer: ProducerId) {
        self.call.world.execute(Command::CloseProducer { producer });
    }

    /// A packet as the successor's client sends it: its numbers and its clock have other origins.
    pub fn later<'a>(packet: &Packet<'a>) -> Packet<'a> {
        Packet {
            sequence: packet.sequence.wrapping_add(LATER),
            timestamp: packet.timestamp.wrapping_add(LATER_TIMESTAMP),
            ..packet.clone()
        }
    }

    /// Sends packets from the successor's client.
    pub fn send_new<'a>(&mut self, packets: impl IntoIterator<Item = Packet<'a>>) {
        for packet in packets {
            let packet = Self::later(&packet);
            self.new_sender.send(&mut self.call.world, &packet.bytes());
        }
    }

    /// Repairs a packet of the successor by RTX packet number `sequence`.
    pub fn repair_new(&mut self, packet: &Packet<'static>, sequence: u16) {
        let repair = rtx(&Self::later(packet), sequence);
        self.new_sender.send(&mut self.call.world, &repair.bytes());
    }

    /// Sends packets from both clients. The way from that of the successor is shorter.
    pub fn send_both<'a>(&mut self, packets: impl IntoIterator<Item = Packet<'a>>) {
        for packet in packets {
            self.send_new([packet.clone()]);
            self.call.send([packet]);
        }
    }

    /// Sends sender reports of both clients: frame `number` was captured at `ntp`.
    pub fn report_clocks(&mut self, ntp: NtpTime, number: u16) {
        self.report_clocks_at(ntp, u32::from(number) * 3000);
    }

    /// Sends sender reports of both clients: what has this timestamp of the first was captured at `ntp`.
    pub fn report_clocks_at(&mut self, ntp: NtpTime, timestamp: u32) {
        self.call.report_clock(SSRC, ntp, timestamp);
        let report = SenderReportBuilder {
            ssrc: SSRC,
            info: SenderInfo {
                ntp,
                rtp_timestamp: timestamp.wrapping_add(LATER_TIMESTAMP),
                ..SenderInfo::default()
            },
            blocks: &[],
        };
        self.new_sender.send_rtcp(&mut self.call.world, &report);
    }

    /// The SSRCs of which the successor's client was asked for a key frame since the last call.
    pub fn new_plis(&mut self) -> Vec<u32> {
        self.new_sender.take_plis(&mut self.call.world)
    }

    /// The closed producers and consumers, and why, since the last call.
    pub fn closed(&mut self) -> Vec<(Closed, CloseReason)> {
        let mut closed = Vec::new();
        self.call.world.events.retain(|event| {
            closed.push(match event {
                Event::ProducerClosed { producer, reason } => {
                    (Closed::Producer(*producer), *reason)
                }
                Event::ConsumerClosed { consumer, reason } => {
                    (Closed::Consumer(*consumer), *reason)
                }
                _ => return true,
            });
            false
        });
        closed
    }

    /// The replaced producers, and what replaced them, since the last call.
    pub fn replaced(&mut self) -> Vec<(u64, u64)> {
        let mut replaced = Vec::new();
        self.call.world.events.retain(|event| match event {
            Event::ProducerReplaced {
                producer,
                successor,
            } => {
                replaced.push((producer.0, successor.0));
                false
            }
            _ => true,
        });
        replaced
    }
}

/// An entity that was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    Producer(ProducerId),
    Consumer(ConsumerId),
}

/// The number of the frame that [`vp8`](super::media::vp8) made.
pub fn frame_of(packet: &Received) -> u16 {
    let packet = packet.rtp();
    let payload = packet.payload();
    u16::from_be_bytes([payload[payload.len() - 2], payload[payload.len() - 1]])
}

/// The numbers of the frames.
pub fn frames_of(received: &[Received]) -> Vec<u16> {
    received.iter().map(frame_of).collect()
}

/// Asserts that the packets are one stream of VP8 frames: SSRC, sequence numbers and picture ids have no gap, and timestamps
/// increase.
pub fn assert_continuous(received: &[Received]) {
    let picture_of = |packet: &Received| {
        let descriptor = Vp8Descriptor::parse(packet.rtp().payload()).expect("VP8");
        descriptor.picture_id.expect("a picture id").value
    };
    for pair in received.windows(2) {
        let (one, two) = (pair[0].rtp(), pair[1].rtp());
        assert_eq!(one.ssrc(), two.ssrc());
        assert_eq!(two.sequence_number(), one.sequence_number().wrapping_add(1));
        let step = two.timestamp().wrapping_sub(one.timestamp());
        assert!((1..90_000).contains(&step), "a step of {step}");
        assert_eq!(picture_of(&pair[1]), (picture_of(&pair[0]) + 1) & 0x7fff);
    }
}

/// The steps between the timestamps.
pub fn steps_of(received: &[Received]) -> Vec<u32> {
    let timestamps = received.windows(2);
    timestamps
        .map(|pair| {
            let (one, two) = (pair[0].rtp(), pair[1].rtp());
            two.timestamp().wrapping_sub(one.timestamp())
        })
        .collect()
}
