//! No SRTP nonce ever protects two different packets, regardless of what a sender sends and a receiver requests.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::collections::HashMap;

use crate::common::call::{Call, OUT_SSRC};
use crate::common::media::{Packet, rtx, vp8};
use crate::common::specs::*;
use hubbub_core::api::{Command, ConsumerSpec};
use hubbub_wire::PacketKind;
use hubbub_wire::rtp::RtpHeader;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Operation {
    /// The sender sends a packet; `jump` is the step of the sequence number, `wide` the width of the picture id.
    Media {
        jump: i16,
        picture: u16,
        wide: bool,
        key: bool,
        padding: bool,
    },
    /// The sender sends an older packet by RTX, with the same or another content.
    Repair {
        behind: u16,
        key: bool,
    },
    /// The receiver requests an older packet.
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

fn operation() -> impl Strategy<Value = Operation> {
    let jump = prop_oneof![40 => Just(1i16), 4 => -4i16..6, 1 => -200i16..3_500];
    let picture = prop_oneof![40 => Just(None), 1 => any::<u16>().prop_map(Some)];
    prop_oneof![
        24 => (jump, picture, prop::bool::weighted(0.9), prop::bool::weighted(0.2), prop::bool::weighted(0.05))
            .prop_map(|(jump, picture, wide, key, padding)| Operation::Media {
                jump,
                picture: picture.unwrap_or(u16::MAX),
                wide,
                key,
                padding,
            }),
        3 => (0u16..20, any::<bool>()).prop_map(|(behind, key)| Operation::Repair { behind, key }),
        12 => (0u16..30).prop_map(|behind| Operation::Nack { behind }),
        1 => Just(Operation::PauseConsumer),
        6 => Just(Operation::ResumeConsumer),
        1 => Just(Operation::PauseProducer),
        6 => Just(Operation::ResumeProducer),
        3 => (1u64..150).prop_map(|milliseconds| Operation::Wait { milliseconds }),
    ]
}

/// A call, and the datagrams that its receiver got.
struct Recording {
    call: Call,
    sequence: u32,
    picture: u16,
    rtx_sequence: u16,
    newest_out: u16,
    /// Datagrams by SSRC and sequence number. There are too few packets for a rollover.
    sent: HashMap<(u32, u16), Vec<u8>>,
}

impl Recording {
    fn new(spec: ConsumerSpec) -> Self {
        Self {
            call: Call::new(video(), spec),
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
            // A picture id of seven bits. TL0PICIDX and the start of the frame follow.
            packet.payload.remove(2);
            packet.payload[2] = low & 0x7f;
        }
        packet
    }

    fn apply(&mut self, operation: &Operation) {
        match *operation {
            Operation::Media {
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
                self.call.send([packet]);
            }
            Operation::Repair { behind, key } => {
                let sequence = (self.sequence as u16).saturating_sub(behind);
                self.rtx_sequence += 1;
                let original = self.packet(sequence, self.picture, true, key);
                self.call.send([rtx(&original, self.rtx_sequence)]);
            }
            Operation::Nack { behind } => {
                let nacked = self.newest_out.wrapping_sub(behind);
                self.call.nack(&[nacked]);
            }
            Operation::PauseConsumer => self.call.world.execute(Command::PauseConsumer {
                consumer: self.call.consumer,
            }),
            Operation::ResumeConsumer => self.call.world.execute(Command::ResumeConsumer {
                consumer: self.call.consumer,
            }),
            Operation::PauseProducer => self.call.world.execute(Command::PauseProducer {
                producer: self.call.producer,
            }),
            Operation::ResumeProducer => self.call.world.execute(Command::ResumeProducer {
                producer: self.call.producer,
            }),
            Operation::Wait { milliseconds } => self.call.world.advance(milliseconds),
        }
    }

    /// Fails if a nonce was reused for another packet. Returns how often one was reused for the same packet.
    fn check(&mut self) -> usize {
        let mut again = 0;
        for datagram in self.call.world.take_sent(self.call.receiver.path) {
            if PacketKind::of(&datagram) != PacketKind::Rtp {
                continue;
            }
            let header = RtpHeader::parse(&datagram).expect("RTP");
            let (ssrc, sequence) = (header.ssrc, header.sequence_number);
            if ssrc == OUT_SSRC {
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

fn run(spec: ConsumerSpec, operations: &[Operation]) -> usize {
    let mut recording = Recording::new(spec);
    operations
        .iter()
        .map(|operation| {
            recording.apply(operation);
            recording.check()
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn packets_resent_verbatim_are_identical(operations in prop::collection::vec(operation(), 1..200)) {
        run(without_rtx(OUT_SSRC), &operations);
    }

    #[test]
    fn packets_resent_by_rtx_are_new_packets(operations in prop::collection::vec(operation(), 1..200)) {
        prop_assert_eq!(run(video_consumer(OUT_SSRC), &operations), 0);
    }
}

#[test]
fn the_check_sees_nonces_that_are_reused() {
    let media = |key| Operation::Media {
        jump: 1,
        picture: u16::MAX,
        wide: true,
        key,
        padding: false,
    };
    let operations = [media(true), media(false), Operation::Nack { behind: 1 }];
    assert_eq!(run(without_rtx(OUT_SSRC), &operations), 1);
}
