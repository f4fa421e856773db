//! A track whose client moves: a call, and a second producer with the same track on another transport.

use hubbub_core::api::{Command, CommandError, ConsumerSpec, Event, ProducerId, ProducerSpec};
use hubbub_wire::NtpTime;
use hubbub_wire::rtcp::{SenderInfo, SenderReportBuilder};

use super::Client;
use super::call::Call;
use super::media::Packet;
use super::specs::produce;

/// The second producer.
pub const SUCCESSOR: ProducerId = ProducerId(2);

/// What [`Replacement::later`] adds to sequence numbers and timestamps.
const LATER: u16 = 20_000;
pub const LATER_TIMESTAMP: u32 = 3_000_000_000;

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

    /// Sends packets from both clients, first from that of the replaced producer.
    pub fn send_both<'a>(&mut self, packets: impl IntoIterator<Item = Packet<'a>>) {
        for packet in packets {
            self.call.send([packet.clone()]);
            self.send_new([packet]);
        }
    }

    /// Sends a sender report of the successor's client.
    pub fn report_new_clock(&mut self, ssrc: u32, ntp: NtpTime, rtp_timestamp: u32) {
        let report = SenderReportBuilder {
            ssrc,
            info: SenderInfo {
                ntp,
                rtp_timestamp,
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
