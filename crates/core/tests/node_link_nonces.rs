//! No SRTP nonce of a link between nodes ever protects two different packets, regardless of what is sent, lost and wanted.
#![allow(clippy::indexing_slicing, reason = "tests fail by panicking")]

use hubbub_core::api::{Command, EncodingSpec, ProducerSpec};
use hubbub_wire::PacketKind;
use proptest::prelude::*;

use crate::common::media::{Packet, vp8};
use crate::common::node_pipe::NodePipe;
use crate::common::pipes::{PIPED, PRODUCER};
use crate::common::specs::*;
use crate::targets::Nonces;

#[derive(Debug, Clone)]
enum Operation {
    /// The sender sends packets; `jump` is the step of the sequence number of the first.
    Media {
        layer: usize,
        count: u16,
        jump: i16,
        key: bool,
        padding: bool,
    },
    /// The sender sends an older packet by RTX.
    Repair {
        layer: usize,
        behind: u16,
    },
    /// What the link loses from now on: one packet in so many.
    Lose {
        one_in: u16,
    },
    Want {
        encodings: [bool; 3],
    },
    Cut {
        is_cut: bool,
    },
    Pause {
        is_paused: bool,
    },
    Wait {
        milliseconds: u64,
    },
}

fn operation() -> impl Strategy<Value = Operation> {
    let jump = prop_oneof![20 => Just(1i16), 4 => -6i16..20, 1 => -3_000i16..20_000];
    let layer = 0..3usize;
    prop_oneof![
        20 => (layer.clone(), 1u16..20, jump, prop::bool::weighted(0.3), prop::bool::weighted(0.1))
            .prop_map(|(layer, count, jump, key, padding)| Operation::Media {
                layer,
                count,
                jump,
                key,
                padding,
            }),
        4 => (layer, 0u16..20).prop_map(|(layer, behind)| Operation::Repair { layer, behind }),
        2 => (1u16..8).prop_map(|one_in| Operation::Lose { one_in }),
        3 => any::<[bool; 3]>().prop_map(|encodings| Operation::Want { encodings }),
        1 => any::<bool>().prop_map(|is_cut| Operation::Cut { is_cut }),
        1 => any::<bool>().prop_map(|is_paused| Operation::Pause { is_paused }),
        8 => (1u64..200).prop_map(|milliseconds| Operation::Wait { milliseconds }),
        1 => (3_000u64..5_000).prop_map(|milliseconds| Operation::Wait { milliseconds }),
    ]
}

/// VP8 in three layers with known SSRCs.
fn layers() -> ProducerSpec {
    let encoding = |layer: u32| EncodingSpec {
        ssrc: Some(100 + layer),
        rtx_ssrc: Some(200 + layer),
        rid: None,
    };
    ProducerSpec {
        encodings: (0..3).map(encoding).collect(),
        ..video()
    }
}

/// Opus with repairs, or VP8: whose retransmissions repeat the packet, or are RTX.
fn run(is_audio: bool, operations: Vec<Operation>) {
    let mut pipe = NodePipe::new(if is_audio { audio() } else { layers() });
    let _viewer = pipe.watch(
        1,
        if is_audio {
            audio_consumer(5000)
        } else {
            video_consumer(5000)
        },
    );
    let mut nonces: [Nonces; 2] = Default::default();
    let mut highest = [100u16, 20_000, 65_000];
    let mut rtx = 0;
    let packet = |layer: usize, number: u16, key: bool| {
        let mut packet = vp8(number, key);
        if is_audio {
            packet.payload_type = OPUS;
        } else {
            packet.ssrc = 100 + layer as u32;
        }
        packet
    };
    for operation in operations {
        match operation {
            Operation::Media {
                layer,
                count,
                jump,
                key,
                padding,
            } => {
                let highest = &mut highest[layer];
                *highest = highest.wrapping_add_signed(jump);
                for nth in 0..count {
                    let mut packet = packet(layer, highest.wrapping_add(nth), key && nth == 0);
                    if padding && nth == 1 {
                        packet.payload.clear();
                        packet.padding = 50;
                    }
                    pipe.send([packet]);
                }
                *highest = highest.wrapping_add(count - 1);
            }
            Operation::Repair { layer, behind } if !is_audio => {
                let original = packet(layer, highest[layer].wrapping_sub(behind), behind == 3);
                let mut payload = original.sequence.to_be_bytes().to_vec();
                payload.extend(&original.payload);
                rtx += 1;
                pipe.send([Packet {
                    ssrc: 200 + layer as u32,
                    payload_type: VP8_RTX,
                    sequence: rtx,
                    payload,
                    ..original
                }]);
            }
            Operation::Repair { .. } => {}
            Operation::Lose { one_in } => {
                let mut nth = 0;
                pipe.to_far.loses = Box::new(move |_, _| {
                    nth += 1;
                    one_in > 1 && nth % one_in == 0
                });
            }
            Operation::Want { encodings } => pipe.origin.execute(Command::SetPipedEncodings {
                consumer: PIPED,
                encodings: encodings[..if is_audio { 1 } else { 3 }].to_vec(),
            }),
            Operation::Cut { is_cut } => pipe.cut(is_cut),
            Operation::Pause { is_paused } => {
                let producer = PRODUCER;
                pipe.origin.execute(if is_paused {
                    Command::PauseProducer { producer }
                } else {
                    Command::ResumeProducer { producer }
                });
            }
            Operation::Wait { milliseconds } => {
                pipe.sender.check(&mut pipe.origin, true);
                pipe.advance(milliseconds);
            }
        }
        pipe.carry();
        for (way, nonces) in [&mut pipe.to_far, &mut pipe.to_origin]
            .into_iter()
            .zip(&mut nonces)
        {
            for datagram in way.sent.drain(..) {
                if PacketKind::of(&datagram) == PacketKind::Linked {
                    nonces.check(datagram[4..].to_vec());
                }
            }
        }
    }
    for world in [&mut pipe.origin, &mut pipe.far] {
        assert_eq!(world.worker.counters().faults, 0);
    }
    // Each packet that arrived was accepted: the rollover counters of both sides agree.
    let refused = pipe.far.transport_stats(crate::common::pipes::PIPE);
    assert_eq!(refused.srtp_errors, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_nonce_is_used_twice(
        is_audio in prop::bool::weighted(0.25),
        operations in prop::collection::vec(operation(), 1..120),
    ) {
        run(is_audio, operations);
    }
}

#[test]
fn a_jump_of_the_sender_is_followed() {
    let media = |jump| Operation::Media {
        layer: 0,
        count: 5,
        jump,
        key: true,
        padding: false,
    };
    run(
        false,
        vec![media(1), media(20_000), media(20_000), media(-3_000)],
    );
}
