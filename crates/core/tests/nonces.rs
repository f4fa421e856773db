//! Whatever a sender sends and a receiver asks for: no SRTP nonce ever protects two different packets.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "in a test, to fail is to panic"
)]

mod common;

use std::collections::HashMap;

use common::media::{Packet, rtx, vp8};
use common::specs::*;
use common::{Client, World};
use hubbub_core::api::{Command, ConsumerId, ConsumerSpec, ProducerId};
use hubbub_wire::PacketKind;
use hubbub_wire::rtcp::NackBuilder;
use hubbub_wire::rtp::RtpHeader;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    /// From the sender: a jump of the sequence number, the picture id and its width.
    Media {
        jump: i16,
        picture: u16,
        wide: bool,
        key: bool,
        padding: bool,
    },
    /// The packet of so many before the newest, by RTX, with the same or other content.
    Repair {
        behind: u16,
        key: bool,
    },
    /// The receiver asks for packets that many before the newest that it got.
    Nack {
        behind: u16,
    },
    PauseConsumer,
    ResumeConsumer,
    PauseProducer,
    ResumeProducer,
    Wait {
        milliseconds: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let jump = prop_oneof![40 => Just(1i16), 4 => -4i16..6, 1 => -200i16..3_500];
    let picture = prop_oneof![40 => Just(None), 1 => any::<u16>().prop_map(Some)];
    prop_oneof![
        24 => (jump, picture, prop::bool::weighted(0.9), prop::bool::weighted(0.2), prop::bool::weighted(0.05))
            .prop_map(|(jump, picture, wide, key, padding)| Step::Media {
                jump,
                picture: picture.unwrap_or(u16::MAX),
                wide,
                key,
                padding,
            }),
        3 => (0u16..20, any::<bool>()).prop_map(|(behind, key)| Step::Repair { behind, key }),
        12 => (0u16..30).prop_map(|behind| Step::Nack { behind }),
        1 => Just(Step::PauseConsumer),
        6 => Just(Step::ResumeConsumer),
        1 => Just(Step::PauseProducer),
        6 => Just(Step::ResumeProducer),
        3 => (1u64..150).prop_map(|milliseconds| Step::Wait { milliseconds }),
    ]
}

struct Call {
    world: World,
    sender: Client,
    receiver: Client,
    sequence: u32,
    picture: u16,
    rtx_sequence: u16,
    newest_out: u16,
    /// By SSRC and sequence number: what was sent. Too few packets for a rollover.
    sent: HashMap<(u32, u16), Vec<u8>>,
}

impl Call {
    fn new(spec: ConsumerSpec) -> Self {
        let mut world = World::new();
        let sender = Client::connected(&mut world, 1);
        let receiver = Client::connected(&mut world, 2);
        let producer = produce(&mut world, sender.transport, 1, video());
        consume_running(&mut world, receiver.transport, producer, 1, spec);
        Self {
            world,
            sender,
            receiver,
            sequence: 1_000,
            picture: 0,
            rtx_sequence: 0,
            newest_out: 0,
            sent: HashMap::new(),
        }
    }

    fn packet(&self, sequence: u16, picture: u16, wide: bool, key: bool) -> Packet<'static> {
        let mut packet = Packet {
            timestamp: u32::from(picture) * 3000,
            ..vp8(sequence, key)
        };
        let [high, low] = (picture | 0x8000).to_be_bytes();
        if wide {
            packet.payload[2..4].copy_from_slice(&[high, low]);
        } else {
            // Seven bits of picture id; what follows is TL0PICIDX and the head of the frame.
            packet.payload.remove(2);
            packet.payload[2] = low & 0x7f;
        }
        packet
    }

    fn carry_out(&mut self, step: &Step) {
        match *step {
            Step::Media {
                jump,
                picture,
                wide,
                key,
                padding,
            } => {
                self.sequence = self
                    .sequence
                    .saturating_add_signed(jump.into())
                    .clamp(1, 60_000);
                self.picture = if picture == u16::MAX {
                    self.picture + 1
                } else {
                    picture
                } & 0x7fff;
                let mut packet = self.packet(self.sequence as u16, self.picture, wide, key);
                if padding {
                    packet.payload.clear();
                    packet.padding = 20;
                }
                self.sender.send(&mut self.world, &packet.bytes());
            }
            Step::Repair { behind, key } => {
                let sequence = (self.sequence as u16).saturating_sub(behind);
                self.rtx_sequence += 1;
                let original = self.packet(sequence, self.picture, true, key);
                self.sender
                    .send(&mut self.world, &rtx(&original, self.rtx_sequence).bytes());
            }
            Step::Nack { behind } => {
                let nack = NackBuilder {
                    sender_ssrc: 1,
                    media_ssrc: 5000,
                    lost: &[self.newest_out.wrapping_sub(behind)],
                };
                self.receiver.send_rtcp(&mut self.world, &nack);
            }
            Step::PauseConsumer => self.world.done(Command::PauseConsumer {
                consumer: ConsumerId(1),
            }),
            Step::ResumeConsumer => self.world.done(Command::ResumeConsumer {
                consumer: ConsumerId(1),
            }),
            Step::PauseProducer => self.world.done(Command::PauseProducer {
                producer: ProducerId(1),
            }),
            Step::ResumeProducer => self.world.done(Command::ResumeProducer {
                producer: ProducerId(1),
            }),
            Step::Wait { milliseconds } => self.world.advance(milliseconds),
        }
    }

    /// Fails when a nonce was used for another packet than before. Returns how often one was used again.
    fn check(&mut self) -> usize {
        let mut again = 0;
        for datagram in self.world.take_sent(self.receiver.path) {
            if PacketKind::of(&datagram) != PacketKind::Rtp {
                continue;
            }
            let header = RtpHeader::parse(&datagram).expect("RTP");
            let (ssrc, sequence) = (header.ssrc, header.sequence_number);
            if ssrc == 5000 {
                self.newest_out = self.newest_out.max(sequence);
            }
            if let Some(before) = self.sent.insert((ssrc, sequence), datagram.clone()) {
                assert_eq!(before, datagram, "SSRC {ssrc}, number {sequence}");
                again += 1;
            }
        }
        again
    }
}

fn run(spec: ConsumerSpec, steps: &[Step]) -> usize {
    let mut call = Call::new(spec);
    steps
        .iter()
        .map(|step| {
            call.carry_out(step);
            call.check()
        })
        .sum()
}

fn without_rtx() -> ConsumerSpec {
    ConsumerSpec {
        rtx_ssrc: None,
        ..video_consumer(5000)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn packets_that_are_sent_again_verbatim_are_the_same(steps in prop::collection::vec(step(), 1..200)) {
        run(without_rtx(), &steps);
    }

    #[test]
    fn packets_that_are_sent_again_by_rtx_are_new_ones(steps in prop::collection::vec(step(), 1..200)) {
        prop_assert_eq!(run(video_consumer(5000), &steps), 0);
    }
}

#[test]
fn the_property_is_put_to_the_test() {
    let media = |key| Step::Media {
        jump: 1,
        picture: u16::MAX,
        wide: true,
        key,
        padding: false,
    };
    let steps = [media(true), media(false), Step::Nack { behind: 1 }];
    assert_eq!(run(without_rtx(), &steps), 1);
}
