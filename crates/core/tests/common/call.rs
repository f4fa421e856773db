//! A call: one client sends a track, another receives it.

use hubbub_core::WorkerConfig;
use hubbub_core::api::{Command, ConsumerId, ConsumerSpec, ProducerId, ProducerSpec};
use hubbub_wire::NtpTime;
use hubbub_wire::rtcp::{
    Arrival, NackBuilder, ReceiverReportBuilder, ReportBlock, RtcpPacket, SenderInfo,
    SenderReportBuilder, TransportFeedbackBuilder,
};
use hubbub_wire::rtp::TransportSequenceNumber;

use super::media::Packet;
use super::specs::{OUT_TRANSPORT_CC, consume_running, produce, video, video_consumer};
use super::{Client, Received, World};

/// The SSRC that the consumer of a [`Call`] sends; RTX is one above.
pub const OUT_SSRC: u32 = 5000;

/// A sender, a receiver, and a running consumer of the sender's producer.
pub struct Call {
    pub world: World,
    pub sender: Client,
    pub receiver: Client,
    pub producer: ProducerId,
    pub consumer: ConsumerId,
}

impl Call {
    /// A call with these parameters.
    pub fn new(producer: ProducerSpec, consumer: ConsumerSpec) -> Self {
        Self::with(World::config(), producer, consumer)
    }

    /// As [`Self::new`], with another configuration.
    pub fn with(config: WorkerConfig, producer: ProducerSpec, consumer: ConsumerSpec) -> Self {
        let mut world = World::with(config);
        let sender = Client::connected(&mut world, 1);
        let receiver = Client::connected(&mut world, 2);
        let producer = produce(&mut world, sender.transport, 1, producer);
        let consumer = consume_running(&mut world, receiver.transport, producer, 1, consumer);
        Self {
            world,
            sender,
            receiver,
            producer,
            consumer,
        }
    }

    /// A call with VP8 and RTX.
    pub fn video() -> Self {
        Self::new(video(), video_consumer(OUT_SSRC))
    }

    /// Limits the layers that the consumer receives.
    pub fn prefer(&mut self, spatial: u8, temporal: Option<u8>) {
        self.world.execute(Command::SetPreferredLayers {
            consumer: self.consumer,
            spatial,
            temporal,
        });
    }

    /// Sends packets from the sender.
    pub fn send<'a>(&mut self, packets: impl IntoIterator<Item = Packet<'a>>) {
        for packet in packets {
            self.sender.send(&mut self.world, &packet.bytes());
        }
    }

    /// The RTP that the receiver got since the last call.
    pub fn received(&mut self) -> Vec<Received> {
        self.receiver.take_rtp(&mut self.world)
    }

    /// The sequence numbers that the receiver got since the last call.
    pub fn sequences(&mut self) -> Vec<u16> {
        self.received()
            .iter()
            .map(|packet| packet.rtp().sequence_number())
            .collect()
    }

    /// The SSRCs of which the sender was asked for a key frame since the last call.
    pub fn plis(&mut self) -> Vec<u32> {
        self.sender.take_plis(&mut self.world)
    }

    /// Sends a NACK from the receiver.
    pub fn nack(&mut self, lost: &[u16]) {
        let nack = NackBuilder {
            sender_ssrc: 1,
            media_ssrc: OUT_SSRC,
            lost,
        };
        self.receiver.send_rtcp(&mut self.world, &nack);
    }

    /// Lets the receiver report that a packet has arrived after this time in queues, milliseconds.
    pub fn return_feedback(&mut self, packet: &Received, queued: u64) {
        let rtp = packet.rtp();
        let number = rtp.extension(OUT_TRANSPORT_CC).expect("a number");
        let number = TransportSequenceNumber::parse(number).expect("a number").0;
        let feedback = TransportFeedbackBuilder {
            sender_ssrc: 1,
            media_ssrc: OUT_SSRC,
            feedback_count: 0,
            base_sequence: number,
            arrivals: &[Arrival {
                sequence_number: number,
                arrival_micros: self.world.now.0 + 1_000 * queued,
            }],
        };
        let mut buffer = [0; 100];
        let written = feedback.write(&mut buffer).expect("buffer is large enough");
        self.receiver
            .send_rtcp_bytes(&mut self.world, &buffer[..written.len]);
    }

    /// Sends a sender report for the stream `ssrc` of the sender.
    pub fn report_clock(&mut self, ssrc: u32, ntp: NtpTime, rtp_timestamp: u32) {
        let info = SenderInfo {
            ntp,
            rtp_timestamp,
            ..SenderInfo::default()
        };
        let report = SenderReportBuilder {
            ssrc,
            info,
            blocks: &[],
        };
        self.sender.send_rtcp(&mut self.world, &report);
    }

    /// The sender reports that the receiver got since the last call.
    pub fn sender_reports(&mut self) -> Vec<SenderInfo> {
        self.receiver
            .take_rtcp(&mut self.world, |packet| match packet {
                RtcpPacket::SenderReport(report) => Some(report.info),
                _ => None,
            })
    }

    /// Lets the receiver answer the next sender report as a client with this round trip does.
    pub fn measure_round_trip(&mut self, milliseconds: u64) {
        self.sender_reports();
        let report = loop {
            self.world.advance(10);
            if let Some(report) = self.sender_reports().pop() {
                break report;
            }
        };
        self.world.advance(milliseconds);
        let block = ReportBlock {
            ssrc: OUT_SSRC,
            last_sender_report: report.ntp.compact(),
            ..ReportBlock::default()
        };
        let report = ReceiverReportBuilder {
            ssrc: 1,
            blocks: &[block],
        };
        self.receiver.send_rtcp(&mut self.world, &report);
    }
}
